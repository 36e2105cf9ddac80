"""What each deal promised and what it brought: estimated and realised profit, estimated and settled fee.

What belongs here: following sold units back to the decision they were bought on, and the page. A deal is one
opportunity that was bought.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

import polars as pl

from arb_pipelines.domain.money import Money
from arb_pipelines.domain.opportunity import Opportunity
from arb_pipelines.domain.order import Order
from arb_pipelines.domain.return_case import ReturnState
from arb_pipelines.reports.page import ReportPage, Totals
from arb_pipelines.reports.plots import draw_bars
from arb_pipelines.reports.trade_data import TradeData

NAME = "deal_profits"
SCHEMA: dict[str, pl.DataType] = {
    "deal": pl.String(),
    "title": pl.String(),
    "shop": pl.String(),
    "outlet": pl.String(),
    "units_sold": pl.Int64(),
    "estimated_profit_minor": pl.Int64(),
    "realised_profit_minor": pl.Int64(),
    "difference_minor": pl.Int64(),
    "estimated_fee_minor": pl.Int64(),
    "fee_minor": pl.Int64(),
    "fee_settled": pl.String(),
}


def compare_deals(data: TradeData, since: datetime) -> pl.DataFrame:
    """Return one row a deal with sales since then, the worst surprise first; columns as `SCHEMA`.

    The estimate is that of the decision, for the units sold less those that are stock again. The realised profit is
    after fees, cost, labels and what returns changed so far. `fee_settled` is `yes`, `no` (still an estimate) or
    `in part`.
    """
    sales: dict[str, list[Order]] = defaultdict(list)
    for order in data.orders:
        opportunity_id = data.bought_on.get(order.sku)
        if order.ordered_at >= since and opportunity_id is not None and opportunity_id in data.decisions:
            sales[opportunity_id].append(order)
    rows = [_row(data.decisions[opportunity_id], orders, data) for opportunity_id, orders in sales.items()]
    return pl.DataFrame(rows, schema=SCHEMA).sort("difference_minor", "deal")


def _row(decision: Opportunity, orders: list[Order], data: TradeData) -> dict[str, object]:
    by_order = data.returns_of
    cases = [case for order in orders for case in by_order.get(order.order_id, [])]
    units = sum(order.quantity for order in orders)
    again = sum(case.units for case in cases if case.state is ReturnState.RESTOCKED)
    estimated = decision.expected_profit.minor * (units - again)
    returned = sum(case.profit.minor for case in cases)
    realised = sum(order.profit.minor for order in orders) + returned
    open_fees = sum(order.fee_estimated for order in orders)
    settled = "yes" if not open_fees else "no" if open_fees == len(orders) else "in part"
    return {
        "deal": decision.opportunity_id,
        "title": decision.title,
        "shop": decision.site,
        "outlet": orders[-1].outlet,
        "units_sold": units,
        "estimated_profit_minor": estimated,
        "realised_profit_minor": realised,
        "difference_minor": realised - estimated,
        "estimated_fee_minor": sum((order.estimated_fee or order.fee).minor for order in orders),
        "fee_minor": sum(order.fee.minor for order in orders),
        "fee_settled": settled,
    }


def build_page(data: TradeData, since: datetime) -> ReportPage:
    """Return the report over what was sold since then."""
    table = compare_deals(data, since)
    estimated, realised = int(table["estimated_profit_minor"].sum()), int(table["realised_profit_minor"].sum())
    totals: Totals = {
        "since": since.date().isoformat(),
        "deals": table.height,
        "estimated_profit": Money(estimated, data.currency).text,
        "realised_profit": Money(realised, data.currency).text,
        "realised_over_estimated": str(round(realised / estimated, 3)) if estimated > 0 else None,
        "left_out": data.left_out,
    }
    series = {
        name: [float(Money(minor, data.currency).amount) for minor in table[f"{name}_profit_minor"]]
        for name in ("estimated", "realised")
    }
    plot = draw_bars(table["title"].to_list(), series, f"profit, {data.currency}")
    return ReportPage(NAME, "Estimated and realised profit by deal", data.currency, totals, table, plot)
