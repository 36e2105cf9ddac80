"""Listing spells: from when to when an item was seen on sale, and what was known about the market at its listing.

What belongs here: what a spell tells at a moment (sold after so many days, or unsold so far), and how fast groups of
items have been selling of late, as known on each item's own day. Nothing here is estimated.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from arb_pipelines.ml.price_listings import Listings, ListingsError

Floats = np.ndarray[Any, np.dtype[np.float64]]

PRIOR_LISTING_DAYS = 200.0  # what a group's parent weighs in its rate
FIRST_RATE = 0.05  # sales a listing-day before anything is known
# group, days looked back, whose rate it is shrunk to
RATES: tuple[tuple[str, tuple[str, ...], int, str | None], ...] = (
    ("source_14d", ("source",), 14, None),
    ("source_45d", ("source",), 45, None),
    ("product_30d", ("product", "condition"), 30, "source_14d"),
    ("source_product_30d", ("source", "product", "condition"), 30, "source_14d"),
    ("item_45d", ("source", "item_key"), 45, "source_product_30d"),
)
RATE_COLUMNS = tuple(name for name, *_ in RATES)
STOCK_COLUMNS = tuple(f"stock_{name}" for name, *_ in RATES)


def read_spells(listings: Listings) -> pl.DataFrame:
    """Return the rows with `begin`, `end`, `watched_until` (whole days), `gone`, `truncated` and RATES.

    `gone`: no longer listed although its source was still read. `truncated`: seen on the first day its source was
    read, so it was listed earlier, nobody knows when. Rows that are marked sold but still listed are left out: they
    linger for months, and when they were sold is unknown.

    Raises:
        ListingsError: without `listed_on` and `last_seen_on` there are no spells.
    """
    rows = listings.rows
    if not listings.dated or rows["last_seen_on"].null_count() == rows.height:
        raise ListingsError("times to sell need the columns listed_on and last_seen_on")
    first = rows["listed_on"].min()
    source = pl.col("source").fill_null("-")
    rows = rows.drop_nulls("last_seen_on").with_columns(
        source=source,
        product=pl.coalesce("product", "brand", "category", pl.lit("-")),
        condition=pl.col("condition").fill_null("-"),
        begin=(pl.col("listed_on") - first).dt.total_days(),
        end=pl.max_horizontal("last_seen_on", "listed_on").sub(first).dt.total_days(),
    )
    rows = rows.with_columns(
        watched_until=pl.col("end").max().over("source"),
        truncated=pl.col("begin") == pl.col("begin").min().over("source"),
    )
    disappeared = pl.col("end") < pl.col("watched_until")
    rows = rows.with_columns(gone=pl.coalesce("ended", disappeared))
    return with_rates(rows.filter(pl.col("gone") | ~pl.col("marked_sold").fill_null(value=False)))


def known_at(spells: pl.DataFrame, day: int) -> pl.DataFrame:
    """Return the spells begun before `day` as they stood then: `days` on sale and whether `sold`.

    A disappearance is noticed on the next reading, so what was last seen the day before still counts as unsold.
    """
    begun = spells.filter(pl.col("begin") < day)
    sold = pl.col("gone") & (pl.col("end") < day - 1)
    until = pl.min_horizontal("end", pl.lit(day - 1))
    return begun.with_columns(sold=sold, days=pl.max_horizontal(until - pl.col("begin"), 0).cast(pl.Float64))


def final_outcome(spells: pl.DataFrame) -> pl.DataFrame:
    """Return the spells with `days` and `sold` as known at the end of all data."""
    return spells.with_columns(sold=pl.col("gone"), days=(pl.col("end") - pl.col("begin")).cast(pl.Float64))


def with_rates(rows: pl.DataFrame) -> pl.DataFrame:
    """Add sales a listing-day of each group of RATES before each row's own day, and how many were on sale."""
    begin, end = (rows[name].to_numpy().astype(int) for name in ("begin", "end"))
    gone = rows["gone"].to_numpy()
    found: dict[str, Floats] = {}
    for name, keys, window, parent in RATES:
        prior = found[parent] if parent else np.full(rows.height, FIRST_RATE)
        found[name], found[f"stock_{name}"] = _rates_of(_codes(rows, keys), begin, end, gone, window, prior)
    return rows.with_columns(pl.Series(name, values) for name, values in found.items())


def _codes(rows: pl.DataFrame, keys: Sequence[str]) -> Floats:
    joined = rows.select(pl.concat_str(keys, separator="\x1f", ignore_nulls=True).rank("dense")).to_series()
    codes: Floats = joined.to_numpy().astype(np.float64)
    return codes


def _rates_of(codes: Floats, begin: Any, end: Any, gone: Any, window: int, prior: Floats) -> tuple[Floats, Floats]:
    rates, stock = np.empty(codes.size), np.empty(codes.size)
    order = np.argsort(codes, kind="stable")
    last = int(end.max()) + 2
    for group in np.split(order, np.flatnonzero(np.diff(codes[order])) + 1):
        # A sale is noticed the day after the listing was last seen.
        sales = np.cumsum(np.bincount(end[group][gone[group]] + 1, minlength=last + 1))
        entered = np.bincount(begin[group], minlength=last + 1)
        left = np.bincount(end[group] + 1, minlength=last + 1)
        on_sale = np.cumsum(entered - left)
        exposure = np.cumsum(on_sale)
        now, then = np.maximum(begin[group] - 1, 0), np.maximum(begin[group] - 1 - window, 0)
        sold, days = sales[now] - sales[then], exposure[now] - exposure[then]
        rates[group] = (sold + PRIOR_LISTING_DAYS * prior[group]) / (days + PRIOR_LISTING_DAYS)
        stock[group] = on_sale[now]
    return rates, stock
