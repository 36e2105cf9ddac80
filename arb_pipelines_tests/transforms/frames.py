"""Small frames for tests: one dict a row, the rest filled in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from arb_pipelines.transforms.price_history import POINT_SCHEMA, QUARANTINE_SCHEMA
from arb_pipelines.transforms.product_matching import PRODUCT_SCHEMA

T0 = datetime(2026, 1, 1, tzinfo=UTC)
_RAW = """
    scrape_id offer_key site url tick_id content_sha256 name price list_price shipping currency availability condition
    seller sku gtin mpn brand category image evidence
"""
RAW_COLUMNS = _RAW.split()
SALE_SCHEMA = {
    "sale_id": pl.String(),
    "outlet": pl.String(),
    "title": pl.String(),
    "gtin": pl.String(),
    "category": pl.String(),
    "condition": pl.String(),
    "price_minor": pl.Int64(),
    "currency": pl.String(),
    "sold_at": pl.Datetime("us", "UTC"),
    "days_to_sell": pl.Float64(),
}


def raw_frame(*rows: dict[str, Any]) -> pl.DataFrame:
    filled = [
        {
            "scrape_id": f"s{number}",
            "offer_key": "o1",
            "site": "shop-001",
            "url": "http://shop/p/1",
            "name": "Table Lamp",
            "price": "12.99",
            "currency": "USD",
            "fetched_at": T0,
            **row,
        }
        for number, row in enumerate(rows)
    ]
    return pl.DataFrame(
        filled, schema={**dict.fromkeys(RAW_COLUMNS, pl.String()), "fetched_at": pl.Datetime("us", "UTC")}
    )


def points_frame(*rows: dict[str, Any], hours: float = 0.0) -> pl.DataFrame:
    """Observations an hour apart, the first `hours` after T0."""
    filled = [
        {
            "scrape_id": f"s{hours}-{number}",
            "offer_key": "o1",
            "site": "shop-001",
            "url": "http://shop/p/1",
            "title": "Vornelle AB-1000 Table Lamp Brass",
            "price_minor": 1000,
            "currency": "USD",
            "observed_at": T0 + timedelta(hours=hours + number),
            **row,
        }
        for number, row in enumerate(rows)
    ]
    return pl.DataFrame(filled, schema=POINT_SCHEMA)


def no_quarantine() -> pl.DataFrame:
    return pl.DataFrame(schema=QUARANTINE_SCHEMA)


def no_products() -> pl.DataFrame:
    return pl.DataFrame(schema=PRODUCT_SCHEMA)


def sales_frame(*rows: dict[str, Any]) -> pl.DataFrame:
    filled = [
        {
            "sale_id": f"sale{number:05d}",
            "outlet": "sandbox",
            "title": "Lamp",
            "category": "home",
            "condition": "new",
            "price_minor": 1000,
            "currency": "USD",
            "sold_at": T0 + timedelta(days=number),
            **row,
        }
        for number, row in enumerate(rows)
    ]
    schema = {**SALE_SCHEMA, **({"product_id": pl.String()} if rows and "product_id" in rows[0] else {})}
    return pl.DataFrame(filled, schema=schema)
