"""The operator hears of an order that is about to be late, and no more once it has left."""

from __future__ import annotations

from datetime import timedelta

from arb_pipelines.domain.alert import Severity
from arb_pipelines.domain.order import HANDLING, WARNED_BEFORE
from arb_pipelines.services import returns
from arb_pipelines.services.late_shipments import warn_of_late
from arb_pipelines_tests.services.selling_desk import SellingDesk
from arb_pipelines_tests.services.test_fulfilment import load, ship, sold_desk


def alerts(desk: SellingDesk) -> list[tuple[str, Severity, int]]:
    return [(one.alert.kind, one.alert.severity, one.times) for one in desk.books.alerts.load_open()]


def test_a_warning_before_and_an_alarm_after() -> None:
    """One alert, counted, that becomes critical; a fresh order is none."""
    desk = sold_desk()
    load(desk)
    assert warn_of_late(desk.books, desk.clock) == []
    desk.clock.advance(seconds=(HANDLING - WARNED_BEFORE).total_seconds())
    assert len(warn_of_late(desk.books, desk.clock)) == 1
    assert alerts(desk) == [("late_shipment", Severity.WARNING, 1)]
    desk.clock.advance(hours=5)
    warn_of_late(desk.books, desk.clock)
    desk.clock.advance(seconds=timedelta(hours=5).total_seconds())
    warn_of_late(desk.books, desk.clock)
    desk.clock.advance(seconds=timedelta(hours=2).total_seconds())
    warn_of_late(desk.books, desk.clock)
    assert alerts(desk) == [("late_shipment", Severity.CRITICAL, 4)]


def test_what_has_left_is_alarmed_no_more() -> None:
    """Its alert is closed by itself."""
    desk = sold_desk()
    load(desk)
    desk.clock.advance(hours=72)
    warn_of_late(desk.books, desk.clock)
    ship(desk)
    assert warn_of_late(desk.books, desk.clock) == []
    assert alerts(desk) == []


def test_what_was_cancelled_before_it_left_is_neither_late_nor_shipped() -> None:
    """Until somebody closes the return; a return after the parcel left holds nothing back."""
    desk = sold_desk(units=2)
    first, second = load(desk).imported
    case = returns.open_return(desk.books, first.order_id, 1, "cancelled", desk.clock, "cancelled")
    desk.clock.advance(hours=72)
    assert [order.order_id for order in warn_of_late(desk.books, desk.clock)] == [second.order_id]
    done = ship(desk)
    assert done.shipped == [second.order_id]
    assert [(one.key, one.code) for one in done.not_done] == [(first.order_id, "cancelled")]
    assert warn_of_late(desk.books, desk.clock) == []
    returns.open_return(desk.books, second.order_id, 1, "why", desk.clock, "r2")
    returns.close(desk.books, case.return_id, desk.clock)
    assert ship(desk).shipped == [first.order_id]
