"""The products that sell fastest, by the selling days from listing to order.

What belongs here: the ranking and its page.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from statistics import median
from typing import Any

import polars as pl

from arb_pipelines.domain.order import Order
from arb_pipelines.reports.page import ReportPage, Totals
from arb_pipelines.reports.plots import draw_bars
from arb_pipelines.reports.trade_data import TradeData

NAME = "fastest_selling"
SCHEMA: dict[str, pl.DataType] = {
    "rank": pl.Int64(),
    "product": pl.String(),
    "title": pl.String(),
    "units": pl.Int64(),
    "median_days": pl.Float64(),
    "revenue_minor": pl.Int64(),
    "profit_minor": pl.Int64(),
}


def rank_products(data: TradeData, since: datetime, most: int = 10) -> pl.DataFrame:
    """Return the products sold since then, the fastest first; of equally fast ones the one with more units.

    A sale of which no listing is known says nothing about time and is left out. Columns as `SCHEMA`; profit is before
    returns.
    """
    sales: dict[str, list[tuple[Order, float]]] = defaultdict(list)
    for order in data.orders:
        days = data.days_to_sell(order)
        if order.ordered_at >= since and days is not None:
            sales[order.product_id].append((order, days))
    titles = data.titles()
    rows: list[dict[str, Any]] = [
        {
            "product": product_id,
            "title": titles.get(product_id, ""),
            "units": sum(order.quantity for order, _ in sold),
            "median_days": round(median(days for _, days in sold), 1),
            "revenue_minor": sum(order.revenue.minor for order, _ in sold),
            "profit_minor": sum(order.profit.minor for order, _ in sold),
        }
        for product_id, sold in sales.items()
    ]
    rows.sort(key=lambda row: (row["median_days"], -row["units"], row["product"]))
    ranked = [{"rank": number} | row for number, row in enumerate(rows[:most], start=1)]
    return pl.DataFrame(ranked, schema=SCHEMA)


def build_page(data: TradeData, since: datetime, most: int = 10) -> ReportPage:
    """Return the report over what was sold since then."""
    table = rank_products(data, since, most)
    totals: Totals = {"since": since.date().isoformat(), "products_shown": table.height, "left_out": data.left_out}
    plot = draw_bars(table["title"].to_list(), {"days": table["median_days"].to_list()}, "median selling days")
    return ReportPage(NAME, f"Top {most} fastest selling", data.currency, totals, table, plot)
