"""Statements: wholly right or nothing, each line once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from arb_pipelines.domain.money import Money
from arb_pipelines.domain.order import Order
from arb_pipelines.domain.settlement import FINANCES, Again, SettledFee, Statement, reconciled_through
from arb_pipelines.services.settling import StatementError, parse_statement, settle, settle_told_fees
from arb_pipelines_tests.contracts.trade_records import usd
from arb_pipelines_tests.fakes.clock import START
from arb_pipelines_tests.services.test_fulfilment import load, sold_desk

HEAD = "kind,reference,line,amount,currency\n"


def read(text: str) -> Statement:
    return parse_statement(text, "2026-01", "sandbox", START)


def test_lines_of_one_order_are_one_fee() -> None:
    """A fee, a fixed part and something that came back; columns may stand in any order."""
    lines = "".join(f"{amount},USD,fee,order-1,1\n" for amount in ("6.60", "0.30", "-0.10"))
    (fee,) = read(f"\ufeffamount,currency,kind,reference,line\n{lines}").fees
    assert (fee.outlet_order_id, fee.line_item_id, fee.fee) == ("order-1", "1", usd(680))


@pytest.mark.parametrize(
    "text, words",
    [
        ("kind,reference\n", "missing"),
        ("", "missing"),
        (HEAD + "fee,order-1,1,6.6x,USD\n", "line 2"),
        (HEAD + "fee,order-1,1,6.601,USD\n", "line 2"),
        (HEAD + "fee,order-1,1,6.60,dollars\n", "line 2"),
        (HEAD + "fee,order-1,1,6.60,USD\ntip,order-1,1,1,USD\n", "line 3"),
        (HEAD + "fee," + "9" * 140_000 + ",1,6.60,USD\n", "after line 1"),
        (HEAD + "fee,,1,6.60,USD\n", "line 2"),
        (HEAD + "fee,order-1,1,6.60,USD\nfee,order-1,1,6.60,EUR\n", "line 3"),
        (HEAD + "fee,order-1\n", "line 2"),
    ],
)
def test_a_wrong_line_is_named(text: str, words: str) -> None:
    """And nothing is imported."""
    with pytest.raises(StatementError, match=words):
        read(text)


def test_a_statement_counts_once() -> None:
    """The estimate is corrected, the payout is cash, an order that we do not know is reported."""
    desk = sold_desk(fee=None)
    (order,) = load(desk).imported
    statement = read(
        f"{HEAD}fee,{order.outlet_order_id},1,7.00,USD\nfee,unknown,1,1.00,USD\npayout,p1,,40.00,USD\npayout,p1,,3.00,USD\n"
    )
    done = settle(desk.books, statement)
    assert (done.settled, done.payouts, [left.code for left in done.not_done]) == (
        [order.order_id], ["p1"], ["unknown_order"]
    )  # fmt: skip
    assert done.corrections == [usd(700) - order.fee]
    again = settle(desk.books, statement)
    assert (again.settled, again.payouts) == ([], [])
    balances = desk.books.ledger.balances()
    assert (balances["selling_fees", "USD"], balances["receivable", "USD"]) == (700, 5_000 - 700 - 4_300)
    assert desk.books.broken_invariants() == {}


def test_another_currency_is_reported() -> None:
    """Nothing is converted."""
    desk = sold_desk(fee=None)
    (order,) = load(desk).imported
    done = settle(desk.books, read(f"{HEAD}fee,{order.outlet_order_id},1,7.00,EUR\n"))
    assert [left.code for left in done.not_done] == ["currency_differs"]
    assert desk.books.orders.load() == [order]


class Teller:
    """Finance data that tells what it is told to."""

    outlet = "sandbox"

    def __init__(self) -> None:
        self.fees: dict[str, Money] = {}
        self.asked: list[list[str]] = []
        self.fails = False

    def fetch_settled_fees(self, orders: Sequence[Order]) -> dict[str, Money]:
        self.asked.append([order.order_id for order in orders])
        if self.fails:
            raise ConnectionError("no answer")
        return self.fees


def test_what_finance_data_tells_is_settled_once_and_the_date_moves_when_all_is_told() -> None:
    desk, teller = sold_desk(units=2, fee=None), Teller()
    first, second = sorted(load(desk).imported, key=lambda order: order.ordered_at)
    sold_on = first.ordered_at.date()
    tomorrow = desk.clock.now() + timedelta(days=1)
    teller.fees = {first.order_id: usd(700), "sandbox:other:1": usd(1)}
    assert settle_told_fees(desk.books, teller, desk.clock).settled == [first.order_id]
    assert reconciled_through(desk.books.orders.load(), "sandbox", tomorrow) == sold_on - timedelta(days=1)
    teller.fees |= {first.order_id: usd(999), second.order_id: usd(680)}
    assert settle_told_fees(desk.books, teller, desk.clock).settled == [second.order_id]
    assert teller.asked == [[first.order_id, second.order_id], [second.order_id]]
    assert reconciled_through(desk.books.orders.load(), "sandbox", tomorrow) == sold_on
    assert settle_told_fees(desk.books, teller, desk.clock).summary() == {
        "settled": 0, "payouts": 0, "not_done": 0, "corrections": 0
    }  # fmt: skip
    assert len(teller.asked) == 2  # nothing is estimated any more, so nothing is asked
    balances = desk.books.ledger.balances()
    assert balances["selling_fees", "USD"] == 1_380
    assert desk.books.broken_invariants() == {}


def test_finance_data_that_says_nothing_changes_nothing() -> None:
    desk, teller = sold_desk(fee=None), Teller()
    (order,) = load(desk).imported
    assert settle_told_fees(desk.books, teller, desk.clock).settled == []
    teller.fails = True
    assert [one.code for one in settle_told_fees(desk.books, teller, desk.clock).not_done] == ["outlet_unreadable"]
    teller.fails, teller.fees = False, {order.order_id: Money.of("7", "EUR")}
    assert [one.code for one in settle_told_fees(desk.books, teller, desk.clock).not_done] == ["currency_differs"]
    assert desk.books.orders.load() == [order]


def test_a_second_statement_of_a_line_waits_for_a_person() -> None:
    desk = sold_desk(fee=None)
    (order,) = load(desk).imported

    def state(statement: str, minor: int, again: Again | None = None) -> list[str]:
        line = SettledFee(order.outlet_order_id, order.line_item_id, usd(minor))
        done = settle(desk.books, Statement(statement, "sandbox", START, (line,)), again)
        return [one.code for one in done.not_done]

    assert (state(FINANCES, 650), state("may", 700)) == ([], [])  # what was told gives way to the statement
    assert (state("june", 50), desk.books.orders.load()[0].fee) == (["already_settled"], usd(700))
    assert (state("june", 50, Again.ADD), desk.books.orders.load()[0].fee) == ([], usd(750))
    assert (state("june", 50, Again.ADD), desk.books.orders.load()[0].fee) == ([], usd(750))
    assert (state("july", 720, Again.REPLACE), desk.books.orders.load()[0].fee) == ([], usd(720))
    assert desk.books.broken_invariants() == {}
