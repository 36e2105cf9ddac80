"""What each category brings: sales, profit after returns, margin, return on cost, how fast it sells.

What belongs here: adding up by category, and the page.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from statistics import median

import polars as pl

from arb_pipelines.domain.money import Money
from arb_pipelines.domain.order import Order
from arb_pipelines.reports.page import ReportPage, Totals
from arb_pipelines.reports.plots import draw_bars
from arb_pipelines.reports.trade_data import TradeData

NAME = "category_performance"
UNKNOWN = "(no category)"
SCHEMA: dict[str, pl.DataType] = {
    "category": pl.String(),
    "orders": pl.Int64(),
    "units": pl.Int64(),
    "returned_units": pl.Int64(),
    "revenue_minor": pl.Int64(),
    "profit_minor": pl.Int64(),
    "margin_percent": pl.Float64(),
    "return_on_cost_percent": pl.Float64(),
    "median_days": pl.Float64(),
}


def sum_categories(data: TradeData, since: datetime) -> pl.DataFrame:
    """Return one row a category with sales since then, the most profitable first; columns as `SCHEMA`.

    Profit is after what returns changed so far. A percentage of nothing is null.
    """
    category_of = {listing.sku: listing.category or UNKNOWN for listing in data.listings}
    sales: dict[str, list[Order]] = defaultdict(list)
    for order in data.orders:
        if order.ordered_at >= since:
            sales[category_of.get(order.sku, UNKNOWN)].append(order)
    rows = [_row(category, orders, data) for category, orders in sales.items()]
    return pl.DataFrame(rows, schema=SCHEMA).sort("profit_minor", "category", descending=[True, False])


def _row(category: str, orders: list[Order], data: TradeData) -> dict[str, object]:
    by_order = data.returns_of
    cases = [case for order in orders for case in by_order.get(order.order_id, [])]
    days = [each for each in map(data.days_to_sell, orders) if each is not None]
    revenue = sum(order.revenue.minor for order in orders)
    cost = sum(order.cost_of_goods.minor for order in orders)
    profit = sum(order.profit.minor for order in orders) + sum(case.profit.minor for case in cases)
    return {
        "category": category,
        "orders": len(orders),
        "units": sum(order.quantity for order in orders),
        "returned_units": sum(case.units for case in cases if case.received_at is not None),
        "revenue_minor": revenue,
        "profit_minor": profit,
        "margin_percent": _percent(profit, revenue),
        "return_on_cost_percent": _percent(profit, cost),
        "median_days": round(median(days), 1) if days else None,
    }


def _percent(part: int, whole: int) -> float | None:
    return round(100 * part / whole, 1) if whole > 0 else None


def build_page(data: TradeData, since: datetime) -> ReportPage:
    """Return the report over what was sold since then."""
    table = sum_categories(data, since)
    profits = [float(Money(minor, data.currency).amount) for minor in table["profit_minor"]]
    totals: Totals = {
        "since": since.date().isoformat(),
        "categories": table.height,
        "profit": Money(int(table["profit_minor"].sum()), data.currency).text,
        "left_out": data.left_out,
    }
    plot = draw_bars(table["category"].to_list(), {"profit": profits}, f"profit, {data.currency}")
    return ReportPage(NAME, "Category performance", data.currency, totals, table, plot)
