"""Drawn listings of single items for model tests, the same for the same seed."""

from __future__ import annotations

import json
from datetime import date, timedelta

import numpy as np
import polars as pl

FIRST = date(2025, 1, 1)


def draw_listings(n: int = 1500, days: int = 150, seed: int = 4, drift: float = 0.0) -> pl.DataFrame:
    """Listings in the shared format; price follows product, year and mileage, and `drift` (log price a day)."""
    draw = np.random.default_rng(seed)
    product, source = draw.integers(0, 8, n), draw.integers(0, 2, n)
    year, mileage = draw.integers(2018, 2024, n), draw.integers(1, 90, n) * 1000
    begin = np.sort(draw.integers(0, days, n))
    log_price = 9 + 0.2 * product + 0.08 * (year - 2018) - mileage / 400_000 + drift * begin + draw.normal(0, 0.04, n)
    stay = draw.exponential(np.where(product < 4, 8.0, 30.0) * np.where(source == 0, 1.0, 1.6)).astype(int)
    ended = begin + stay < days
    listed = [FIRST + timedelta(days=int(day)) for day in begin]
    seen = [FIRST + timedelta(days=int(min(day, days))) for day in begin + stay]
    return pl.DataFrame(
        {
            "listing_id": [f"l{i:05d}" for i in range(n)],
            "source": [f"shop{i}" for i in source],
            "listed_on": listed,
            "last_seen_on": seen,
            "ended": ended,
            "marked_sold": False,
            "title": [f"{y} maker model {p}" for y, p in zip(year, product, strict=True)],
            "category": "cars",
            "brand": [f"brand{p // 4}" for p in product],
            "condition": "used",
            "product": [f"model {p}" for p in product],
            "attributes": [json.dumps({"year": int(y), "mileage": int(m)}) for y, m in zip(year, mileage, strict=True)],
            "price": np.exp(log_price).round(2),
            "currency": "EUR",
        }
    )
