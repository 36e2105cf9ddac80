"""Averages of several windows at once, and which prices changed most between two windows.

What belongs here: what is made of `price_averages.time_weighted_average`, point in time.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import polars as pl

from arb_pipelines.transforms.price_averages import time_weighted_average

WINDOWS_D = (30, 90, 180)
KNOWN_SHARE = 0.1  # of a window: a change between two single readings is no trend


def price_statistics(
    points: pl.DataFrame, as_of: datetime, *, by: Sequence[str] = ("offer_key",), windows: Sequence[int] = WINDOWS_D
) -> pl.DataFrame:
    """Return `time_weighted_average` of each window, one row per key and window, with `days`; columns as there."""
    parts = [
        time_weighted_average(points, as_of, days, by=by).with_columns(days=pl.lit(days, dtype=pl.Int64))
        for days in windows
    ]
    return pl.concat(parts).sort(*by, "currency", "days")


def trending_prices(points: pl.DataFrame, as_of: datetime, days: int, *, by: Sequence[str]) -> pl.DataFrame:
    """Return how the average price of each key changed from the `days` before to the last `days`, largest first.

    Columns: the key, currency, before_minor, now_minor, change (fraction of 1). Keys whose price was not known for
    a tenth of both windows are left out.
    """
    keys = list(dict.fromkeys([*by, "currency"]))
    now, before = (
        time_weighted_average(points, end, days, by=by)
        .filter(pl.col("average_minor").is_not_null(), pl.col("known_share") >= KNOWN_SHARE)
        .select(*keys, pl.col("average_minor").alias(name))
        for end, name in ((as_of, "now_minor"), (as_of - timedelta(days=days), "before_minor"))
    )
    changes = before.join(now, on=keys).with_columns(change=pl.col("now_minor") / pl.col("before_minor") - 1)
    order = [pl.col("change").abs(), *(pl.col(name) for name in keys)]
    ranked = changes.sort(order, descending=[True, *[False] * len(keys)])
    return ranked.select(*keys, "before_minor", "now_minor", "change")
