"""Profit and loss by day, from the orders, held against the ledger.

What belongs here: the daily frame, its table, its plot and its totals. Amounts are whole minor units to the last
step; only the plot draws floats.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from arb_pipelines.domain.ledger import Account
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.order import Order

AMOUNTS = ("revenue_minor", "fees_minor", "cost_minor", "profit_minor")
DAILY_SCHEMA: dict[str, pl.DataType] = {
    "day": pl.Date(),
    "orders": pl.Int64(),
    "units": pl.Int64(),
    **{name: pl.Int64() for name in AMOUNTS},
}
SHOWN_DAYS = 31


@dataclass(frozen=True, slots=True)
class ProfitAndLoss:
    """Totals of all orders in one currency.

    `ledger_difference` is what orders and ledger disagree by, summed over revenue, fees and cost: 0 is right.
    `left_out` counts orders in other currencies, `estimated_fees` those whose fee the outlet has not told yet.
    """

    orders: int
    units: int
    revenue: Money
    fees: Money
    cost_of_goods: Money
    profit: Money
    ledger_difference: Money
    estimated_fees: int
    left_out: int

    def metadata(self) -> dict[str, int | str]:
        """Return the totals for a run's metadata, amounts as text."""
        values = {name: getattr(self, name) for name in self.__slots__}
        return {name: str(value) if isinstance(value, Money) else value for name, value in values.items()}


def build_daily(orders: Sequence[Order], currency: str) -> pl.DataFrame:
    """Return one row a UTC day with orders in `currency`, oldest first; columns as `DAILY_SCHEMA`."""
    rows = [
        {
            "day": order.ordered_at.date(),
            "orders": 1,
            "units": order.quantity,
            "revenue_minor": order.revenue.minor,
            "fees_minor": order.fee.minor,
            "cost_minor": order.cost_of_goods.minor,
            "profit_minor": order.profit.minor,
        }
        for order in orders
        if order.revenue.currency == currency
    ]
    return pl.DataFrame(rows, schema=DAILY_SCHEMA).group_by("day").sum().sort("day")


def summarise(orders: Sequence[Order], balances: Mapping[tuple[str, str], int], currency: str) -> ProfitAndLoss:
    """Return the totals in `currency`; `balances` are the ledger's minor units by (account, currency)."""
    counted = [order for order in orders if order.revenue.currency == currency]
    revenue = sum(order.revenue.minor for order in counted)
    fees = sum(order.fee.minor for order in counted)
    cost = sum(order.cost_of_goods.minor for order in counted)

    def booked(account: Account) -> int:
        return balances.get((account.value, currency), 0)

    difference = (
        abs(revenue + booked(Account.REVENUE))
        + abs(fees - booked(Account.SELLING_FEES))
        + abs(cost - booked(Account.COST_OF_GOODS))
    )
    return ProfitAndLoss(
        orders=len(counted),
        units=sum(order.quantity for order in counted),
        revenue=Money(revenue, currency),
        fees=Money(fees, currency),
        cost_of_goods=Money(cost, currency),
        profit=Money(revenue - fees - cost, currency),
        ledger_difference=Money(difference, currency),
        estimated_fees=sum(order.fee_estimated for order in counted),
        left_out=len(orders) - len(counted),
    )


def render_markdown(daily: pl.DataFrame, currency: str) -> str:
    """Return the last 31 days of `build_daily` as a Markdown table, newest first, with the total of all days."""
    heads = ("day", "orders", "units", f"revenue ({currency})", "fees", "cost of goods", "profit")
    lines = [f"| {' | '.join(heads)} |", f"|--|{'--:|' * (len(heads) - 1)}"]
    for row in daily.tail(SHOWN_DAYS).reverse().iter_rows(named=True):
        lines.append(_row(row["day"].isoformat(), row, currency))
    total = daily.select(pl.exclude("day").sum()).row(0, named=True)
    return "\n".join([*lines, _row(f"all {daily.height} days", total, currency)])


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
