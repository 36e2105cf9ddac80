"""What an outlet tells by itself: its effect comes about once, whoever dies when, and nothing told is lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from arb_pipelines.domain.access_stores import WebhookEvent
from arb_pipelines.domain.fees import load_schedules
from arb_pipelines.domain.order import OutletOrder
from arb_pipelines.domain.outlet_event import About, NotActedError, Notification
from arb_pipelines.services.outlet_events import EventListener, moved_listings
from arb_pipelines_tests.contracts.trade_records import usd
from arb_pipelines_tests.fakes.clock import START
from arb_pipelines_tests.fakes.dying import Death, Mortal, MortalBooks, WorkerKilled
from arb_pipelines_tests.fakes.outlet import FakeOutlet
from arb_pipelines_tests.services.selling_desk import TERMS, SellingDesk

TOLD = Notification("n-1", "ORDER_CHANGE", START, "S1", "order-1", None, None)


class Events:
    """The inbox of notifications, in a dict."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], WebhookEvent] = {}

    def insert(self, events: Sequence[WebhookEvent]) -> int:
        before = len(self.kept)
        self.kept = {(event.provider, event.event_id): event for event in events} | self.kept
        return len(self.kept) - before

    def first_received(self, provider: str, event_ids: Sequence[str]):  # type: ignore[no-untyped-def]
        found = [self.kept[provider, one].received_at for one in event_ids if (provider, one) in self.kept]
        return max(found, default=None)


class TellingOutlet(FakeOutlet):
    """Tells single orders too."""

    def fetch_order(self, outlet_order_id: str) -> list[OutletOrder]:
        self._call("fetch_order")
        return [order for order in self.orders if order.outlet_order_id == outlet_order_id]


@pytest.fixture
def desk() -> SellingDesk:
    """A desk that has sold one unit, which the books do not know yet."""
    desk = SellingDesk(lots=1)
    desk.outlet = TellingOutlet()
    desk.books.webhook_events = Events()  # type: ignore[attr-defined]
    desk.list_all()
    desk.outlet.sell(desk.listings()[0].sku, desk.clock.now(), fee=usd(672), tax=usd(350))
    return desk


def listen(desk: SellingDesk, death: Death | None = None) -> EventListener:
    end = death or Death(0)
    books, outlet = MortalBooks(desk.books, end), Mortal(desk.outlet, end)
    return EventListener(books, outlet, load_schedules(), TERMS, desk.clock)


def test_an_order_that_changed_is_imported_once(desk: SellingDesk) -> None:
    listener = listen(desk)
    listener.act(TOLD)
    listener.act(TOLD)
    assert listener.heard.summary() == {"imported": 1, "moved": 0, "known": 1, "other": 0, "not_done": 0}
    again = listen(desk)
    again.act(replace(TOLD, notification_id="n-2"))
    assert (again.heard.imported, len(desk.books.orders.rows)) == ([], 1)
    assert desk.books.broken_invariants() == {}


def test_a_worker_that_dies_anywhere_loses_and_doubles_nothing(desk: SellingDesk) -> None:
    """The message stays until `act` returns, so it is told again."""
    for calls in range(1, 40):
        try:
            listen(desk, Death(calls)).act(TOLD)
        except WorkerKilled:
            continue
        break
    else:
        raise AssertionError("never got through")
    listen(desk).act(TOLD)
    assert len(desk.books.orders.rows) == 1
    assert [lot.on_hand for lot in desk.lots()] == [0]
    assert desk.books.broken_invariants() == {}


def test_an_order_is_asked_for_once_a_run_unless_it_changed_since(desk: SellingDesk) -> None:
    listener = listen(desk)
    for number in range(3):
        listener.act(replace(TOLD, notification_id=f"n-{number}", happened_at=START - timedelta(hours=1)))
    assert desk.outlet.calls.count("fetch_order") == 1
    listener.act(replace(TOLD, notification_id="later", happened_at=START + timedelta(minutes=1)))
    assert desk.outlet.calls.count("fetch_order") == 2


@pytest.mark.parametrize("case", ["no answer", "unnamed", "oversold"])
def test_what_did_not_come_about_is_told_again(desk: SellingDesk, case: str) -> None:
    """And is not kept as done."""
    told, code = TOLD, "outlet_unreadable"
    if case == "no answer":
        desk.outlet.failing = {"fetch_order"}
    elif case == "unnamed":
        told, code = replace(TOLD, order_id=None), "order_unnamed"
    else:
        desk.outlet.orders[0] = replace(desk.outlet.orders[0], quantity=2)
        code = "oversold"
    with pytest.raises(NotActedError) as error:
        listen(desk).act(told)
    assert error.value.code == code
    assert desk.books.webhook_events.kept == {}  # type: ignore[attr-defined]
    assert desk.books.orders.rows == {}


def test_what_was_listed_by_hand_is_none_of_our_lots(desk: SellingDesk) -> None:
    """Told with its reason, and done: reading it again would change nothing."""
    desk.outlet.orders[0] = replace(desk.outlet.orders[0], sku="by-hand")
    listener = listen(desk)
    listener.act(TOLD)
    assert [one.code for one in listener.heard.not_done] == ["unknown_sku"]


def test_prices_that_moved_name_what_we_list(desk: SellingDesk) -> None:
    [ours] = desk.listings()
    price = replace(TOLD, kind="ANY_OFFER_CHANGED", order_id=None, asin=ours.outlet_listing_id)
    listener = listen(desk)
    listener.act(price)
    listener.act(replace(price, notification_id="n-2", asin="B0ELSE"))
    listener.act(replace(price, notification_id="n-3", kind="REPORT_PROCESSING_FINISHED"))
    assert listener.heard.summary() == {"imported": 0, "moved": 2, "known": 0, "other": 1, "not_done": 0}
    kept = list(desk.books.webhook_events.kept.values())  # type: ignore[attr-defined]
    assert moved_listings(desk.books, "sandbox", kept) == {ours.sku}
    assert moved_listings(desk.books, "sandbox", [one for one in kept if one.event_id == "n-2"]) == set()


def test_what_a_notification_is_about() -> None:
    kinds = {"ORDER_CHANGE": About.ORDER, "PRICING_HEALTH": About.PRICE, "FEED_PROCESSING_FINISHED": About.OTHER}
    assert {kind: replace(TOLD, kind=kind).about for kind in kinds} == kinds
