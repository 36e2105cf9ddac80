"""A made-up shop whose buyers have habits: every customer buys from one of a few groups of products."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

START = datetime(2030, 1, 7, 9, tzinfo=UTC)
GROUPS = 4
ITEMS_A_GROUP = 40


def order_lines(days: int = 200, customers: int = 160, seed: int = 1) -> pl.DataFrame:
    """Return raw order lines: each customer orders about every 12 days, three to five items of their own group."""
    draws = np.random.default_rng(seed)
    rows: list[tuple[object, ...]] = []
    for customer in range(customers):
        group = customer % GROUPS
        day = float(draws.uniform(0, 12))
        while day < days:
            at, order = START + timedelta(days=day), f"{len(rows):06d}"
            for item in draws.choice(ITEMS_A_GROUP, size=int(draws.integers(3, 6)), replace=False):
                code = f"{group}{item:03d}"
                rows.append((order, f"u{customer}", code, int(draws.integers(1, 5)), 2.5, at))
            day += float(draws.exponential(12)) + 0.5
    names = ("order_id", "customer_id", "product_id", "quantity", "unit_price", "ordered_at")
    frame = pl.DataFrame(rows, names, orient="row")
    return frame.with_columns(
        description=pl.lit("thing ") + pl.col("product_id"), category=pl.col("product_id").str.head(1)
    )


def write_orders(folder: Path, lines: pl.DataFrame) -> Path:
    """Write lines as a file of orders and return its path."""
    path = folder / "orders.parquet"
    lines.write_parquet(path)
    return path
