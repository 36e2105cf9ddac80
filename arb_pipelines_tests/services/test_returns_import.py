"""Cancelled and refunded orders: what is certain goes into the books once, the rest to a person, nothing into stock."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from arb_pipelines.domain.order import Order, OrderState
from arb_pipelines.domain.return_case import ReturnState, ToldReturn
from arb_pipelines.services import returns
from arb_pipelines.services.returns_import import ReturnsImported, import_returns
from arb_pipelines_tests.contracts.trade_records import usd
from arb_pipelines_tests.fakes.clock import START
from arb_pipelines_tests.fakes.dying import Death, MortalBooks, WorkerKilled
from arb_pipelines_tests.services.selling_desk import SellingDesk
from arb_pipelines_tests.services.test_fulfilment import load, sold_desk
from arb_pipelines_tests.services.test_outlet_events import Events

CANCELLED = ToldReturn("order-1", "1", is_cancelled=True, refund=usd(5_000), fee_back=usd(600))
REFUNDED = ToldReturn("order-1", "1", is_cancelled=False, refund=usd(5_000), fee_back=usd(600))


class Cursors:
    """The watermarks of readers."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    def load_cursor(self, name: str) -> str | None:
        return self.kept.get(name)

    def store_cursor(self, name: str, cursor: str) -> None:
        self.kept[name] = cursor


class Teller:
    """An outlet that shows what it is told to."""

    outlet = "sandbox"
    returns_every = timedelta(0)

    def __init__(self, *told: ToldReturn) -> None:
        self.told: Sequence[ToldReturn] = told
        self.since: list[datetime] = []
        self.fails = False

    def fetch_returns(self, since: datetime) -> Sequence[ToldReturn]:
        self.since.append(since)
        if self.fails:
            raise ConnectionError("no answer")
        return self.told


@pytest.fixture
def desk() -> SellingDesk:
    """A desk that sold one unit for 50.00 at a fee of 6.72, not shipped yet."""
    desk = sold_desk()
    load(desk)
    books: Any = desk.books
    books.price_history, books.webhook_events = Cursors(), Events()
    return desk


def look(desk: SellingDesk, teller: Teller, death: Death | None = None) -> ReturnsImported:
    return import_returns(MortalBooks(desk.books, death or Death(0)), teller, desk.clock)


def order_of(desk: SellingDesk) -> Order:
    (order,) = desk.books.orders.load()
    return order


def alerts(desk: SellingDesk) -> dict[str, str]:
    return {one.alert.kind: f"{one.alert.severity} {one.alert.detail}" for one in desk.books.alerts.load_open()}


@pytest.mark.parametrize(("told", "words"), [(CANCELLED, "do not ship it"), (REFUNDED, "wait for the parcel")])
def test_a_whole_line_is_a_case_and_its_refund_booked_once(desk: SellingDesk, told: ToldReturn, words: str) -> None:
    done = look(desk, Teller(told))
    assert done.summary() == {"opened": 1, "refunded": 1, "not_done": 0}
    assert look(desk, Teller(told)).summary() == {"opened": 0, "refunded": 0, "not_done": 0}
    (case,) = desk.books.returns.load()
    assert (case.units, case.refund, case.fee_back) == (1, usd(5_000), usd(600))
    assert case.state is ReturnState.REQUESTED  # somebody looks at the goods first
    assert [lot.on_hand for lot in desk.lots()] == [0]
    assert words in alerts(desk)["order_returned"]
    assert alerts(desk)["order_returned"].startswith("critical" if told.is_cancelled else "warning")
    assert desk.books.broken_invariants() == {}


def test_a_worker_that_dies_anywhere_books_it_once(desk: SellingDesk) -> None:
    for calls in range(1, 60):
        try:
            look(desk, Teller(CANCELLED), Death(calls))
        except WorkerKilled:
            continue
        break
    look(desk, Teller(CANCELLED))
    (case,) = desk.books.returns.load()
    assert case.refund == usd(5_000)
    assert desk.books.ledger.balances()["refunds", "USD"] == 5_000
    assert desk.books.broken_invariants() == {}


@pytest.mark.parametrize(
    ("told", "code", "cases"),
    [
        (ToldReturn("order-1", "1", False, usd(1_000), usd(100)), "refund_partial", 0),
        (ToldReturn("order-1", "1", False, usd(5_000), None), "fee_back_unknown", 1),
        (ToldReturn("order-1", "1", True, usd(9_999), usd(1)), "return_refused", 1),
    ],
)
def test_what_is_not_certain_is_left_to_a_person(desk: SellingDesk, told: ToldReturn, code: str, cases: int) -> None:
    """With its reason; nothing is booked, and it is told once however often it is seen."""
    assert [one.code for one in look(desk, Teller(told)).not_done] == [code]
    assert len(desk.books.returns.load()) == cases
    assert ("refunds", "USD") not in desk.books.ledger.balances()
    assert code in alerts(desk)["refund_not_booked"]
    for one in desk.books.alerts.load_open():
        desk.books.alerts.close(one.alert.dedupe_key, "me", desk.clock.now())
    look(desk, Teller(told))
    assert alerts(desk) == {}


def test_a_person_who_was_faster_is_not_doubled(desk: SellingDesk) -> None:
    """Their case takes the refund; one that they booked otherwise is told and left alone."""
    case = returns.open_return(desk.books, order_of(desk).order_id, 1, "why", desk.clock)
    part = ToldReturn("order-1", "1", False, usd(2_000), usd(200))
    assert look(desk, Teller(part)).refunded == [case.return_id]
    assert look(desk, Teller(part)).summary()["not_done"] == 0
    more = ToldReturn("order-1", "1", False, usd(2_500), usd(200))
    assert [one.code for one in look(desk, Teller(more)).not_done] == ["refund_differs"]
    (kept,) = desk.books.returns.load()
    assert kept.refund == usd(2_000)


def test_a_cancelled_order_that_has_left_is_no_reason_to_stop_it(desk: SellingDesk) -> None:
    desk.books.orders.mark_shipped(order_of(desk).order_id, "T1", desk.clock.now())
    assert order_of(desk).state is OrderState.SHIPPED
    look(desk, Teller(CANCELLED))
    assert "wait for the parcel" in alerts(desk)["order_returned"]


def test_the_window_moves_after_everything_is_in_the_books(desk: SellingDesk) -> None:
    """And not at all while the outlet cannot be read; what is not ours is passed over."""
    teller = Teller(ToldReturn("other", "1", True))
    teller.fails = True
    assert [one.code for one in look(desk, teller).not_done] == ["outlet_unreadable"]
    teller.fails = False
    look(desk, teller)
    first = desk.clock.now()
    desk.clock.advance(days=3)
    look(desk, teller)
    day = timedelta(days=1)
    assert teller.since == [order_of(desk).ordered_at - day, order_of(desk).ordered_at - day, first - day]
    teller.returns_every = timedelta(hours=1)
    look(desk, teller)
    assert len(teller.since) == 3
    assert desk.books.returns.load() == []


def test_without_orders_nothing_is_asked() -> None:
    desk, teller = SellingDesk(), Teller(CANCELLED)
    books: Any = desk.books
    books.price_history = Cursors()
    assert import_returns(desk.books, teller, desk.clock).summary() == {"opened": 0, "refunded": 0, "not_done": 0}
    assert (teller.since, START) == ([], desk.clock.now())
