"""Averages of prices over time: each price counts for as long as it stood, time without a price does not count.

What belongs here: time weighting, point in time. Observations after `as_of` are never looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import polars as pl

# A price is believed for at most this long after it was read: shops fell silent for up to 507 days in real data,
# and a silent shop's last price is not a price.
MAX_HOLD = timedelta(days=7)
NO_STOCK = ("OutOfStock", "Discontinued")


def time_weighted_average(
    points: pl.DataFrame,
    as_of: datetime,
    days: int,
    *,
    by: Sequence[str] = ("offer_key",),
    max_hold: timedelta = MAX_HOLD,
) -> pl.DataFrame:
    """Return price statistics of the `days` before `as_of`, one row per key.

    Args:
        points: observations (POINT_SCHEMA and the `by` columns); those at or after `as_of` are ignored.
        as_of: end of the window, aware UTC.
        days: length of the window, days.
        by: the key; with `product_id` the offers of a product are averaged, each weighted by the time it was seen.
        max_hold: how long a price is believed when nothing newer was read.

    Returns:
        The key, currency, average_minor (half up; null when the price was never known in the window),
        min_minor, max_minor, known_share (of the window) and out_of_stock_share (of the time for which the page said
        something about stock; null when it never did). Time out of stock is no price: it never enters the average.
    """
    start = as_of - timedelta(days=days)
    held = held_intervals(points.filter(pl.col("observed_at") < as_of), start, as_of, max_hold)
    keys = list(dict.fromkeys([*by, "currency"]))
    priced = pl.col("in_stock")
    weight = pl.col("seconds").cast(pl.Int128)
    weighted = (pl.col("price_minor").cast(pl.Int128) * weight).filter(priced).sum()
    total = weight.filter(priced).sum()
    stated = pl.col("seconds").filter(pl.col("availability").is_not_null())
    offers = pl.col("offer_key").n_unique()
    return (
        held.group_by(keys)
        .agg(
            average_minor=pl.when(total > 0).then(((2 * weighted + total) // (2 * total)).cast(pl.Int64)),
            min_minor=pl.col("price_minor").filter(priced).min(),
            max_minor=pl.col("price_minor").filter(priced).max(),
            known_share=pl.col("seconds").sum() / (offers * (as_of - start).total_seconds()),
            out_of_stock_share=pl.when(stated.sum() > 0).then(pl.col("seconds").filter(~priced).sum() / stated.sum()),
        )
        .sort(keys)
    )


def held_intervals(points: pl.DataFrame, start: datetime, end: datetime, max_hold: timedelta) -> pl.DataFrame:
    """Return how long each observation stood inside the window, in seconds; those of no length are left out."""
    next_at = pl.col("observed_at").shift(-1).over("offer_key").fill_null(end)
    until = pl.min_horizontal(next_at, pl.col("observed_at") + max_hold, pl.lit(end))
    since = pl.max_horizontal(pl.col("observed_at"), pl.lit(start))
    # A page that says nothing about stock still shows a price, so only a stated lack of stock counts as none.
    in_stock = ~pl.col("availability").is_in(NO_STOCK).fill_null(value=False)
    return (
        points.sort("offer_key", "observed_at", "scrape_id")
        .with_columns(seconds=(until - since).dt.total_seconds(), in_stock=in_stock)
        .filter(pl.col("seconds") > 0)
    )
