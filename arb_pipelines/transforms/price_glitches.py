"""Glitch prices in a history of spells: held until a second sighting on a later day, promotions never.

What belongs here: the rule over spells. On daily prices of seven shops 89.5 % of prices at or below a tenth of the
usual were gone the next day and 39.5 % of those at 10-30 %, but 7.5 % of those at 50-70 %, which are promotions. The
same lines hold for live readings in `price_jumps.py`.
"""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from arb_pipelines.transforms.price_jumps import HIGH_PERCENT, LOW_PERCENT
from arb_pipelines.transforms.spells import KEY, usual_prices

# A shop whose prices all changed unit is not believed again before its new level has stood this long.
DRIFT_HOLD = timedelta(days=30)


def judge_spells(spells: pl.DataFrame, store_days: pl.DataFrame, drifts: pl.DataFrame) -> pl.DataFrame:
    """Return the spells with `usual_minor`, `held` (why, or null) and `believed_on` (null: never).

    A price at or below 30 %, or at or above four times, of the usual price of 90 days is held (`price_jump`) and
    believed on the next day the shop was read, if it still stands then. Prices of a shop that changed unit are
    held (`shop_drift`) for 30 days. Everything else is believed on its first day. `usual_minor` is filled only
    where a jump is possible: the price is outside those lines of some earlier price.

    Args:
        spells: SPELL_SCHEMA and `era`, by store, product and day.
        store_days: store, d, n_rows.
        drifts: `store_health.find_drifts`.
    """
    rows = spells.with_row_index("row")
    usual = usual_prices(rows.filter(_may_jump()), spells)
    rows = rows.join(usual, on="row", how="left", maintain_order="left")
    price, middle = pl.col("price_minor") * 100, pl.col("usual_minor")
    jump = (price <= middle * LOW_PERCENT) | (price >= middle * HIGH_PERCENT)
    rows = _with_drift_end(rows.with_columns(jump=jump.fill_null(value=False)), drifts)
    drifted = pl.col("drift_ends_on").is_not_null()
    held = pl.when(drifted).then(pl.lit("shop_drift")).when("jump").then(pl.lit("price_jump"))
    rows = _with_next_read(rows.with_columns(held=held), store_days)
    wait = (
        pl.when(drifted)
        .then(pl.col("drift_ends_on"))
        .when(pl.col("jump"))
        .then(pl.col("next_read_on"))
        .otherwise(pl.col("first_seen_on"))
    )
    believed = pl.when(wait <= pl.col("last_seen_on")).then(wait)
    return rows.with_columns(believed_on=believed).drop("row", "jump", "drift_ends_on", "next_read_on")


def _may_jump() -> pl.Expr:
    """Return whether a price is outside the lines of any earlier price; only then can it be outside the usual."""
    lowest = pl.col("price_minor").cum_min().shift(1).over(*KEY, "era")
    highest = pl.col("price_minor").cum_max().shift(1).over(*KEY, "era")
    price = pl.col("price_minor") * 100
    return (price <= highest * LOW_PERCENT) | (price >= lowest * HIGH_PERCENT)


def _with_drift_end(rows: pl.DataFrame, drifts: pl.DataFrame) -> pl.DataFrame:
    """Add `drift_ends_on` to spells that began in the 30 days after their shop's drift."""
    if drifts.is_empty():
        return rows.with_columns(drift_ends_on=pl.lit(None, dtype=pl.Date))
    starts = drifts.select("store", drifted_on="flagged_on").sort("drifted_on")
    joined = rows.sort("first_seen_on").join_asof(
        starts,
        left_on="first_seen_on",
        right_on="drifted_on",
        by="store",
        strategy="backward",
        tolerance=DRIFT_HOLD - timedelta(days=1),
        check_sortedness=False,
    )
    return joined.with_columns(drift_ends_on=pl.col("drifted_on") + DRIFT_HOLD).drop("drifted_on").sort("row")


def _with_next_read(rows: pl.DataFrame, store_days: pl.DataFrame) -> pl.DataFrame:
    """Add `next_read_on`: the next day on which the shop returned anything."""
    read = store_days.filter(pl.col("n_rows") > 0).select("store", next_read_on=pl.col("d").cast(pl.Date))
    joined = rows.sort("first_seen_on").join_asof(
        read.sort("next_read_on"),
        left_on="first_seen_on",
        right_on="next_read_on",
        by="store",
        strategy="forward",
        allow_exact_matches=False,
        check_sortedness=False,
    )
    return joined.sort("row")
