"""A person buys: money held before the link is shown, one link an approval, and the books follow what is told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from arb_pipelines.adapters.sql.books import SqlBooks, open_books
from arb_pipelines.domain.guards import LEAST_SALES
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.order import Order, OrderState
from arb_pipelines.domain.purchase import Purchase, PurchaseState
from arb_pipelines.domain.spend_limit import Action, ActionState, Refusal, SpendLimit
from arb_pipelines.services.assisting import Instructions, give_up, prepare, receive, settle
from arb_pipelines_tests.contracts.trade_records import approval, approve, opportunity, usd
from arb_pipelines_tests.fakes.books import InMemoryBooks
from arb_pipelines_tests.fakes.clock import START, SettableClock

LIMIT = SpendLimit("total", usd(10_000), timedelta(days=1))


@pytest.fixture
def books(tmp_path: Path) -> Iterator[SqlBooks]:
    opened = open_books(f"sqlite:///{tmp_path / 'books.sqlite'}")
    opened.migrate()
    yield opened
    assert opened.broken_invariants() == {}
    opened.close()


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock(START)


def prepared(books: SqlBooks, clock: SettableClock) -> Instructions:
    found = prepare(approve(books).approval_id, books, [LIMIT], clock)
    assert isinstance(found, Instructions)
    return found


def code(found: object) -> str:
    assert isinstance(found, Refusal)
    return found.code


def test_the_money_is_held_before_the_link_is_given_and_only_once(books: SqlBooks, clock: SettableClock) -> None:
    approval = approve(books)
    found = prepare(approval.approval_id, books, [LIMIT], clock)
    assert isinstance(found, Instructions)
    assert found.steps()[0] == "Open https://shop-1.example/p/1"
    assert "at most 25.00 USD" in found.steps()[3]
    (purchase,) = books.purchases.load()
    assert (purchase.state, purchase.reserved) == (PurchaseState.SUBMITTING, usd(2_500))
    assert code(prepare(approval.approval_id, books, [LIMIT], clock)) == "approval_missing"
    give_up(purchase.purchase_id, books, "the test is over", clock)  # else it would be stuck by now (I7)


def test_limits_and_switch_hold_for_a_person_too(books: SqlBooks, clock: SettableClock) -> None:
    approval = approve(books)
    small = SpendLimit("total", usd(2_499), timedelta(days=1))
    assert prepare(approval.approval_id, books, [small], clock) is not None
    assert books.purchases.load() == []
    books.switches.put(Action.BUY, ActionState.HALTED, "test", "a person", START)
    assert code(prepare(approval.approval_id, books, [LIMIT], clock)) == "buy_halted"
    clock.advance(hours=2)
    assert code(prepare(approval.approval_id, books, [LIMIT], clock)) == "approval_missing"


def test_what_no_machine_may_buy_no_person_is_sent_to_buy(books: SqlBooks, clock: SettableClock) -> None:
    """The decision is read again here too; the approval stays unused and no money is held."""
    leave = approve(books)
    recalled = Refusal("recalled", "a notice")
    assert prepare(leave.approval_id, books, [LIMIT], clock, risk=lambda one: recalled if one == leave else None) is (
        recalled
    )
    assert (books.purchases.load(), len(books.approvals.load_usable(START))) == ([], 1)


def test_losses_stop_a_person_too(clock: SettableClock) -> None:
    """Ten sales that lost together stop every way of buying."""
    desk = InMemoryBooks()
    sold = ("o", "x", "o", "1", "s", "p", 1, usd(900), usd(0), False, usd(1_000), OrderState.NEW, START)
    desk.orders.rows = {str(number): Order(*sold) for number in range(LEAST_SALES)}
    found = opportunity(1)
    desk.opportunities.store([found], [])
    leave = approval(found)
    desk.approvals.insert(leave)
    assert code(prepare(leave.approval_id, desk, [LIMIT], clock)) == "realised_loss"


def test_one_order_pays_for_one_purchase(books: SqlBooks, clock: SettableClock) -> None:
    """A number typed twice, or a minus, is a sentence and changes nothing."""
    told = prepared(books, clock)
    settle(told.purchase_id, books, "1000", usd(2_100), clock)
    second = prepare(approve(books, 2).approval_id, books, [LIMIT], clock)
    assert isinstance(second, Instructions)
    assert code(settle(second.purchase_id, books, "1000", usd(2_100), clock)) == "order_known"
    assert code(settle(second.purchase_id, books, "1001", usd(-1), clock)) == "total_negative"
    assert isinstance(settle(second.purchase_id, books, "1001", usd(2_100), clock), Purchase)


def test_what_was_paid_replaces_what_was_held(books: SqlBooks, clock: SettableClock) -> None:
    told = prepared(books, clock)
    assert code(settle(told.purchase_id, books, "1000", Money(2_100, "EUR"), clock)) == "currency_differs"
    done = settle(told.purchase_id, books, "1000", usd(2_100), clock)
    assert isinstance(done, Purchase)
    assert (done.state, done.total, done.shop_order_id) == (PurchaseState.BOUGHT, usd(2_100), "1000")
    assert code(settle(told.purchase_id, books, "1000", usd(2_100), clock)) == "wrong_state"
    assert code(give_up(told.purchase_id, books, "no", clock)) == "wrong_state"
    arrived = receive(told.purchase_id, books, clock)
    assert isinstance(arrived, Purchase)
    assert arrived.delivered_at == START
    assert code(receive(told.purchase_id, books, clock)) == "wrong_state"


def test_what_was_not_bought_frees_its_money(books: SqlBooks, clock: SettableClock) -> None:
    told = prepared(books, clock)
    done = give_up(told.purchase_id, books, "sold out", clock)
    assert isinstance(done, Purchase)
    assert (done.state, done.reason) == (PurchaseState.REFUSED, "person: sold out")
    assert code(settle(told.purchase_id, books, "1", usd(1), clock)) == "wrong_state"


def test_an_uncertain_purchase_is_settled_by_who_looked(books: SqlBooks, clock: SettableClock) -> None:
    told = prepared(books, clock)
    forward = {"expected": (PurchaseState.SUBMITTING,), "state": PurchaseState.UNCERTAIN, "now": START}
    assert books.purchases.advance(told.purchase_id, **forward)  # type: ignore[arg-type]
    done = give_up(told.purchase_id, books, "not in the order history", clock)
    assert isinstance(done, Purchase)
    assert done.state is PurchaseState.NOT_PLACED
    late = settle(told.purchase_id, books, "1000", usd(2_000), clock)
    assert isinstance(late, Purchase)
    assert late.state is PurchaseState.BOUGHT, "an order that exists after all is adopted"


def test_nobody_buys_what_is_not_there(books: SqlBooks, clock: SettableClock) -> None:
    assert code(settle("pu-9", books, "1", usd(1), clock)) == "no_such_purchase"
    assert code(give_up("pu-9", books, "no", clock)) == "no_such_purchase"
    assert code(receive("pu-9", books, clock)) == "no_such_purchase"
