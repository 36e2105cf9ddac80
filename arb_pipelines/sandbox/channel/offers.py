"""Our offers at the selling channel, and the listings that publishing them makes.

What belongs here: the life of an offer: created, published once, revised, sold out, withdrawn. An offer that is
published again keeps its listing; only after a withdrawal does publishing make a new one.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from typing import Any

from arb_pipelines.sandbox.channel.account import MARKETPLACE
from arb_pipelines.sandbox.channel.amounts import read_minor
from arb_pipelines.sandbox.channel.errors import INVENTORY, ChannelError, invalid_value, not_available
from arb_pipelines.sandbox.channel.items import ItemStore
from arb_pipelines.sandbox.channel.publish_rules import check_publishable
from arb_pipelines.sandbox.state_store import transaction
from arb_pipelines.sandbox.timeline import Timeline, format_utc

FIRST_OFFER_ID = 5_000_000_000
FIRST_LISTING_ID = 110_000_000_000
_KEPT_ON_UPDATE = ("sku", "marketplaceId", "format")


@dataclass(frozen=True, slots=True)
class LiveListing:
    """A published offer as buyers see it."""

    listing_id: int
    offer_id: int
    sku: str
    item: dict[str, Any]
    price_minor: int
    quantity: int
    listed_h: float


class OfferStore:
    """The seller's offers and listings."""

    def __init__(self, state: sqlite3.Connection, items: ItemStore, timeline: Timeline) -> None:
        """Keep offers in the state file, beside the items that they offer."""
        self._state = state
        self._items = items
        self._timeline = timeline

    def create(self, body: Any) -> str:
        """Create the one offer of a SKU and return its id.

        Raises:
            ChannelError: a missing field, an unknown SKU, or a second offer for the SKU.
        """
        if not isinstance(body, dict) or not isinstance(body.get("sku"), str):
            raise invalid_value("sku")
        for field, wanted in (("marketplaceId", MARKETPLACE), ("format", "FIXED_PRICE")):
            if body.get(field) != wanted:
                raise invalid_value(field)
        sku = body["sku"]
        if self._items.find(sku) is None:
            raise ChannelError(400, 25702, INVENTORY, f"{sku} could not be found or is not available in the system.")
        known = self._state.execute("SELECT offer_id FROM offers WHERE sku = ?", (sku,)).fetchone()
        if known is not None:
            message = "A user error has occurred. Offer entity already exists."
            parameters = {"offerId": _offer_text(known["offer_id"])}
            raise ChannelError(400, 25002, INVENTORY, message, parameters=parameters)
        _check_numbers(body)
        cursor = self._state.execute("INSERT INTO offers (sku, body) VALUES (?, ?)", (sku, json.dumps(body)))
        return _offer_text(cursor.lastrowid or 0)

    def update(self, offer_id: str, body: Any) -> str:
        """Replace an offer but for its SKU, marketplace and format; a published one is revised at once.

        Raises:
            ChannelError: no such offer, or values that may not be published.
        """
        row = self._row(offer_id)
        if not isinstance(body, dict):
            raise invalid_value("request body")
        old = json.loads(row["body"])
        new = {**body, **{name: old[name] for name in _KEPT_ON_UPDATE}}
        _check_numbers(new)
        if row["listing_id"] is not None:
            check_publishable(new, self._items.get(row["sku"]))
        self._save(row["offer_id"], new)
        return offer_id

    def get(self, offer_id: str) -> dict[str, Any]:
        """Return an offer.

        Raises:
            ChannelError: no such offer (404).
        """
        return self._document(self._row(offer_id))

    def of_sku(self, sku: str) -> list[dict[str, Any]]:
        """Return the offers of a SKU: none or one."""
        rows = self._state.execute("SELECT * FROM offers WHERE sku = ?", (sku,)).fetchall()
        return [self._document(row) for row in rows]

    def delete(self, offer_id: str) -> None:
        """Remove an offer and end its listing.

        Raises:
            ChannelError: no such offer (404).
        """
        row = self._row(offer_id)
        self._state.execute("DELETE FROM offers WHERE offer_id = ?", (row["offer_id"],))

    def publish(self, offer_id: str) -> str:
        """Make the offer a listing, unless it is one already, and return the listing id.

        Raises:
            ChannelError: no such offer, or something is missing that a listing needs.
        """
        row = self._row(offer_id)
        if row["listing_id"] is not None:
            return listing_text(row["listing_id"])
        check_publishable(json.loads(row["body"]), self._items.get(row["sku"]))
        values = (row["offer_id"], row["sku"], self._timeline.now_h(), format_utc(self._timeline.real_now()))
        with transaction(self._state):
            cursor = self._state.execute(
                "INSERT INTO listings (offer_id, sku, listed_h, listed_at) VALUES (?, ?, ?, ?)", values
            )
            listing_id = cursor.lastrowid or 0
            update = "UPDATE offers SET listing_id = ? WHERE offer_id = ?"
            self._state.execute(update, (listing_id, row["offer_id"]))
        return listing_text(listing_id)

    def withdraw(self, offer_id: str) -> str:
        """End the offer's listing and return its id.

        Raises:
            ChannelError: no such offer, or it is not published.
        """
        row = self._row(offer_id)
        if row["listing_id"] is None:
            raise ChannelError(400, 25713, INVENTORY, "This Offer is not available : it is not published.")
        self._state.execute("UPDATE offers SET listing_id = NULL WHERE offer_id = ?", (row["offer_id"],))
        return listing_text(row["listing_id"])

    def revise(self, offer_id: str, sku: str | None, price: Any, quantity: Any) -> None:
        """Change price and quantity of a published offer; None leaves a value as it is.

        Raises:
            ChannelError: no such published offer of this SKU, or a bad value.
        """
        row = self._row(offer_id)
        if row["listing_id"] is None or (sku is not None and sku != row["sku"]):
            raise ChannelError(400, 25713, INVENTORY, "This Offer is not available : not published, or another SKU.")
        body = json.loads(row["body"])
        if price is not None:
            body["pricingSummary"] = {**body.get("pricingSummary", {}), "price": price}
        if quantity is not None:
            body["availableQuantity"] = quantity
        _check_numbers(body)
        self._save(row["offer_id"], body)

    def live_listings(self) -> list[LiveListing]:
        """Return every published offer, sold-out ones with quantity 0, oldest listing first."""
        rows = self._state.execute(
            "SELECT o.*, l.listed_h, i.body AS item, i.quantity FROM offers o JOIN listings l USING (listing_id) "
            "JOIN inventory_items i ON i.sku = o.sku ORDER BY listing_id"
        ).fetchall()
        return [_live(row) for row in rows]

    def sell_one(self, listing: LiveListing) -> None:
        """Count one unit of a listing as sold. The caller holds the transaction."""
        self._items.set_quantity(listing.sku, self._items.quantity(listing.sku) - 1)
        self._state.execute("UPDATE listings SET sold = sold + 1 WHERE listing_id = ?", (listing.listing_id,))
        row = self._state.execute("SELECT body FROM offers WHERE offer_id = ?", (listing.offer_id,)).fetchone()
        body = json.loads(row["body"])
        if "availableQuantity" in body:
            body["availableQuantity"] -= 1
            self._save(listing.offer_id, body)

    def count(self) -> int:
        """Return how many offers there are."""
        return int(self._state.execute("SELECT COUNT(*) FROM offers").fetchone()[0])

    def _row(self, offer_id: str) -> sqlite3.Row:
        number = int(offer_id) - FIRST_OFFER_ID if offer_id.isdigit() else 0
        query = "SELECT * FROM offers WHERE offer_id = ?"
        row: sqlite3.Row | None = self._state.execute(query, (number,)).fetchone()
        if row is None:
            raise not_available(offer_id)
        return row

    def _save(self, number: int, body: dict[str, Any]) -> None:
        self._state.execute("UPDATE offers SET body = ? WHERE offer_id = ?", (json.dumps(body), number))

    def _document(self, row: sqlite3.Row) -> dict[str, Any]:
        document = {"offerId": _offer_text(row["offer_id"]), **json.loads(row["body"]), "status": "UNPUBLISHED"}
        if row["listing_id"] is None:
            return document
        listing = self._state.execute("SELECT * FROM listings WHERE listing_id = ?", (row["listing_id"],)).fetchone()
        stock = self._items.quantity(row["sku"])
        left = min(document.get("availableQuantity", stock), stock)
        document["status"] = "PUBLISHED"
        document["listing"] = {
            "listingId": listing_text(row["listing_id"]),
            "listingStatus": "ACTIVE" if left > 0 else "OUT_OF_STOCK",
            "soldQuantity": listing["sold"],
        }
        return document


def listing_text(number: int) -> str:
    """Return a listing's number as the channel writes it."""
    return str(FIRST_LISTING_ID + number)


def _offer_text(number: int) -> str:
    return str(FIRST_OFFER_ID + number)


def _check_numbers(body: dict[str, Any]) -> None:
    quantity = body.get("availableQuantity")
    if quantity is not None and (type(quantity) is not int or quantity < 0):
        raise ChannelError(400, 25004, INVENTORY, "The offer has an invalid quantity.")
    price = (body.get("pricingSummary") or {}).get("price")
    if price is not None and read_minor(price) is None:
        raise ChannelError(400, 25003, INVENTORY, "The offer has an invalid price.")


def _live(row: sqlite3.Row) -> LiveListing:
    body = json.loads(row["body"])
    return LiveListing(
        listing_id=row["listing_id"],
        offer_id=row["offer_id"],
        sku=row["sku"],
        item=json.loads(row["item"]),
        price_minor=read_minor(body["pricingSummary"]["price"]) or 0,
        quantity=min(body.get("availableQuantity", row["quantity"]), row["quantity"]),
        listed_h=row["listed_h"],
    )
