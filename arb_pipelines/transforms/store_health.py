"""The health of a shop's data, day by day: silent, partial, or all its prices in another unit.

What belongs here: alarms over whole shops. "The run succeeded" sees none of them: in real data a daily job went on
for 507 days while a shop returned nothing, days with 8 % of the usual rows passed as full ones, and one shop's
prices were ten times as high from one day to the next. Prices of single products are `price_glitches.py`.
"""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from arb_pipelines.transforms.spells import KEY, STORE_DAY_SCHEMA

ALARM_SCHEMA: dict[str, pl.DataType] = {
    "store": pl.String(),
    "kind": pl.String(),
    "flagged_on": pl.Date(),
    "until": pl.Date(),  # last day of the fault so far
    "days": pl.Int64(),
    "detail": pl.String(),
}
# More than 5 % of the products moving more than 2x in a day: true once in 4,005 real shop-days; 3.1 % was the most
# that a shop's own promotions reached.
MOVED_SHARE = 0.05
MOVED_FACTOR = 2.0
MIN_MOVED = 10  # a day with a single product on it is a partial page, not a change of unit
PARTIAL_SHARE = 0.5
USUAL_DAYS = 28
MIN_USUAL_DAYS = 3


def store_day_states(store_days: pl.DataFrame) -> pl.DataFrame:
    """Return each shop-day (STORE_DAY_SCHEMA) with `state`: full, partial or silent, as it could be told that day.

    A day is silent when the shop returned nothing, partial below half of the median of the 28 days before that
    were neither. Days that nobody asked the shop are not in the frame and say nothing.
    """
    days = store_days.select(pl.col(name).cast(dtype) for name, dtype in STORE_DAY_SCHEMA.items()).sort("store", "d")
    rows = pl.col("n_rows").fill_null(0)
    spoken = days.filter(rows > 0).with_columns(
        usual_rows=pl.col("n_rows")
        .rolling_median(USUAL_DAYS, min_samples=MIN_USUAL_DAYS)
        .shift(1)
        .over("store", order_by="d")
    )
    joined = days.join(spoken.select("store", "d", "usual_rows"), on=["store", "d"], how="left")
    partial = pl.col("n_rows") < PARTIAL_SHARE * pl.col("usual_rows")
    state = pl.when(rows <= 0).then(pl.lit("silent")).when(partial).then(pl.lit("partial")).otherwise(pl.lit("full"))
    return joined.with_columns(state=state)


def find_outages(states: pl.DataFrame) -> pl.DataFrame:
    """Return one alarm (ALARM_SCHEMA; kinds silent, partial) a run of bad days, flagged on its first day."""
    runs = states.sort("store", "d").with_columns(run=pl.col("state").rle_id().over("store"))
    bad = runs.filter(pl.col("state") != "full")
    found = bad.group_by("store", "run").agg(
        kind=pl.col("state").first(),
        flagged_on=pl.col("d").first(),
        until=pl.col("d").last(),
        days=pl.len().cast(pl.Int64),
        detail=pl.when(pl.col("state").first() == "silent")
        .then(pl.lit("nothing was returned"))
        .otherwise(pl.format("{} rows, usually {}", pl.col("n_rows").first(), pl.col("usual_rows").first())),
    )
    return found.select(*ALARM_SCHEMA).sort("store", "flagged_on")


def find_drifts(spells: pl.DataFrame, store_days: pl.DataFrame) -> pl.DataFrame:
    """Return one alarm (kind unit_drift) a shop-day on which more than 5 % of the products moved more than 2x.

    A move is against the product's price before, so the day itself is enough to tell. Days that follow each other
    are one alarm.

    Args:
        spells: SPELL_SCHEMA, cleaned.
        store_days: STORE_DAY_SCHEMA; `n_products` is what the share is of.
    """
    before = pl.col("price_minor").shift(1).over(KEY, order_by="first_seen_on")
    steps = spells.with_columns(factor=pl.col("price_minor") / before)
    moved = steps.filter((pl.col("factor") > MOVED_FACTOR) | (pl.col("factor") < 1 / MOVED_FACTOR))
    counted = moved.group_by("store", d="first_seen_on").agg(moved=pl.len(), factor=pl.col("factor").median())
    on = store_days.select("store", "d", pl.col("n_products").cast(pl.Int64)).join(counted, on=["store", "d"])
    share = pl.col("moved") / pl.col("n_products")
    fired = on.filter(share > MOVED_SHARE, pl.col("moved") >= MIN_MOVED).with_columns(share=share).sort("store", "d")
    apart = (pl.col("d").diff().over("store") > timedelta(days=1)).fill_null(value=True)
    runs = fired.with_columns(run=apart.cast(pl.Int64).cum_sum().over("store"))
    found = runs.group_by("store", "run").agg(
        kind=pl.lit("unit_drift"),
        flagged_on=pl.col("d").first(),
        until=pl.col("d").last(),
        days=pl.len().cast(pl.Int64),
        detail=pl.format(
            "{} % of the products moved, the middle one by {} times",
            (100 * pl.col("share").first()).round(1),
            pl.col("factor").first().round(2),
        ),
    )
    return found.select(*ALARM_SCHEMA).sort("store", "flagged_on")


def with_era(spells: pl.DataFrame, drifts: pl.DataFrame) -> pl.DataFrame:
    """Add `era`: how many drifts the shop had when the spell began; prices of two eras are not compared."""
    if drifts.is_empty():
        return spells.with_columns(era=pl.lit(0, dtype=pl.Int64))
    starts = drifts.select("store", "flagged_on").sort("flagged_on")
    starts = starts.with_columns(era=pl.int_range(1, pl.len() + 1).over("store"))
    joined = spells.sort("first_seen_on").join_asof(
        starts, left_on="first_seen_on", right_on="flagged_on", by="store", strategy="backward", check_sortedness=False
    )
    return joined.with_columns(pl.col("era").fill_null(0)).drop("flagged_on").sort(*KEY, "first_seen_on")
