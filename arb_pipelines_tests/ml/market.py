"""A small invented market for model tests: prices drawn around a product's value, the same for the same seed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from arb_pipelines.transforms.price_history import POINT_SCHEMA

START = datetime(2026, 1, 1, tzinfo=UTC)
DAYS = 120
AS_OF = START + timedelta(days=DAYS)


def draw_sales(
    n: int = 1500, products: int = 12, noise: float = 0.05, wear: float = 0.0, seed: int = 3
) -> pl.DataFrame:
    """Sales over DAYS days; `wear` is how much a worn item (attribute_wear 0-1) loses, in log price."""
    rng = np.random.default_rng(seed)
    product = rng.integers(0, products, n)
    worn = rng.random(n)
    log_price = np.log(2000 + 1500 * product) - wear * worn + rng.normal(0, noise, n)
    sold_at = [START + timedelta(days=float(day)) for day in np.sort(rng.random(n)) * DAYS]
    return pl.DataFrame(
        {
            "sale_id": [f"sale{i:06d}" for i in range(n)],
            "product_id": [f"p{i:02d}" for i in product],
            "condition": np.where(product % 3 == 0, "used", "new"),
            "outlet": "sandbox",
            "category": [f"c{i % 2}" for i in product],
            "price_minor": np.exp(log_price).round().astype(np.int64),
            "currency": "USD",
            "sold_at": pl.Series(sold_at, dtype=pl.Datetime("us", "UTC")),
            "days_to_sell": rng.exponential(5 + product).round(2),
            **({"attribute_wear": worn} if wear else {}),
        }
    )


def no_history() -> pl.DataFrame:
    return pl.DataFrame(schema={**POINT_SCHEMA, "product_id": pl.String()})


def keys_of(*rows: tuple[str, str | None], category: str | None = "c0", wear: float | None = None) -> pl.DataFrame:
    keys = pl.DataFrame(
        [{"product_id": p, "condition": c, "outlet": "sandbox", "category": category} for p, c in rows],
        schema={name: pl.String() for name in ("product_id", "condition", "outlet", "category")},
    )
    return keys if wear is None else keys.with_columns(attribute_wear=pl.lit(wear))
