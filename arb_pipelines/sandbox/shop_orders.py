"""The order desk of the shops: quotes, orders, order history.

What belongs here: what a shop answers to a customer's program. Like real shops it is not idempotent: the same
order sent twice is bought twice; the `reference` only helps to find it again.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple

from arb_pipelines.sandbox.assortment import Shop, StockedItem
from arb_pipelines.sandbox.auctions import AuctionHouse
from arb_pipelines.sandbox.pricing import ShelfState
from arb_pipelines.sandbox.timeline import format_utc, parse_utc
from arb_pipelines.sandbox.world import World

SANDBOX_BUYER_TOKEN = "sandbox-buyer"  # noqa: S105 - a published constant of a loopback toy, no secret
MOST_UNITS_AN_ORDER = 3
DEFAULT_DELIVERY_H = 20.0
SHIPPED_AFTER = 0.3  # of the delivery time


class Answer(NamedTuple):
    """A status code and a JSON body."""

    status: int
    body: dict[str, Any]


class OrderDesk:
    """Takes orders for all shops and keeps them in the state file."""

    def __init__(
        self,
        world: World,
        state: sqlite3.Connection,
        delivery_h: float = DEFAULT_DELIVERY_H,
        tax_rate: Decimal = Decimal(0),
    ) -> None:
        """Continue with the orders that `state` holds; `tax_rate` is charged on goods."""
        self._world = world
        self._state = state
        self._delivery_h = delivery_h
        self._tax_rate = tax_rate
        self._items = {item.sku: item for shop in world.shops for item in world.items_of(shop)}
        self.auctions = AuctionHouse(world, state, self._items, tax_rate)
        bought = state.execute("SELECT sku, stock_spell, SUM(quantity) FROM shop_orders GROUP BY sku, stock_spell")
        self._bought: Counter[tuple[str, int]] = Counter({(row[0], row[1]): row[2] for row in bought})

    def find_item(self, shop: Shop, sku: str) -> StockedItem | None:
        """Return the shop's item with this article number."""
        item = self._items.get(sku)
        return item if item is not None and item.shop is shop else None

    def shelf_of(self, item: StockedItem) -> tuple[ShelfState, int]:
        """Return the shelf now and the units left on it."""
        shelf = self._world.shelf(item, self._world.now_h())
        return shelf, max(0, shelf.units - self._bought[item.sku, shelf.stock_spell])

    def quote(self, shop: Shop, sku: str) -> Answer:
        """Answer what one unit costs now, all in."""
        item = self.find_item(shop, sku)
        if item is None:
            return _refusal(404, "UNKNOWN_SKU", f"this shop has no article {sku!r}")
        shelf, units = self.shelf_of(item)
        now = format_utc(self._world.timeline.real_now())
        return Answer(200, {"sku": sku, **self._amounts(item, shelf, 1), "available": units, "quoted_at": now})

    def place(self, shop: Shop, body: Any) -> Answer:
        """Take an order, or refuse it for a stated reason; a refusal buys nothing."""
        if not _is_order(body):
            wanted = "sku and reference (text), quantity and max_total_minor (whole numbers, quantity above 0)"
            return _refusal(400, "BAD_REQUEST", f"the body must be a JSON object with {wanted}")
        item = self.find_item(shop, body["sku"])
        if item is None:
            return _refusal(409, "UNKNOWN_SKU", f"this shop has no article {body['sku']!r}")
        quantity = body["quantity"]
        if quantity > MOST_UNITS_AN_ORDER:
            return _refusal(409, "LIMIT_EXCEEDED", f"at most {MOST_UNITS_AN_ORDER} units an order")
        shelf, units = self.shelf_of(item)
        if units < quantity:
            return _refusal(409, "OUT_OF_STOCK", f"{units} left, {quantity} wanted")
        amounts = self._amounts(item, shelf, quantity)
        if amounts["total_minor"] > body["max_total_minor"]:
            detail = f"the total is {amounts['total_minor']}, above {body['max_total_minor']}"
            return _refusal(409, "PRICE_CHANGED", detail)
        return Answer(201, self._insert(item, shelf, body, amounts))

    def orders(self, shop: Shop, reference: str | None, since: str | None) -> Answer:
        """Answer the account's orders at one shop, oldest first."""
        try:
            start = None if since is None else parse_utc(since)
        except ValueError:
            return _refusal(400, "BAD_REQUEST", "since must be an ISO 8601 time with a zone")
        if reference is None and start is None:
            return _refusal(400, "BAD_REQUEST", "give reference= or since=")
        self.auctions.settle(shop)
        query = "SELECT * FROM shop_orders WHERE shop = ? AND (? IS NULL OR reference = ?) ORDER BY number"
        rows = self._state.execute(query, (shop.key, reference, reference)).fetchall()
        wanted = [row for row in rows if start is None or datetime.fromisoformat(row["placed_at"]) >= start]
        return Answer(200, {"orders": [self._document(row) for row in wanted]})

    def count(self) -> int:
        """Return how many orders were ever placed, at all shops."""
        return int(self._state.execute("SELECT COUNT(*) FROM shop_orders").fetchone()[0])

    def _amounts(self, item: StockedItem, shelf: ShelfState, quantity: int) -> dict[str, Any]:
        goods = shelf.price_minor * quantity
        tax = int((goods * self._tax_rate).quantize(Decimal(1), ROUND_HALF_UP))
        return {
            "item_minor": shelf.price_minor,
            "shipping_minor": item.shop.shipping_minor,
            "tax_minor": tax,
            "total_minor": goods + item.shop.shipping_minor + tax,
            "currency": item.shop.currency,
        }

    def _insert(
        self, item: StockedItem, shelf: ShelfState, body: dict[str, Any], amounts: dict[str, Any]
    ) -> dict[str, Any]:
        values = {
            "shop": item.shop.key,
            "reference": body["reference"],
            "sku": item.sku,
            "quantity": body["quantity"],
            **amounts,
            "stock_spell": shelf.stock_spell,
            "placed_h": self._world.now_h(),
            "placed_at": format_utc(self._world.timeline.real_now()),
        }
        row = self._state.execute(
            "INSERT INTO shop_orders (shop, reference, sku, quantity, item_minor, shipping_minor, tax_minor, "
            "total_minor, currency, stock_spell, placed_h, placed_at) VALUES (:shop, :reference, :sku, :quantity, "
            ":item_minor, :shipping_minor, :tax_minor, :total_minor, :currency, :stock_spell, :placed_h, "
            ":placed_at) RETURNING *",
            values,
        ).fetchone()
        self._bought[item.sku, shelf.stock_spell] += body["quantity"]
        return self._document(row)

    def _document(self, row: sqlite3.Row) -> dict[str, Any]:
        names = ("reference", "sku", "quantity", "total_minor", "item_minor", "shipping_minor", "tax_minor", "currency")
        document: dict[str, Any] = {"order_id": f"{row['shop']}-{row['number']:06d}"}
        document |= {name: row[name] for name in names}
        document["reference"] = row["reference"] or None  # a won auction has none of ours
        document |= {"status": "placed", "placed_at": row["placed_at"]}
        now_h = self._world.now_h()
        for status, share in (("shipped", SHIPPED_AFTER), ("delivered", 1.0)):
            due_h = row["placed_h"] + self._delivery_h * share
            if now_h >= due_h:
                document["status"] = status
                document[f"{status}_at"] = format_utc(self._world.timeline.real_at(due_h))
        return document


def _refusal(status: int, code: str, detail: str) -> Answer:
    return Answer(status, {"code": code, "detail": detail})


def _is_order(body: Any) -> bool:
    if not isinstance(body, dict):
        return False
    texts = all(isinstance(body.get(name), str) and body[name] for name in ("sku", "reference"))
    numbers = all(type(body.get(name)) is int for name in ("quantity", "max_total_minor"))
    return texts and numbers and body["quantity"] > 0
