"""The price history of one product, or of all that change most, as a person or a program asks for it.

What belongs here: finding a product by what somebody typed, and the figures of its offers. Averages are
`price_trends.py`.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import polars as pl

from arb_pipelines.transforms.price_trends import price_statistics, trending_prices

SHOWN_POINTS = 500


def find_products(products: pl.DataFrame, asked: str) -> pl.DataFrame:
    """Return the products (PRODUCT_SCHEMA) that a text names: by id, else GTIN, else all its words in a title."""
    for column in ("product_id", "gtin"):
        exact = products.filter(pl.col(column) == asked.strip())
        if not exact.is_empty():
            return exact
    words = asked.casefold().split()
    title = pl.col("title").str.to_lowercase()
    if not words:
        return products.clear()
    return products.filter(*(title.str.contains(word, literal=True) for word in words)).sort("title", "product_id")


def describe_history(points: pl.DataFrame, as_of: datetime, days: int) -> dict[str, Any]:
    """Return the figures of one product's observations (POINT_SCHEMA), ready for JSON; money in minor units.

    Args:
        points: all observations of its offers of the last 180 days or more; later ones than `as_of` are ignored.
        as_of: end of what is known, aware UTC.
        days: the window of the single observations that are listed (the newest 500 at most) and of the first average.
    """
    known = points.filter(pl.col("observed_at") < as_of)
    if known.is_empty():
        return {"observations": 0, "averages": [], "offers": [], "points": []}
    windows = tuple(sorted({days, 30, 90, 180}))
    averages = price_statistics(known.with_columns(product=pl.lit("")), as_of, by=("product",), windows=windows)
    latest = known.sort("observed_at").unique("offer_key", keep="last").sort("price_minor", "offer_key")
    inside = known.filter(pl.col("observed_at") >= as_of - timedelta(days=days)).sort("observed_at")
    shown = ("site", "price_minor", "currency", "availability", "condition", "observed_at")
    return {
        "observations": inside.height,
        "averages": _rows(averages.drop("product").filter(pl.col("known_share") > 0)),
        "offers": _rows(latest.select("offer_key", "title", *shown)),
        "points": _rows(inside.tail(SHOWN_POINTS).select("offer_key", *shown)),
    }


def describe_trends(points: pl.DataFrame, as_of: datetime, days: int, most: int) -> list[dict[str, Any]]:
    """Return the products whose average price changed most, ready for JSON; `points` have a `product_id` (or null)."""
    named = points.filter(pl.col("product_id").is_not_null())
    return _rows(trending_prices(named, as_of, days, by=("product_id",)).head(most))


def _rows(frame: pl.DataFrame) -> list[dict[str, Any]]:
    return frame.with_columns(pl.col(pl.Datetime).dt.to_string("iso:strict"), pl.col(pl.Float64).round(4)).to_dicts()
