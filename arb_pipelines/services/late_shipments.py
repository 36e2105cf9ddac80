"""Orders that are, or soon will be, late: the operator is told in time, and told no more once they have left.

What belongs here: raising and closing that alarm. When an order is late is `domain/order.py`.
"""

from __future__ import annotations

from arb_pipelines.domain.alert import Alert, Severity
from arb_pipelines.domain.order import Order
from arb_pipelines.domain.ports import Clock
from arb_pipelines.domain.stores import Books
from arb_pipelines.services.notifications import clear_alert, raise_alert
from arb_pipelines.services.returns import held_back

KIND = "late_shipment"


def warn_of_late(books: Books, clock: Clock) -> list[Order]:
    """Raise an alert for every order that is due and still in the house; return those orders, the most urgent first.

    An order that must ship within half a day is a warning, one whose time has passed is critical. The alerts of
    orders that have left, or were cancelled, are closed.
    """
    now = clock.now()
    due = [order for order in books.orders.load_unshipped() if order.is_due(now)]
    cancelled = held_back(books, due)
    due = [order for order in due if order.order_id not in cancelled]
    for order in due:
        late = now >= order.must_ship_by
        raise_alert(books, _alert(order, Severity.CRITICAL if late else Severity.WARNING), clock)
    keys = {_key(order) for order in due}
    for raised in books.alerts.load_open():
        if raised.alert.kind == KIND and raised.alert.dedupe_key not in keys:
            clear_alert(books, raised.alert.dedupe_key, clock, "shipped")
    return sorted(due, key=lambda order: (order.must_ship_by, order.order_id))


def _key(order: Order) -> str:
    return f"{KIND}:{order.order_id}"


def _alert(order: Order, severity: Severity) -> Alert:
    subject = f"order {order.order_id} must ship by {order.must_ship_by:%Y-%m-%d %H:%M} UTC"
    detail = f"{order.quantity} of {order.sku}, {order.state}; send it and say so: arb ship"
    return Alert(KIND, subject, detail, severity, _key(order))
