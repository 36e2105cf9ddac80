"""Buyers' orders at the selling channel and their shipments.

What belongs here: storing and finding them. How an order reads on the wire is `order_document.py`.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from arb_pipelines.sandbox.channel.errors import FULFILLMENT, ChannelError
from arb_pipelines.sandbox.channel.offers import LiveListing
from arb_pipelines.sandbox.channel.order_document import line_item_text, order_number
from arb_pipelines.sandbox.state_store import transaction
from arb_pipelines.sandbox.timeline import format_utc, parse_utc


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """Which orders are wanted; None leaves a bound open."""

    created_from: datetime | None = None
    created_to: datetime | None = None
    modified_from: datetime | None = None
    modified_to: datetime | None = None
    statuses: frozenset[str] = frozenset()

    def accepts(self, row: sqlite3.Row) -> bool:
        """Return whether an order is wanted."""
        if self.statuses and ("FULFILLED" if row["fulfilled"] else "NOT_STARTED") not in self.statuses:
            return False
        created, modified = parse_utc(row["created_at"]), parse_utc(row["modified_at"])
        return _within(created, self.created_from, self.created_to) and _within(
            modified, self.modified_from, self.modified_to
        )


class OrderStore:
    """The orders of our listings, oldest first."""

    def __init__(self, state: sqlite3.Connection) -> None:
        """Keep orders in the state file."""
        self._state = state

    def insert(self, listing: LiveListing, sold_at: datetime) -> None:
        """Add the order of one unit of a listing. The caller holds the transaction."""
        product = listing.item.get("product") or {}
        moment = format_utc(sold_at)
        self._state.execute(
            "INSERT INTO channel_orders (sku, listing_id, title, price_minor, currency, created_at, modified_at) "
            "VALUES (?, ?, ?, ?, 'USD', ?, ?)",
            (listing.sku, listing.listing_id, product.get("title", ""), listing.price_minor, moment, moment),
        )

    def find(self, wanted: OrderFilter) -> list[sqlite3.Row]:
        """Return the orders that a filter accepts."""
        rows = self._state.execute("SELECT * FROM channel_orders ORDER BY number")
        return [row for row in rows if wanted.accepts(row)]

    def get(self, seed: int, order_id: str) -> sqlite3.Row:
        """Return one order.

        Raises:
            ChannelError: no such order (404).
        """
        number = order_number(seed, order_id)
        query = "SELECT * FROM channel_orders WHERE number = ?"
        row: sqlite3.Row | None = self._state.execute(query, (number,)).fetchone()
        if row is None:
            raise ChannelError(404, 32100, FULFILLMENT, f"Invalid order ID: {order_id}")
        return row

    def fulfilments(self, number: int) -> list[sqlite3.Row]:
        """Return the shipments of an order."""
        query = "SELECT * FROM fulfilments WHERE number = ? ORDER BY rowid"
        return self._state.execute(query, (number,)).fetchall()

    def ship(self, row: sqlite3.Row, body: Any, now: datetime) -> str:
        """Store a shipment and return its id, which is the tracking number.

        Raises:
            ChannelError: a wrong line item, a missing carrier or number (400), or the same number again (409).
        """
        tracking, carrier = _tracking_of(body)
        lines = body.get("lineItems") or [{"lineItemId": line_item_text(row["number"])}]
        for line in lines:
            if not isinstance(line, dict) or line.get("lineItemId") != line_item_text(row["number"]):
                raise ChannelError(400, 32200, FULFILLMENT, "Invalid line item id")
        shipped_at = _shipped_at(body, now)
        shipment = (row["number"], tracking, carrier, format_utc(shipped_at))
        try:
            with transaction(self._state):
                self._state.execute("INSERT INTO fulfilments VALUES (?, ?, ?, ?)", shipment)
                update = "UPDATE channel_orders SET fulfilled = 1, modified_at = ? WHERE number = ?"
                self._state.execute(update, (format_utc(now), row["number"]))
        except sqlite3.IntegrityError as error:
            message = f"The order has a shipment with tracking number {tracking} already."
            raise ChannelError(409, 32300, FULFILLMENT, message) from error
        return tracking

    def count(self) -> int:
        """Return how many orders there are."""
        return int(self._state.execute("SELECT COUNT(*) FROM channel_orders").fetchone()[0])


def _within(moment: datetime, start: datetime | None, end: datetime | None) -> bool:
    return (start is None or moment >= start) and (end is None or moment <= end)


def _tracking_of(body: Any) -> tuple[str, str]:
    fields = body if isinstance(body, dict) else {}
    tracking, carrier = fields.get("trackingNumber"), fields.get("shippingCarrierCode")
    if not (isinstance(tracking, str) and tracking.isalnum() and isinstance(carrier, str) and carrier):
        message = "Invalid shipment tracking number or carrier: letters and digits only, and both are needed"
        raise ChannelError(400, 32300, FULFILLMENT, message)
    return tracking, carrier


def _shipped_at(body: dict[str, Any], now: datetime) -> datetime:
    text = body.get("shippedDate")
    if text is None:
        return now
    try:
        return parse_utc(str(text))
    except ValueError as error:
        raise ChannelError(400, 32500, FULFILLMENT, "Invalid shipped date") from error
