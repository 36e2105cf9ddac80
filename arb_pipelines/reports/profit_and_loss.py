"""Profit and loss by day, from the orders and what came back, held against the ledger.

What belongs here: the daily frame, its table, its plot, its totals and its page. Amounts are whole minor units to the
last step; only the plot draws floats. A sale counts on the day it was made, a refund on the day it was given, returned
goods on the day they were looked at.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from arb_pipelines.domain.ledger import Account
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.order import Order
from arb_pipelines.domain.return_case import INSPECTED, ReturnCase, ReturnState
from arb_pipelines.reports.page import ReportPage, Totals
from arb_pipelines.reports.trade_data import TradeData

NAME = "profit_and_loss"
AMOUNTS = (
    "revenue_minor",
    "refunds_minor",
    "fees_minor",
    "postage_minor",
    "cost_minor",
    "write_offs_minor",
    "profit_minor",
)
DAILY_SCHEMA: dict[str, pl.DataType] = {
    "day": pl.Date(),
    "orders": pl.Int64(),
    "units": pl.Int64(),
    **{name: pl.Int64() for name in AMOUNTS},
}
SHOWN_DAYS = 31
# Which column of the days is which account of the ledger, and its sign there.
BOOKED = {
    "revenue_minor": (Account.REVENUE, -1),
    "refunds_minor": (Account.REFUNDS, 1),
    "fees_minor": (Account.SELLING_FEES, 1),
    "postage_minor": (Account.SHIPPING, 1),
    "cost_minor": (Account.COST_OF_GOODS, 1),
    "write_offs_minor": (Account.WRITE_OFFS, 1),
}


@dataclass(frozen=True, slots=True)
class ProfitAndLoss:
    """Totals of all orders in one currency.

    `ledger_difference` is what orders and ledger disagree by, summed over the accounts: 0 is right. `left_out` counts
    orders in other currencies, `estimated_fees` those whose fee the outlet has not told yet.
    """

    orders: int
    units: int
    revenue: Money
    refunds: Money
    fees: Money
    postage: Money
    cost_of_goods: Money
    write_offs: Money
    profit: Money
    ledger_difference: Money
    estimated_fees: int
    left_out: int

    def metadata(self) -> dict[str, int | str]:
        """Return the totals for a run's metadata, amounts as text."""
        values = {name: getattr(self, name) for name in self.__slots__}
        return {name: str(value) if isinstance(value, Money) else value for name, value in values.items()}


def build_daily(orders: Sequence[Order], currency: str, returns: Sequence[ReturnCase] = ()) -> pl.DataFrame:
    """Return one row a UTC day on which something in `currency` happened, oldest first; columns as `DAILY_SCHEMA`."""
    sold = [_sale(order) for order in orders if order.revenue.currency == currency]
    back = [event for case in returns if case.cost.currency == currency for event in _events(case)]
    rows = [{**dict.fromkeys(DAILY_SCHEMA, 0), **event} for event in (*sold, *back)]
    return (
        pl.DataFrame(rows, schema=DAILY_SCHEMA)
        .group_by("day")
        .sum()
        .with_columns(
            profit_minor=pl.col("revenue_minor") - pl.sum_horizontal(name for name in BOOKED if name != "revenue_minor")
        )
        .sort("day")
    )


def _sale(order: Order) -> dict[str, date | int]:
    return {
        "day": order.ordered_at.date(),
        "orders": 1,
        "units": order.quantity,
        "revenue_minor": order.revenue.minor,
        "fees_minor": order.fee.minor,
        "postage_minor": order.postage.minor if order.postage else 0,
        "cost_minor": order.cost_of_goods.minor,
    }


def _events(case: ReturnCase) -> Iterator[dict[str, date | int]]:
    if case.refunded_at is not None and case.refund is not None and case.fee_back is not None:
        given = {"refunds_minor": case.refund.minor, "fees_minor": -case.fee_back.minor}
        yield {"day": case.refunded_at.date(), **given}
    if case.inspected_at is not None and case.state in INSPECTED:
        lost = case.cost.minor if case.state is ReturnState.WRITTEN_OFF else 0
        yield {"day": case.inspected_at.date(), "cost_minor": -case.cost.minor, "write_offs_minor": lost}


def summarise(
    orders: Sequence[Order],
    balances: Mapping[tuple[str, str], int],
    currency: str,
    returns: Sequence[ReturnCase] = (),
) -> ProfitAndLoss:
    """Return the totals in `currency`; `balances` are the ledger's minor units by (account, currency)."""
    counted = [order for order in orders if order.revenue.currency == currency]
    total = _total(build_daily(counted, currency, returns))
    difference = sum(
        abs(total[name] - sign * balances.get((account.value, currency), 0)) for name, (account, sign) in BOOKED.items()
    )
    money = {name: Money(total[name], currency) for name in AMOUNTS}
    return ProfitAndLoss(
        orders=len(counted),
        units=sum(order.quantity for order in counted),
        revenue=money["revenue_minor"],
        refunds=money["refunds_minor"],
        fees=money["fees_minor"],
        postage=money["postage_minor"],
        cost_of_goods=money["cost_minor"],
        write_offs=money["write_offs_minor"],
        profit=money["profit_minor"],
        ledger_difference=Money(difference, currency),
        estimated_fees=sum(order.fee_estimated for order in counted),
        left_out=len(orders) - len(counted),
    )


def _total(daily: pl.DataFrame) -> dict[str, int]:
    return daily.select(pl.exclude("day").sum()).row(0, named=True)


def build_page(data: TradeData, start_on: date, end_on: date, through: Mapping[str, date | None]) -> ReportPage:
    """Return the report of the days from `start_on` to `end_on`, both included.

    Args:
        data: the books.
        start_on: the first day, UTC.
        end_on: the last day, UTC.
        through: the day through which each outlet's fees are reconciled.
    """
    daily = build_daily(data.orders, data.currency, data.returns)
    chosen = daily.filter(pl.col("day").is_between(start_on, end_on))
    whole = summarise(data.orders, data.balances, data.currency, data.returns)
    total = _total(chosen)
    amounts = {name.removesuffix("_minor"): Money(total[name], data.currency).text for name in AMOUNTS}
    reconciled = {f"reconciled_through_{outlet}": day.isoformat() if day else None for outlet, day in through.items()}
    totals: Totals = {
        "from": start_on.isoformat(),
        "to": end_on.isoformat(),
        "orders": total["orders"],
        "units": total["units"],
        **amounts,
        "estimated_fees": whole.estimated_fees,
        "ledger_difference": whole.ledger_difference.text,
        "left_out": data.left_out,
        **reconciled,
    }
    return ReportPage(NAME, "Profit and loss", data.currency, totals, chosen, render_plot(chosen, data.currency))


def render_markdown(daily: pl.DataFrame, currency: str) -> str:
    """Return the last 31 days of `build_daily` as a Markdown table, newest first, with the total of all days."""
    names = ("refunds", "fees", "postage", "cost of goods", "write-offs", "profit")
    heads = ("day", "orders", "units", f"revenue ({currency})", *names)
    lines = [f"| {' | '.join(heads)} |", f"|--|{'--:|' * (len(heads) - 1)}"]
    for row in daily.tail(SHOWN_DAYS).reverse().iter_rows(named=True):
        lines.append(_row(row["day"].isoformat(), row, currency))
    return "\n".join([*lines, _row(f"all {daily.height} days", _total(daily), currency)])


def _row(label: str, row: Mapping[str, int], currency: str) -> str:
    amounts = [Money(row[name], currency).text for name in AMOUNTS]
    return f"| {' | '.join([label, str(row['orders']), str(row['units']), *amounts])} |"


def render_plot(daily: pl.DataFrame, currency: str) -> bytes:
    """Return a PNG: profit a day as bars, profit so far as a line. An empty frame gives empty axes."""
    from matplotlib.figure import Figure

    days = daily["day"].to_list()
    profits = [float(Money(minor, currency).amount) for minor in daily["profit_minor"]]
    so_far = [float(Money(minor, currency).amount) for minor in daily["profit_minor"].cum_sum()]
    figure = Figure(figsize=(8, 3.5), layout="constrained")
    axes = figure.subplots()
    axes.bar(days, profits, color="#4c78a8", label="profit of the day")
    axes.plot(days, so_far, color="#f58518", marker="o", markersize=3, label="profit so far")
    axes.axhline(0, color="black", linewidth=0.8)
    axes.set_ylabel(currency)
    axes.set_xticks(days[:: max(1, len(days) // 10)])
    axes.tick_params(axis="x", rotation=30)
    if days:
        axes.legend()
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", dpi=110)
    return drawn.getvalue()
