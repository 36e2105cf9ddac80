"""Telling the operator what following the books brought to light: orders, parcels and sales that do not fit.

What belongs here: which finding is an alert and how urgent it is, and taking back what has mended itself. A finding
that only stood in the log of a run that went well was seen by nobody.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from arb_pipelines.domain.alert import Alert, Severity
from arb_pipelines.domain.ports import Clock
from arb_pipelines.domain.purchase import PurchaseState
from arb_pipelines.domain.reconciliation import Alarm
from arb_pipelines.domain.stores import Books
from arb_pipelines.services.notifications import clear_alert, raise_alert
from arb_pipelines.services.outcomes import NotDone

# What the books and a shop disagree about; a code that is not named here is a warning all the same.
ALARMS = {
    "double_order": (Severity.CRITICAL, "the shop has two orders for one purchase; cancel one there"),
    "unexpected_order": (Severity.CRITICAL, "the shop has an order for a purchase that our books closed"),
    "currency_differs": (Severity.CRITICAL, "an order is in another currency than the money that was held"),
    "uncertain_overdue": (Severity.CRITICAL, "an order may exist, and the order history cannot be read"),
    "orphan_order": (Severity.WARNING, "the account has an order that our books never asked for"),
    "ambiguous_order": (Severity.WARNING, "the account has an order that fits several purchases"),
    "order_missing": (Severity.WARNING, "an order that we paid for is not in the shop's history"),
    "no_buyer": (Severity.INFO, "purchases are open where no machine can look: say what became of them"),
}
NOT_IMPORTED, UNCERTAIN, BROKEN = "order_not_imported", "uncertain", "invariant_broken"
FOREIGN = "unknown_sku"  # whoever sells by other means as well has many; it is never imported later
KEPT = timedelta(days=3_650)  # an order that waits is one alert until it is imported or a person closes it


def alert_alarms(books: Books, alarms: Iterable[Alarm], clock: Clock) -> int:
    """Raise an alert for each thing that books and shop disagree about; return how many were news."""
    return sum(raise_alert(books, _alarm(alarm), clock) for alarm in alarms)


def _alarm(alarm: Alarm) -> Alert:
    severity, meaning = ALARMS.get(alarm.code, (Severity.WARNING, "the books and the shop tell different stories"))
    about = alarm.purchase_id or alarm.shop_order_id or ""
    detail = f"{alarm.detail}; purchase {alarm.purchase_id or 'none'}, order {alarm.shop_order_id or 'unknown'}"
    return Alert(alarm.code, f"{alarm.site}: {meaning}", detail, severity, f"{alarm.code}:{alarm.site}:{about}")


def alert_uncertain(books: Books, clock: Clock) -> None:
    """Raise an alert for each purchase that is uncertain, whoever found it so, and take back those that were settled.

    A worker that died with an order on the wire tells nobody. A bid that stands is uncertain until its auction ends.
    """
    waiting = [one for one in books.purchases.load([PurchaseState.UNCERTAIN]) if one.auction_ends_at is None]
    keys = {f"{UNCERTAIN}:{one.site}:{one.purchase_id}": one for one in waiting}
    for key, one in keys.items():
        subject = f"{one.site}: an order may or may not exist; it is never sent again"
        detail = f"{one.quantity} x {one.title} for at most {one.reserved}; see `arb explain {one.purchase_id}`"
        raise_alert(books, Alert(UNCERTAIN, subject, detail, Severity.CRITICAL, key), clock)
    _take_back(books, f"{UNCERTAIN}:", keys, clock)


def alert_broken(books: Books, looked_at: Iterable[str], broken: Mapping[str, int], clock: Clock) -> None:
    """Raise an alert for each invariant of the books that does not hold, and take back those that hold again.

    Args:
        books: our books.
        looked_at: how the names of the invariants begin that were asked for.
        broken: those that do not hold, with how many rows break them.
        clock: the time.
    """
    for name, rows in broken.items():
        detail = f"{rows} rows break it; nothing mends this by itself: `arb halt buy`, then `arb verify`"
        subject = f"the books are wrong: {name} does not hold"
        raise_alert(books, Alert(BROKEN, subject, detail, Severity.CRITICAL, f"{BROKEN}:{name}"), clock)
    for prefix in looked_at:
        _take_back(books, f"{BROKEN}:{prefix}", {f"{BROKEN}:{name}" for name in broken}, clock)


def _take_back(books: Books, prefix: str, still: Collection[str], clock: Clock) -> None:
    for raised in books.alerts.load_open():
        key = raised.alert.dedupe_key
        if key.startswith(prefix) and key not in still:
            clear_alert(books, key, clock)


def alert_not_received(books: Books, refused: Iterable[NotDone], clock: Clock) -> int:
    """Raise an alert for each parcel that arrived and cannot be taken into stock; return how many were news."""
    alerts = (
        Alert(
            "not_received",
            f"{one.key} arrived and cannot be taken into stock",
            f"{one.code}: {one.detail}",
            dedupe_key=f"not_received:{one.key}",
        )
        for one in refused
    )
    return sum(raise_alert(books, alert, clock) for alert in alerts)


def alert_unreadable(books: Books, outlet: str, why: NotDone | None, clock: Clock) -> None:
    """Raise an alert that an outlet's orders cannot be read, or take it back when they can."""
    key = f"orders_unreadable:{outlet}"
    if why is None:
        clear_alert(books, key, clock)
        return
    subject = f"{outlet}: the orders cannot be read, so nobody knows what was sold"
    raise_alert(books, Alert("orders_unreadable", subject, f"{why.code}: {why.detail}", dedupe_key=key), clock)


def alert_imports(
    books: Books, outlet: str, imported: Sequence[str], not_done: Sequence[NotDone], clock: Clock
) -> None:
    """Raise an alert for each order that could not be imported, and take back those that were since.

    Args:
        books: our books.
        outlet: where it was sold.
        imported: the orders that are in the books now, each `order/line`.
        not_done: those that are not, by the same key.
        clock: the time.
    """
    for key in imported:
        clear_alert(books, _import_key(outlet, key), clock, "imported")
    for one in not_done:
        urgent = one.code == "oversold"
        severity = Severity.CRITICAL if urgent else Severity.INFO if one.code == FOREIGN else Severity.WARNING
        subject = f"{outlet}: order {one.key} was sold and is not in the books"
        key = f"{FOREIGN}:{outlet}" if one.code == FOREIGN else _import_key(outlet, one.key)
        alert = Alert(NOT_IMPORTED, subject, f"{one.code}: {one.detail}", severity, key)
        raise_alert(books, alert, clock, rearm_after=KEPT)


def waiting_since(books: Books, outlet: str) -> datetime | None:
    """Return since when the oldest order of an outlet waits to be imported; None where none does."""
    prefix = _import_key(outlet, "")
    waiting = (one.raised_at for one in books.alerts.load_open() if one.alert.dedupe_key.startswith(prefix))
    return min(waiting, default=None)


def _import_key(outlet: str, order: str) -> str:
    return f"{NOT_IMPORTED}:{outlet}:{order}"
