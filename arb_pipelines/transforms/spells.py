"""Price spells: how long each price of each product stood in a shop, and what its usual price was before.

What belongs here: the frame schemas, the cleaning of spells and the usual price. A spell holds 33 daily observations
on average, so a history of 36 million prices is a million rows. Holding prices is `price_glitches.py`, the health of
whole shops `store_health.py`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

import polars as pl

from arb_pipelines.transforms.price_history import MAX_PRICE_MINOR

SPELL_SCHEMA: dict[str, pl.DataType] = {
    "store": pl.String(),
    "product_id": pl.String(),
    "first_seen_on": pl.Date(),
    "last_seen_on": pl.Date(),
    "n_days_seen": pl.Int64(),
    "price_minor": pl.Int64(),
}
STORE_DAY_SCHEMA: dict[str, pl.DataType] = {
    "store": pl.String(),
    "d": pl.Date(),
    "n_rows": pl.Int64(),
    "n_products": pl.Int64(),
    "median_price": pl.Float64(),
}
KEY = ("store", "product_id")
USUAL_WINDOW = timedelta(days=90)
MINOR_PER_MAJOR = 100


class SpellSet(NamedTuple):
    """One history: spells as read, product names (store, product_id, name) and what each shop returned each day."""

    spells: pl.DataFrame
    products: pl.DataFrame
    store_days: pl.DataFrame


class CleanedSpells(NamedTuple):
    """Spells that can be used (SPELL_SCHEMA, by store, product and day) and refused ones with a `reason`."""

    spells: pl.DataFrame
    quarantined: pl.DataFrame


def clean_spells(raw: pl.DataFrame) -> CleanedSpells:
    """Type and check spells; every row ends in exactly one of the two frames.

    Args:
        raw: store, product_id, first_seen_on, last_seen_on, n_days_seen, price (major units, two decimals).

    Returns:
        Usable spells in minor units, half up, and the refused rows. Reasons: key_missing, days_odd, price_missing,
        price_not_positive, price_too_large, seen_twice (another spell of the product begins on the same day).
    """
    minor = (pl.col("price").cast(pl.Float64) * MINOR_PER_MAJOR).round(0)
    seen = pl.col("n_days_seen").cast(pl.Int64)
    rows = raw.with_columns(
        pl.col("first_seen_on").cast(pl.Date), pl.col("last_seen_on").cast(pl.Date), seen, _minor=minor
    ).sort(*KEY, "first_seen_on")
    rows = rows.with_columns(reason=_reason())
    used = rows.filter(pl.col("reason").is_null()).with_columns(price_minor=pl.col("_minor").cast(pl.Int64))
    return CleanedSpells(
        used.select(pl.col(name).cast(dtype) for name, dtype in SPELL_SCHEMA.items()),
        rows.filter(pl.col("reason").is_not_null()).drop("_minor"),
    )


def _reason() -> pl.Expr:
    price, first = pl.col("_minor"), pl.col("first_seen_on")
    twice = pl.all_horizontal(pl.col(name).eq_missing(pl.col(name).shift(1)) for name in (*KEY, "first_seen_on"))
    return (
        pl.when(pl.any_horizontal(pl.col(name).is_null() for name in KEY))
        .then(pl.lit("key_missing"))
        .when(first.is_null() | pl.col("last_seen_on").is_null() | (pl.col("last_seen_on") < first))
        .then(pl.lit("days_odd"))
        .when(price.is_null() | price.is_nan())
        .then(pl.lit("price_missing"))
        .when(price <= 0)
        .then(pl.lit("price_not_positive"))
        .when(price > MAX_PRICE_MINOR)
        .then(pl.lit("price_too_large"))
        .when(twice)
        .then(pl.lit("seen_twice"))
    )


def usual_prices(asked: pl.DataFrame, spells: pl.DataFrame, window: timedelta = USUAL_WINDOW) -> pl.DataFrame:
    """Return (row, usual_minor): the time-weighted median price of the product before a spell began.

    Only days before the asked spell's first day count, and of them the last `window`; a product that was not seen
    in the window has no row.

    Args:
        asked: `row`, KEY, first_seen_on and `era` (prices of another era of the shop are another unit).
        spells: SPELL_SCHEMA and `era`.
        window: how far back a price counts.
    """
    past = spells.select(*KEY, "era", start="first_seen_on", end="last_seen_on", past_minor="price_minor")
    since = pl.col("first_seen_on") - window
    held = (
        asked.select("row", *KEY, "era", "first_seen_on")
        .join(past, on=[*KEY, "era"])
        .filter(pl.col("start") < pl.col("first_seen_on"), pl.col("end") >= since)
    )
    until = pl.min_horizontal(pl.col("end") + timedelta(days=1), pl.col("first_seen_on"))
    held = held.with_columns(days=(until - pl.max_horizontal(pl.col("start"), since)).dt.total_days())
    ordered = held.sort("row", "past_minor").with_columns(
        reached=pl.col("days").cum_sum().over("row"), total=pl.col("days").sum().over("row")
    )
    middle = ordered.filter(2 * pl.col("reached") >= pl.col("total"))
    return middle.group_by("row", maintain_order=True).agg(usual_minor=pl.col("past_minor").first())
