"""Completed sales seen at outlets.

What belongs here: the sold prices repository.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import polars as pl
from sqlalchemy import Engine, func, select

from arb_pipelines.adapters.sql.engine import money_transaction
from arb_pipelines.adapters.sql.frames import as_frame, insert_frame, read_frame, stored_columns
from arb_pipelines.adapters.sql.tables import sold_prices
from arb_pipelines.domain.price import SoldPrice

SALE_SCHEMA: dict[str, pl.DataType] = {
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


class SqlSoldPrices:
    """Fulfils `domain.stores.SoldPrices`."""

    def __init__(self, engine: Engine) -> None:
        """Keep the engine."""
        self._engine = engine

    def insert(self, sales: Sequence[SoldPrice]) -> int:
        """Insert sales, each `sale_id` once; return how many were new."""
        rows = [_row(sale) for sale in sales]
        frame = pl.DataFrame(rows, schema=SALE_SCHEMA, orient="row").unique("sale_id").sort("sale_id")
        with money_transaction(self._engine) as connection:
            return insert_frame(connection, sold_prices, as_frame(frame, SALE_SCHEMA))

    def load_until(self, as_of: datetime) -> pl.DataFrame:
        """Return the sales known at `as_of` (sold_at < as_of), oldest first; columns as `SALE_SCHEMA`."""
        with self._engine.connect() as connection:
            columns = stored_columns(connection, [sold_prices.c[name] for name in SALE_SCHEMA])
            query = select(*columns).where(sold_prices.c.sold_at < as_of).order_by(sold_prices.c.sold_at)
            return read_frame(connection, query, SALE_SCHEMA)

    def newest_sold_at(self, outlet: str) -> datetime | None:
        """Return when the newest stored sale of an outlet was made."""
        query = select(func.max(sold_prices.c.sold_at)).where(sold_prices.c.outlet == outlet)
        with self._engine.connect() as connection:
            newest: datetime | None = connection.scalar(query)
        return newest


def _row(sale: SoldPrice) -> tuple[object, ...]:
    return (
        sale.sale_id,
        sale.outlet,
        sale.title,
        sale.gtin,
        sale.category,
        sale.condition,
        sale.price.minor,
        sale.price.currency,
        sale.sold_at,
        sale.days_to_sell,
    )
