"""The simulated buyers of our listings.

What belongs here: deciding, hour by world hour, which listing sells, and booking the sale. A decision depends on
seed, listing and hour alone, so it does not matter when or how often the hours are gone through.
"""

from __future__ import annotations

import sqlite3
from math import floor
from typing import Any

from arb_pipelines.sandbox.catalogue import Product
from arb_pipelines.sandbox.channel.offers import LiveListing, OfferStore
from arb_pipelines.sandbox.channel.order_store import OrderStore
from arb_pipelines.sandbox.demand import hourly_sale_probability
from arb_pipelines.sandbox.draws import draw
from arb_pipelines.sandbox.state_store import load_setting, save_setting, transaction
from arb_pipelines.sandbox.world import World

_LAST_STEP = "last buyer step"


class BuyerCrowd:
    """Everybody who might buy from us."""

    def __init__(self, world: World, state: sqlite3.Connection, offers: OfferStore, orders: OrderStore) -> None:
        """Continue after the last hour that `state` knows."""
        self._world = world
        self._state = state
        self._offers = offers
        self._orders = orders
        stored = load_setting(state, _LAST_STEP)
        self._last_step = floor(world.now_h()) if stored is None else int(stored)

    def settle(self) -> int:
        """Let the buyers of all hours come that passed since the last call; return how many bought."""
        now_step = floor(self._world.now_h())
        if now_step <= self._last_step:
            return 0
        sold = 0
        with transaction(self._state):
            for step in range(self._last_step + 1, now_step + 1):
                sold += self._settle_hour(step)
            save_setting(self._state, _LAST_STEP, str(now_step))
        self._last_step = now_step
        return sold

    def _settle_hour(self, step: int) -> int:
        buying = [
            listing
            for listing in self._offers.live_listings()
            if listing.quantity > 0 and listing.listed_h <= step and self._sells(listing, step)
        ]
        for listing in buying:
            self._offers.sell_one(listing)
            self._orders.insert(listing, self._world.timeline.real_at(step))
        return len(buying)

    def _sells(self, listing: LiveListing, step: int) -> bool:
        product = product_of(self._world, listing.item)
        if product is None:
            return False
        condition = listing.item.get("condition", "")
        value = self._world.market_value_usd(product, float(step), condition)
        chance = hourly_sale_probability(listing.price_minor / 100 / value)
        return draw(self._world.seed, "buyer", listing.listing_id, step) < chance


def product_of(world: World, item: dict[str, Any]) -> Product | None:
    """Return the catalogue product that an inventory item names by GTIN, epid, or brand and part number."""
    product = item.get("product") or {}
    for field in ("ean", "upc", "isbn"):
        for gtin in product.get(field) or []:
            found = world.product_by_gtin(str(gtin))
            if found is not None:
                return found
    found = world.product_by_epid(str(product.get("epid") or ""))
    if found is not None:
        return found
    return world.product_by_model(str(product.get("brand") or ""), str(product.get("mpn") or ""))
