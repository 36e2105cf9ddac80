"""What outlets show of cancelled and refunded orders, into the books: what is certain once, the rest to a person.

What belongs here: the order of steps. A case is opened where the whole line is cancelled or refunded, a refund booked
where its amount and the fee that came back are told. Nothing becomes stock here: somebody looks at the goods first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

from arb_pipelines.domain.access_stores import WebhookEvent
from arb_pipelines.domain.alert import Alert, Severity
from arb_pipelines.domain.order import IN_HOUSE, Order
from arb_pipelines.domain.ports import Clock
from arb_pipelines.domain.return_case import ReturnCase, ReturnRefusedError, ReturnState, ToldReturn, units_left
from arb_pipelines.domain.stores import Books
from arb_pipelines.services import returns
from arb_pipelines.services.notifications import raise_alert
from arb_pipelines.services.outcomes import NotDone, Report, refused_by

OVERLAP = timedelta(days=1)  # a change can become visible late
CANCELLED, REFUNDED = "cancelled", "refunded"


@runtime_checkable
class ReturnTeller(Protocol):
    """An outlet whose orders show that they were cancelled or refunded."""

    outlet: str
    returns_every: timedelta  # how often it may be asked

    def fetch_returns(self, since: datetime) -> Sequence[ToldReturn]:
        """Return the lines of orders changed since then that were cancelled or refunded.

        Raises:
            OSError: no answer.
            ValueError: the outlet refuses, or its answer cannot be understood.
        """


@dataclass(slots=True)
class ReturnsImported(Report):
    """Cases opened, refunds booked (return ids), and what is left to a person with why."""

    opened: list[str] = field(default_factory=list)
    refunded: list[str] = field(default_factory=list)
    not_done: list[NotDone] = field(default_factory=list)


def import_returns(books: Books, teller: ReturnTeller, clock: Clock) -> ReturnsImported:
    """Take over what an outlet shows since the last look, less a day; the same again changes nothing.

    The watermark moves after everything is in the books, so a look that died is made again.
    """
    done, now, reader = ReturnsImported(), clock.now(), f"returns:{teller.outlet}"
    orders = {(o.outlet_order_id, o.line_item_id): o for o in books.orders.load() if o.outlet == teller.outlet}
    cursor = books.price_history.load_cursor(reader)
    last = None if cursor is None else datetime.fromisoformat(cursor)
    if not orders or (last is not None and now - last < teller.returns_every):
        return done
    try:
        told = teller.fetch_returns((last or min(one.ordered_at for one in orders.values())) - OVERLAP)
    except (OSError, ValueError) as error:
        done.not_done.append(refused_by(f"{teller.outlet} returns", error))
        return done
    for one in told:
        order = orders.get((one.outlet_order_id, one.line_item_id))
        if order is None:
            continue
        try:
            _take_over(one, order, books, clock, done)
        except ReturnRefusedError as error:
            _leave(order, one, NotDone(order.order_id, "return_refused", str(error)), books, clock, done)
    books.price_history.store_cursor(reader, now.isoformat())
    return done


def _take_over(told: ToldReturn, order: Order, books: Books, clock: Clock, done: ReturnsImported) -> None:
    cases = [case for case in books.returns.load() if case.order_id == order.order_id]
    booked = sum(case.refund.minor for case in cases if case.refund is not None)
    case = _case_of(told, order, cases, books, clock, done)
    if told.refund is None or told.refund.minor == booked:
        return
    if booked:
        why = NotDone(
            order.order_id, "refund_differs", f"{order.outlet} shows {told.refund}, the books hold another sum"
        )
    elif case is None:
        detail = f"{told.refund} of {order.revenue} was refunded: arb return open, then arb return refund"
        why = NotDone(order.order_id, "refund_partial", detail)
    elif told.fee_back is None:
        detail = (
            f"{told.refund} was refunded, what came back of the fee is not told: arb return refund {case.return_id}"
        )
        why = NotDone(order.order_id, "fee_back_unknown", detail)
    else:
        returns.refund(books, case.return_id, told.refund, told.fee_back, clock)
        done.refunded.append(case.return_id)
        return
    _leave(order, told, why, books, clock, done)


def _case_of(
    told: ToldReturn, order: Order, cases: Sequence[ReturnCase], books: Books, clock: Clock, done: ReturnsImported
) -> ReturnCase | None:
    """Return the case of the whole line, opened now if need be; None where only a part was refunded."""
    taken = next((case for case in cases if case.state is not ReturnState.CLOSED), None)
    if taken is not None:
        return taken
    if not told.is_cancelled and told.refund != order.revenue:
        return None
    mark = CANCELLED if told.is_cancelled else REFUNDED
    units = units_left(order.quantity, list(cases))
    case = returns.open_return(books, order.order_id, units, f"{mark} at {order.outlet}", clock, mark)
    if case.return_id not in {one.return_id for one in cases}:
        done.opened.append(case.return_id)
        _tell_opened(order, told, case, books, clock)
    return case


def _tell_opened(order: Order, told: ToldReturn, case: ReturnCase, books: Books, clock: Clock) -> None:
    in_house = told.is_cancelled and order.state in IN_HOUSE
    subject = f"{order.order_id} was {CANCELLED if told.is_cancelled else REFUNDED} at {order.outlet}"
    what = "do not ship it; look at the unit" if in_house else "wait for the parcel and look at it"
    detail = f"{what}, then: arb return received {case.return_id}, and restock or write-off"
    severity = Severity.CRITICAL if in_house else Severity.WARNING
    raise_alert(books, Alert("order_returned", subject, detail, severity, f"order_returned:{order.order_id}"), clock)


def _leave(order: Order, told: ToldReturn, why: NotDone, books: Books, clock: Clock, done: ReturnsImported) -> None:
    """Leave it to a person and tell them once of each thing that the outlet showed."""
    done.not_done.append(why)
    provider, event_id = f"{order.outlet}-returns", f"{order.order_id} {why.code} {told.refund}"[:200]
    if books.webhook_events.first_received(provider, [event_id]) is not None:
        return
    subject = f"a refund of {order.order_id} is not in the books"
    raise_alert(books, Alert("refund_not_booked", subject, f"{why.code}: {why.detail}"), clock)
    books.webhook_events.insert([WebhookEvent(provider, event_id, why.code, {}, clock.now())])
