"""Inventory items of the selling channel: what the seller has, by SKU.

What belongs here: storing the item records and counting units down. Asking a price for them is `offers.py`.
"""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from arb_pipelines.sandbox.channel.errors import INVENTORY, ChannelError, invalid_value
from arb_pipelines.sandbox.state_store import transaction

MOST_TITLE_LETTERS = 80
MOST_SKU_LETTERS = 50


class ItemStore:
    """The seller's inventory items."""

    def __init__(self, state: sqlite3.Connection) -> None:
        """Keep the items in the state file."""
        self._state = state

    def put(self, sku: str, body: Any) -> bool:
        """Create or replace an item; return whether it is new.

        Raises:
            ChannelError: the SKU is too long, or quantity or title are not usable.
        """
        if not 1 <= len(sku) <= MOST_SKU_LETTERS:
            raise ChannelError(400, 25707, INVENTORY, "Invalid sku.", parameters={"sku": sku})
        if not isinstance(body, dict):
            raise ChannelError(400, 25709, INVENTORY, "Invalid value for request body.")
        quantity = _quantity_in(body)
        title = (body.get("product") or {}).get("title")
        if title is not None and not (isinstance(title, str) and 1 <= len(title) <= MOST_TITLE_LETTERS):
            raise invalid_value("product.title")
        is_new = self.find(sku) is None
        self._state.execute(
            "INSERT OR REPLACE INTO inventory_items (sku, body, quantity) VALUES (?, ?, ?)",
            (sku, json.dumps(body), quantity),
        )
        return is_new

    def find(self, sku: str) -> dict[str, Any] | None:
        """Return the item record with its present quantity, or None."""
        row = self._state.execute("SELECT * FROM inventory_items WHERE sku = ?", (sku,)).fetchone()
        return None if row is None else _record(row)

    def get(self, sku: str) -> dict[str, Any]:
        """Return the item record.

        Raises:
            ChannelError: no such item (404).
        """
        record = self.find(sku)
        if record is None:
            raise ChannelError(404, 25710, INVENTORY, f"{sku} could not be found or is not available in the system.")
        return record

    def delete(self, sku: str) -> None:
        """Remove an item with its offer; a listing of it ends.

        Raises:
            ChannelError: no such item (404).
        """
        self.get(sku)
        with transaction(self._state):
            self._state.execute("DELETE FROM offers WHERE sku = ?", (sku,))
            self._state.execute("DELETE FROM inventory_items WHERE sku = ?", (sku,))

    def quantity(self, sku: str) -> int:
        """Return the units in stock; 0 for an unknown SKU."""
        row = self._state.execute("SELECT quantity FROM inventory_items WHERE sku = ?", (sku,)).fetchone()
        return 0 if row is None else int(row["quantity"])

    def set_quantity(self, sku: str, quantity: int) -> None:
        """Set the units in stock."""
        self._state.execute("UPDATE inventory_items SET quantity = ? WHERE sku = ?", (quantity, sku))

    def count(self) -> int:
        """Return how many items there are."""
        return int(self._state.execute("SELECT COUNT(*) FROM inventory_items").fetchone()[0])


def _quantity_in(body: dict[str, Any]) -> int:
    stock = (body.get("availability") or {}).get("shipToLocationAvailability") or {}
    quantity = stock.get("quantity", 0)
    if type(quantity) is not int or quantity < 0:
        raise invalid_value("availability.shipToLocationAvailability.quantity")
    return quantity


def _record(row: sqlite3.Row) -> dict[str, Any]:
    record: dict[str, Any] = json.loads(row["body"])
    availability = record.setdefault("availability", {})
    availability.setdefault("shipToLocationAvailability", {})["quantity"] = row["quantity"]
    return {"sku": row["sku"], "locale": "en_US", **record}
