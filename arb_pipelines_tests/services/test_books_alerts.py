"""What following the books brought to light reaches the operator, once, and is taken back when it has mended itself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from arb_pipelines.adapters.sql.books import SqlBooks, open_books
from arb_pipelines.domain.alert import Severity
from arb_pipelines.domain.purchase import PurchaseState
from arb_pipelines.domain.reconciliation import Alarm
from arb_pipelines.services.books_alerts import (
    ALARMS,
    alert_alarms,
    alert_broken,
    alert_imports,
    alert_not_received,
    alert_uncertain,
    alert_unreadable,
    waiting_since,
)
from arb_pipelines.services.outcomes import NotDone
from arb_pipelines_tests.contracts.trade_records import approval, approve, opportunity, purchase, step
from arb_pipelines_tests.fakes.books import InMemoryBooks
from arb_pipelines_tests.fakes.clock import START, SettableClock


@pytest.fixture
def sql_books(sqlite_url: str) -> Iterator[SqlBooks]:
    opened = open_books(sqlite_url)
    yield opened
    opened.close()


def open_alerts(books: InMemoryBooks) -> list[tuple[str, Severity]]:
    return sorted((one.alert.kind, one.alert.severity) for one in books.alerts.load_open())


@pytest.mark.parametrize("code", [*ALARMS, "a_code_of_tomorrow"])
def test_each_alarm_is_one_alert_however_often_it_is_seen(code: str, clock: SettableClock) -> None:
    books = InMemoryBooks()
    alarms = [Alarm(code, "shop-1", "2 x S1", None, "so-1"), Alarm(code, "shop-1", "2 x S1", None, "so-2")]
    assert alert_alarms(books, alarms, clock) == 2
    assert alert_alarms(books, alarms, clock) == 0
    severity = ALARMS[code][0] if code in ALARMS else Severity.WARNING
    assert open_alerts(books) == [(code, severity)] * 2


def test_an_uncertain_order_is_told_until_it_is_settled(sql_books: SqlBooks, clock: SettableClock) -> None:
    """Whoever left it so; a bid that stands is no trouble."""
    for number, ends_at in ((1, None), (2, START)):
        wanted = purchase(approve(sql_books, number), auction_ends_at=ends_at)
        assert sql_books.purchases.claim(wanted, [], START) is None
        step(sql_books, wanted, PurchaseState.CLAIMED, PurchaseState.SUBMITTING)
        step(sql_books, wanted, PurchaseState.SUBMITTING, PurchaseState.UNCERTAIN)
    for _ in range(2):
        alert_uncertain(sql_books, clock)
    (raised,) = sql_books.alerts.load_open()
    assert (raised.alert.severity, raised.times, "opportunity-1" in raised.alert.detail) == (Severity.CRITICAL, 2, True)
    step(sql_books, purchase(approval(opportunity(1))), PurchaseState.UNCERTAIN, PurchaseState.NOT_PLACED)
    alert_uncertain(sql_books, clock)
    assert sql_books.alerts.load_open() == []


def test_books_that_are_wrong_are_told_until_they_are_right(clock: SettableClock) -> None:
    books = InMemoryBooks()
    alert_broken(books, ("I1_", "I2_"), {"I2_spent_within_limit": 1}, clock)
    alert_broken(books, ("I5_",), {}, clock)
    assert open_alerts(books) == [("invariant_broken", Severity.CRITICAL)]
    alert_broken(books, ("I1_", "I2_"), {}, clock)
    assert open_alerts(books) == []


def test_a_parcel_that_cannot_be_stock_is_told(clock: SettableClock) -> None:
    books = InMemoryBooks()
    uneven = NotDone("pu-1", "uneven_unit_cost", "20.01 for 2")
    assert [alert_not_received(books, [uneven], clock) for _ in range(2)] == [1, 0]
    (raised,) = books.alerts.load_open()
    assert "uneven_unit_cost" in raised.alert.detail


def test_an_outlet_that_can_be_read_again_is_no_alert_any_more(clock: SettableClock) -> None:
    books = InMemoryBooks()
    alert_unreadable(books, "ebay", NotDone("ebay", "outlet_unreadable", "no answer"), clock)
    assert open_alerts(books) == [("orders_unreadable", Severity.WARNING)]
    alert_unreadable(books, "ebay", None, clock)
    assert open_alerts(books) == []


def test_an_order_waits_until_it_is_imported(clock: SettableClock) -> None:
    """Foreign goods are one line of the digest, however many; they are not waited for."""
    books = InMemoryBooks()
    foreign = [NotDone(f"o-{number}/1", "unknown_sku", "x is not ours") for number in range(3)]
    alert_imports(books, "ebay", [], [NotDone("o-8/1", "oversold", "x"), *foreign], clock)
    clock.advance(hours=9)
    alert_imports(books, "ebay", [], [NotDone("o-8/1", "oversold", "x")], clock)
    assert open_alerts(books) == [("order_not_imported", Severity.CRITICAL), ("order_not_imported", Severity.INFO)]
    assert (waiting_since(books, "ebay"), waiting_since(books, "ebay-2")) == (START, None)
    alert_imports(books, "ebay", ["o-8/1"], [], clock)
    assert waiting_since(books, "ebay") is None
