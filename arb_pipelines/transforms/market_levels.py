"""The usual price of each product in the shops: time-weighted median and average over a window, point in time.

What belongs here: the figures of `domain/market_view.py`. Observations after `as_of` are never looked at.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl

from arb_pipelines.transforms.price_averages import MAX_HOLD, held_intervals

KEY = ("product_id", "condition", "currency")
MARKET_SCHEMA: dict[str, pl.DataType] = {
    "product_id": pl.String(),
    "condition": pl.String(),
    "currency": pl.String(),
    "median_minor": pl.Int64(),
    "average_minor": pl.Int64(),
    "history_days": pl.Float64(),
}


def market_levels(points: pl.DataFrame, matches: pl.DataFrame, as_of: datetime, days: int = 90) -> pl.DataFrame:
    """Return one row (MARKET_SCHEMA) per product, condition and currency that had a price in the window.

    Args:
        points: observations (POINT_SCHEMA).
        matches: which offer is which product (`product_matching.MATCH_SCHEMA`); only certain ones count.
        as_of: end of the window, aware UTC.
        days: length of the window, days.

    Each price weighs by the time it stood, over all offers of the product; time out of stock is no price. The median
    is the lowest price that stood, with all lower ones, for at least half of that time.
    """
    start = as_of - timedelta(days=days)
    certain = matches.filter(pl.col("outcome") == "same").select("offer_key", "product_id")
    matched = points.filter(pl.col("observed_at") < as_of).join(certain, on="offer_key", how="inner")
    held = held_intervals(matched, start, as_of, MAX_HOLD).filter(pl.col("in_stock"))
    seconds = pl.col("seconds").cast(pl.Int128)
    total = seconds.sum()
    running = (2 * seconds).cum_sum()
    weighted = (pl.col("price_minor").cast(pl.Int128) * seconds).sum()
    since = pl.max_horizontal(pl.col("observed_at").min(), pl.lit(start))
    return (
        held.drop_nulls([*KEY])
        .sort("price_minor")
        .group_by(KEY)
        .agg(
            median_minor=pl.col("price_minor").filter(running >= total).first(),
            average_minor=((2 * weighted + total) // (2 * total)).cast(pl.Int64),
            history_days=(pl.lit(as_of) - since).dt.total_seconds() / 86_400,
        )
        .select([pl.col(name).cast(kind) for name, kind in MARKET_SCHEMA.items()])
        .sort(KEY)
    )
