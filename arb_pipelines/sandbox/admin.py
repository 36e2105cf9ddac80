"""Administration of the sandbox itself: state, time, faults, and the truth that pages only show.

What belongs here: what tests and demos need beside the outside world's own interfaces. No real shop has this.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from arb_pipelines.sandbox.assortment import Shop, StockedItem
from arb_pipelines.sandbox.channel.channel import Channel
from arb_pipelines.sandbox.faults import FaultPlan
from arb_pipelines.sandbox.misbehaviour import expected_reason
from arb_pipelines.sandbox.pricing import SHELF_CONDITIONS
from arb_pipelines.sandbox.shop_orders import OrderDesk
from arb_pipelines.sandbox.shop_server import read_json
from arb_pipelines.sandbox.state_store import save_anchor
from arb_pipelines.sandbox.validators import validator_of
from arb_pipelines.sandbox.weather import crawl_delay_s, latency_s, trouble_at
from arb_pipelines.sandbox.world import World

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
            return self._offers(request.query.get("shop"), request.query.get("hour"))
        if call == ("GET", "/sandbox/shops"):
            return web.json_response(self.shops())
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

    def offers(self, shop_key: str | None = None, hour: float | None = None) -> list[dict[str, Any]]:
        """Return what every offer (of one shop, or of all) truly is at a world hour, None for now.

        At another hour than now, what was bought is not taken off the stock.
        """
        world = self._channel.world
        shops = [shop for shop in world.shops if shop_key in (None, shop.key)]
        return [self._truth(item, hour) for shop in shops for item in world.items_of(shop)]

    def shops(self) -> list[dict[str, Any]]:
        """Return what a crawl should know of every shop and is not told by its pages."""
        world, hour = self._channel.world, self._channel.world.now_h()
        return [describe_shop(world, shop, self._shop_urls[shop.key], hour) for shop in world.shops]

    def _offers(self, shop_key: str | None, hour: str | None) -> web.Response:
        try:
            wanted = None if hour is None else float(hour)
        except ValueError:
            wanted = float("nan")
        if wanted is not None and not abs(wanted) < MOST_HOURS_A_JUMP * 100:
            return web.json_response({"error": "hour must be a world hour, such as 240 or 36.5"}, status=400)
        return web.json_response(self.offers(shop_key, wanted))

    def _truth(self, item: StockedItem, hour: float | None) -> dict[str, Any]:
        world = self._channel.world
        at_h = world.now_h() if hour is None else hour
        shelf, units = self._desk.shelf_of(item)
        if hour is not None:
            shelf = world.shelf(item, hour)
            units = shelf.units
        condition = SHELF_CONDITIONS[item.condition]
        return {
            "shop": item.shop.key,
            "url": self._shop_urls[item.shop.key] + item.path,
            "shape": item.shop.shape_at(at_h).value,
            "sku": item.sku,
            "name": item.name,
            "price_minor": shelf.price_minor,
            "list_price_minor": shelf.list_price_minor,
            "shipping_minor": item.shop.shipping_minor,
            "currency": item.shop.currency,
            "available": units,
            "availability": "InStock" if units else "OutOfStock",
            "condition": item.condition,
            "gtin": item.product.gtin,
            "brand": item.product.brand,
            "mpn": item.product.mpn,
            "category": item.product.category,
            "on_sale": shelf.on_sale,
            "sale_starts_h": shelf.sale_starts_h,
            "sale_ends_h": shelf.sale_ends_h,
            "location": item.shop.town,
            "market_value_minor": round(world.market_value_usd(item.product, at_h, condition) * 100),
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


def describe_shop(world: World, shop: Shop, url: str, hour: float) -> dict[str, Any]:
    """Return one shop's traits, what is wrong with it at world `hour`, and the reason code to expect for that."""
    spell = None if world.calm else trouble_at(world.seed, shop, hour)
    return {
        "shop": shop.key,
        "url": url,
        "shape": shop.shape_at(hour).value,
        "redesigned_h": None if shop.later_shape is None else shop.redesigned_h,
        "later_shape": shop.later_shape and shop.later_shape.value,
        "currency": shop.currency,
        "validator": validator_of(shop).value,
        "latency_s": 0.0 if world.calm else latency_s(world.seed, shop),
        "crawl_delay_s": None if world.calm else crawl_delay_s(shop),
        "misbehaviour": shop.failure,
        "trouble": spell and spell.trouble.value,
        "trouble_ends_h": spell and spell.ends_h,
        "expected_reason": expected_reason(shop, spell),
    }
