"""Acting on what an outlet tells by itself, so that a notification may come twice and a worker may die at any point.

What belongs here: the order of steps. The effect is committed before the notification counts as done; it is kept
under its own id, so the same one again changes nothing. What did not come about stays in the queue.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

from arb_pipelines.domain.access_stores import WebhookEvent
from arb_pipelines.domain.fees import FeeSchedules
from arb_pipelines.domain.listing import ListingState
from arb_pipelines.domain.order import OutletOrder
from arb_pipelines.domain.outlet import OutletTerms
from arb_pipelines.domain.outlet_event import About, NotActedError, Notification
from arb_pipelines.domain.ports import Clock
from arb_pipelines.domain.stores import Books
from arb_pipelines.services.fulfilment import Imported, import_lines
from arb_pipelines.services.outcomes import NotDone, Report, refused_by

CLOCK_SLACK = timedelta(minutes=2)  # between the outlet's clock and ours
NOT_OURS = "unknown_sku"  # the account also sells what was listed by hand; reading it again would not change that


@runtime_checkable
class OrderTeller(Protocol):
    """An outlet that tells a single order."""

    outlet: str

    def fetch_order(self, outlet_order_id: str) -> list[OutletOrder]:
        """Return the lines of one order that are ours to ship or shipped.

        Raises:
            OSError: no answer.
            ValueError: the outlet refuses, or its answer cannot be understood.
        """


@dataclass(slots=True)
class Heard(Report):
    """Orders imported, SKUs or products whose market moved, notifications known before or of no use, and the rest."""

    imported: list[str] = field(default_factory=list)
    moved: list[str] = field(default_factory=list)
    known: list[str] = field(default_factory=list)
    other: list[str] = field(default_factory=list)
    not_done: list[NotDone] = field(default_factory=list)


class EventListener:
    """Acts on the notifications of one outlet during one run."""

    def __init__(
        self, books: Books, seller: OrderTeller, schedules: FeeSchedules, terms: OutletTerms, clock: Clock
    ) -> None:
        """Act for one outlet. An order is asked for once a run, unless it changed after it was read."""
        self._books, self._seller = books, seller
        self._schedules, self._terms, self._clock = schedules, terms, clock
        self._read_at: dict[str, datetime] = {}
        self.heard = Heard()

    def act(self, told: Notification) -> None:
        """Act on a notification and keep it; return only after its effect is committed.

        Raises:
            NotActedError: its effect did not come about; it must be told again.
        """
        store, outlet = self._books.webhook_events, self._seller.outlet
        if store.first_received(outlet, [told.notification_id]) is not None:
            self.heard.known.append(told.notification_id)
            return
        if told.about is About.ORDER:
            self._read_order(told)
        elif told.about is About.PRICE:
            self.heard.moved.append(told.sku or told.asin or "unnamed")
        else:
            self.heard.other.append(told.kind)
        about = {"order_id": told.order_id, "sku": told.sku, "asin": told.asin}
        payload = {**about, "happened_at": told.happened_at.isoformat()}
        store.insert([WebhookEvent(outlet, told.notification_id, told.kind[:200], payload, self._clock.now())])

    def _read_order(self, told: Notification) -> None:
        if told.order_id is None:
            raise NotActedError("order_unnamed", f"{told.notification_id} names no single order")
        read_at = self._read_at.get(told.order_id)
        if read_at is not None and told.happened_at < read_at - CLOCK_SLACK:
            return
        done, now = Imported(), self._clock.now()
        try:
            lines = self._seller.fetch_order(told.order_id)
        except (OSError, ValueError) as error:
            refused = refused_by(told.order_id, error)
            raise NotActedError(refused.code, refused.detail) from error
        import_lines(self._books, self._seller.outlet, lines, self._schedules, self._terms, self._clock, done)
        self.heard.imported += [order.order_id for order in done.imported]
        self.heard.not_done += done.not_done
        failed = [one for one in done.not_done if one.code != NOT_OURS]
        if failed:
            raise NotActedError(failed[0].code, failed[0].detail)
        self._read_at[told.order_id] = now


def moved_listings(books: Books, outlet: str, events: Sequence[WebhookEvent]) -> set[str]:
    """Return the SKUs of our active listings whose market these kept notifications say has moved."""
    named = {str(event.payload.get(name)) for event in events for name in ("sku", "asin") if event.payload.get(name)}
    active = [one for one in books.listings.load((ListingState.ACTIVE,)) if one.outlet == outlet]
    return {one.sku for one in active if one.sku in named or one.outlet_listing_id in named}
