"""Administration of the sandbox itself: state, time, faults, and the truth that pages only show.

What belongs here: what tests and demos need beside the outside world's own interfaces. No real shop has this.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from arb_pipelines.sandbox.assortment import StockedItem
from arb_pipelines.sandbox.channel.channel import Channel
from arb_pipelines.sandbox.faults import FaultPlan
from arb_pipelines.sandbox.pricing import SHELF_CONDITIONS
from arb_pipelines.sandbox.shop_orders import OrderDesk
from arb_pipelines.sandbox.shop_server import read_json
from arb_pipelines.sandbox.state_store import save_anchor

MOST_HOURS_A_JUMP = 24 * 366


class AdminDesk:
    """Answers under `/sandbox/`."""

    def __init__(
        self,
        channel: Channel,
        desk: OrderDesk,
        faults: FaultPlan,
        state: sqlite3.Connection,
        shop_urls: Mapping[str, str],
    ) -> None:
        """Administer one sandbox; `shop_urls` are the shops' base addresses by key."""
        self._channel = channel
        self._desk = desk
        self._faults = faults
        self._state = state
        self._shop_urls = shop_urls

    async def answer(self, request: web.BaseRequest) -> web.Response:
        """Answer one request."""
        call = (request.method, request.path)
        if call == ("GET", "/sandbox/state"):
            return web.json_response(self.state())
        if call == ("POST", "/sandbox/advance"):
            return self._advance(await read_json(request))
        if call == ("GET", "/sandbox/offers"):
            return web.json_response(self.offers(request.query.get("shop")))
        if request.path == "/sandbox/faults":
            return self._plant(request.method, await read_json(request))
        return web.json_response({"error": f"no such call: {request.method} {request.path}"}, status=404)

    def state(self) -> dict[str, Any]:
        """Return the world hour and counts of orders, listings and sales."""
        hours = round(self._channel.world.now_h(), 3)
        return {"world_hours": hours, "shop_orders": self._desk.count(), **self._channel.counts()}

    def advance(self, hours: float) -> dict[str, Any]:
        """Move the world forward, let the buyers of the skipped hours come, and return the state."""
        save_anchor(self._state, self._channel.world.timeline.jump(hours))
        self._channel.crowd.settle()
        return self.state()

    def offers(self, shop_key: str | None = None) -> list[dict[str, Any]]:
        """Return what every offer (of one shop, or of all) truly is now."""
        world = self._channel.world
        shops = [shop for shop in world.shops if shop_key in (None, shop.key)]
        return [self._truth(item) for shop in shops for item in world.items_of(shop)]

    def _truth(self, item: StockedItem) -> dict[str, Any]:
        world = self._channel.world
        shelf, units = self._desk.shelf_of(item)
        condition = SHELF_CONDITIONS[item.condition]
        return {
            "shop": item.shop.key,
            "url": self._shop_urls[item.shop.key] + item.path,
            "shape": item.shop.shape.value,
            "sku": item.sku,
            "name": item.name,
            "price_minor": shelf.price_minor,
            "list_price_minor": shelf.list_price_minor,
            "shipping_minor": item.shop.shipping_minor,
            "currency": item.shop.currency,
            "available": units,
            "condition": item.condition,
            "gtin": item.product.gtin,
            "brand": item.product.brand,
            "mpn": item.product.mpn,
            "category": item.product.category,
            "on_sale": shelf.on_sale,
            "market_value_minor": round(world.market_value_usd(item.product, world.now_h(), condition) * 100),
        }

    def _advance(self, body: Any) -> web.Response:
        hours = body.get("hours") if isinstance(body, dict) else None
        if isinstance(hours, bool) or not isinstance(hours, (int, float)) or not 0 <= hours <= MOST_HOURS_A_JUMP:
            return web.json_response({"error": f"hours must be a number from 0 to {MOST_HOURS_A_JUMP}"}, status=400)
        return web.json_response(self.advance(hours))

    def _plant(self, method: str, body: Any) -> web.Response:
        if method == "DELETE":
            self._faults.clear()
        if method == "POST":
            try:
                self._faults.plant(body)
            except ValueError as error:
                return web.json_response({"error": str(error)}, status=400)
        return web.json_response({"faults": self._faults.remaining()})
