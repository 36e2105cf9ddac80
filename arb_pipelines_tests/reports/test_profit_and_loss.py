"""The daily report: exact totals, agreement with the ledger, a table and a picture."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from arb_pipelines.domain.ledger import LedgerTransaction, post_sale
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.order import Order, OrderState
from arb_pipelines.reports.profit_and_loss import build_daily, render_markdown, render_plot, summarise
from arb_pipelines_tests.contracts.trade_records import usd
from arb_pipelines_tests.fakes.books import FakeLedger
from arb_pipelines_tests.fakes.clock import START


def order(number: int, days: int, revenue: int, fee: int, cost: int) -> Order:
    return Order(
        order_id=f"o{number}",
        outlet="sandbox",
        outlet_order_id=str(number),
        line_item_id="1",
        sku="sku-1",
        product_id="product-1",
        quantity=1,
        revenue=usd(revenue),
        fee=usd(fee),
        fee_estimated=number % 2 == 0,
        cost_of_goods=usd(cost),
        state=OrderState.NEW,
        ordered_at=START + timedelta(days=days),
    )


def balances_of(orders: list[Order]) -> dict[tuple[str, str], int]:
    """Return the ledger's balances after these sales."""
    ledger = FakeLedger()
    for one in orders:
        posting: LedgerTransaction = post_sale(one.order_id, one.revenue, one.fee, one.cost_of_goods, one.ordered_at)
        ledger.post(posting)
    return ledger.balances()


ORDERS = [order(1, 0, 5_000, 672, 2_000), order(2, 0, 1_001, 160, 1_400), order(3, 2, 3_333, 458, 1_001)]


NO_RETURNS = {"refunds_minor": 0, "postage_minor": 0, "write_offs_minor": 0}


def test_a_row_a_day() -> None:
    """Days without orders have no row."""
    daily = build_daily(ORDERS, "USD")
    assert daily.to_dicts() == [
        {
            "day": date(2026, 1, 5), "orders": 2, "units": 2, "revenue_minor": 6_001, "fees_minor": 832,
            "cost_minor": 3_400, "profit_minor": 1_769, **NO_RETURNS,
        },
        {
            "day": date(2026, 1, 7), "orders": 1, "units": 1, "revenue_minor": 3_333, "fees_minor": 458,
            "cost_minor": 1_001, "profit_minor": 1_874, **NO_RETURNS,
        },
    ]  # fmt: skip


def test_totals_agree_with_the_ledger() -> None:
    """To the cent; estimated fees are counted."""
    total = summarise(ORDERS, balances_of(ORDERS), "USD")
    assert (total.profit, total.ledger_difference, total.estimated_fees) == (usd(3_643), usd(0), 1)
    assert total.metadata()["profit"] == "36.43 USD"


def test_a_difference_to_the_ledger_is_seen() -> None:
    """Also where two differences would cancel out."""
    wrong = [replace(ORDERS[0], revenue=usd(5_010), fee=usd(682)), *ORDERS[1:]]
    assert summarise(wrong, balances_of(ORDERS), "USD").ledger_difference == usd(20)


def test_other_currencies_are_left_out_and_counted() -> None:
    """Never added up."""
    euro = replace(ORDERS[0], revenue=Money(1, "EUR"), fee=Money(0, "EUR"), cost_of_goods=Money(0, "EUR"))
    total = summarise([*ORDERS, euro], balances_of(ORDERS), "USD")
    assert (total.orders, total.left_out) == (3, 1)
    assert build_daily([euro], "USD").height == 0


def test_the_table_shows_exact_amounts() -> None:
    """Newest day first, the total last."""
    lines = render_markdown(build_daily(ORDERS, "USD"), "USD").splitlines()
    assert lines[2] == "| 2026-01-07 | 1 | 1 | 33.33 | 0.00 | 4.58 | 0.00 | 10.01 | 0.00 | 18.74 |"
    assert lines[-1] == "| all 2 days | 3 | 3 | 93.34 | 0.00 | 12.90 | 0.00 | 44.01 | 0.00 | 36.43 |"


def test_nothing_sold_is_an_empty_report() -> None:
    """Table and picture still come."""
    daily = build_daily([], "USD")
    assert render_markdown(daily, "USD").splitlines()[-1] == f"| all 0 days | 0 | 0 {'| 0.00 ' * 7}|"
    assert render_plot(daily, "USD").startswith(b"\x89PNG")
    assert summarise([], {}, "USD").profit == usd(0)


def test_the_plot_is_a_picture() -> None:
    """With its days on the axis."""
    assert len(render_plot(build_daily(ORDERS, "USD"), "USD")) > 5_000


@given(st.lists(st.tuples(st.integers(0, 40), *[st.integers(1, 10**7)] * 3), max_size=30))
def test_days_sum_to_the_totals(drawn: list[tuple[int, int, int, int]]) -> None:
    """No cent is lost between the frame, the totals and the ledger."""
    orders = [order(number, *values) for number, values in enumerate(drawn)]
    daily, total = build_daily(orders, "USD"), summarise(orders, balances_of(orders), "USD")
    assert daily["profit_minor"].sum() == total.profit.minor
    assert total.ledger_difference == usd(0)
    assert daily["orders"].sum() == total.orders == len(orders)
