"""The sandbox world: its catalogue, its shops and their shelves at any moment.

What belongs here: putting the pure parts together under one seed. What people did in this world (orders,
listings) is kept in the state file (`state_store.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from arb_pipelines.sandbox.assortment import MISBEHAVING_EVERY, Shop, StockedItem, build_shops, deal_products
from arb_pipelines.sandbox.catalogue import Product, build_catalogue
from arb_pipelines.sandbox.pricing import ShelfState, condition_factor, market_value_usd, shelf_state
from arb_pipelines.sandbox.timeline import Anchor, Clock, Timeline, utc_now

MOST_PRODUCTS = 300
FEWEST_PRODUCTS = 12
PRODUCTS_A_SHOP = 0.6  # with three products on a shelf, each product is then in about five shops
DEFAULT_SPEED = 3600.0


class World:
    """A deterministic world: the same seed and hour always show the same shelves."""

    def __init__(
        self,
        seed: int = 7,
        shops: int = 500,
        speed: float = DEFAULT_SPEED,
        started_at: datetime | None = None,
        clock: Clock = utc_now,
        *,
        anchors: Sequence[Anchor] = (),
        misbehaving_every: int = MISBEHAVING_EVERY,
        calm: bool = False,
        pages_a_shop: int | None = None,
    ) -> None:
        """Build the world; `anchors` continue an earlier one, else hour 0 is at `started_at` (now).

        A `calm` world has no browser shops, no redesigns and no bad weather; `pages_a_shop` fixes the range of all.

        Raises:
            ValueError: a speed that is not positive.
        """
        self.seed = seed
        self.timeline = Timeline(anchors or (Anchor(started_at or clock(), 0.0, speed),), clock)
        size = min(MOST_PRODUCTS, max(FEWEST_PRODUCTS, int(shops * PRODUCTS_A_SHOP)))
        self.calm = calm
        self.products: tuple[Product, ...] = build_catalogue(seed, max(size, pages_a_shop or 0))
        self.shops: tuple[Shop, ...] = build_shops(seed, shops, misbehaving_every, calm=calm)
        self._items = deal_products(seed, self.shops, self.products, pages_a_shop)
        self._by_gtin = {product.gtin: product for product in self.products}
        self._by_epid = {product.epid: product for product in self.products}
        self._by_model = {(p.brand.casefold(), p.model.casefold()): p for p in self.products}

    def now_h(self) -> float:
        """Return the world hour now."""
        return self.timeline.now_h()

    def date_at(self, hour: float) -> date:
        """Return the day in the world's own calendar, which begins on the real day of hour 0."""
        return (self.timeline.anchors[0].real_at + timedelta(hours=hour)).date()

    def items_of(self, shop: Shop) -> tuple[StockedItem, ...]:
        """Return what a shop stocks."""
        return self._items[shop.key]

    def misbehaving(self) -> Mapping[str, str]:
        """Return the shops that are expected to fail, key -> how."""
        return {shop.key: shop.failure for shop in self.shops if shop.failure is not None}

    def shelf(self, item: StockedItem, hour: float) -> ShelfState:
        """Return price and stock of an item, before what was bought."""
        return shelf_state(self.seed, item, hour)

    def market_value_usd(self, product: Product, hour: float, condition: str = "NEW") -> float:
        """Return what the product is worth at `hour` in a condition of the channel (`NEW`, ...)."""
        return market_value_usd(self.seed, product, hour) * condition_factor(condition)

    def product_by_gtin(self, gtin: str) -> Product | None:
        """Find a product by its 13 digits (a leading zero may be missing or added)."""
        digits = gtin.strip()
        return self._by_gtin.get(digits) or self._by_gtin.get(digits.lstrip("0"))

    def product_by_epid(self, epid: str) -> Product | None:
        """Find a product by the channel's product identifier."""
        return self._by_epid.get(epid.strip())

    def product_by_model(self, brand: str, mpn: str) -> Product | None:
        """Find a product by brand and part number, ignoring case."""
        return self._by_model.get((brand.strip().casefold(), mpn.strip().casefold()))
