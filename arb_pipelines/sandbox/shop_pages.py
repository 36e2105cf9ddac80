"""What each address of a shop shows, drawn once and kept until it changes.

What belongs here: from a shop and a path to a finished body. Answering requests with it is `shop_server.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from arb_pipelines.sandbox.assortment import PageShape, Shop, StockedItem
from arb_pipelines.sandbox.pages import listings
from arb_pipelines.sandbox.pages.compression import Page
from arb_pipelines.sandbox.pages.frame import BodySize
from arb_pipelines.sandbox.pages.offer_view import OfferView
from arb_pipelines.sandbox.pages.platform_shapes import shopify_product
from arb_pipelines.sandbox.pages.render import json_page, plain_page, product_json, render_product
from arb_pipelines.sandbox.shop_orders import OrderDesk
from arb_pipelines.sandbox.world import World

HTML_TYPE = "text/html; charset=utf-8"
JSON_TYPE = "application/json; charset=utf-8"
XML_TYPE = "application/xml; charset=utf-8"
PICTURE_TYPE = "image/svg+xml"
SOFT_404_EVERY, SOFT_404_AT = 10, 8  # these shops answer 200 to addresses that are not there
MOST_KEPT = 40_000  # a search can be worded in any number of ways

Query = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Content:
    """A body with its type and status."""

    page: Page
    content_type: str = HTML_TYPE
    status: int = 200


class ShopPages:
    """Draws the pages of all shops of a world; `size` stretches product pages to so many kB."""

    def __init__(
        self, world: World, desk: OrderDesk, base_urls: Mapping[str, str], size: BodySize | None = None
    ) -> None:
        """Take the base address of each shop by its key."""
        self._world = world
        self._desk = desk
        self._base_urls = base_urls
        self._size = size
        self._items = {(shop.key, item.path): item for shop in world.shops for item in world.items_of(shop)}
        self._slugs = {(shop.key, item.slug): item for shop in world.shops for item in world.items_of(shop)}
        self._kept: dict[tuple[str, str], tuple[Hashable, Content]] = {}

    def find(self, shop: Shop, path: str, query: Query) -> Content:
        """Return what stands at `path`; where there is nothing, the shop's way to say so."""
        item = self._items.get((shop.key, path))
        if item is not None:
            return self._product(item)
        return self._fixed(shop, path, query) or self._record(shop, path, query) or self._gone(shop)

    def _product(self, item: StockedItem) -> Content:
        view = self._view(item)
        state = (view.shelf, view.units, view.now_shape)
        return self._keep(item.shop, item.path, state, lambda: Content(render_product(view, self._size)))

    def _view(self, item: StockedItem) -> OfferView:
        shelf, units = self._desk.shelf_of(item)
        until = None if shelf.sale_ends_h is None else self._world.date_at(shelf.sale_ends_h)
        shape = item.shop.shape_at(self._world.now_h())
        return OfferView(item, shelf, units, self._base_urls[item.shop.key], shape, until)

    def _keep(self, shop: Shop, name: str, state: Hashable, draw: Callable[[], Content]) -> Content:
        kept = self._kept.get((shop.key, name))
        if kept is None or kept[0] != state:
            if len(self._kept) > MOST_KEPT:
                self._kept.clear()
            kept = self._kept[shop.key, name] = (state, draw())
        return kept[1]

    def _fixed(self, shop: Shop, path: str, query: Query) -> Content | None:
        """Return a page that shows no price, drawn once for good."""
        number = query.get("page", "1")
        if path == listings.listing_path(shop) and shop.shape is not PageShape.SEARCH:
            return self._listing(shop, int(number) if number.isdecimal() and len(number) < 6 else 1)
        if path == "/":
            return self._keep(shop, path, None, lambda: Content(listings.render_home(shop)))
        if path.startswith("/img/"):
            return Content(plain_page(_picture(path)), PICTURE_TYPE)
        return self._sitemap(shop, path)

    def _listing(self, shop: Shop, number: int) -> Content | None:
        stale = not self._world.calm and shop.number % listings.STALE_EVERY == listings.STALE_AT
        kept = self._kept.get((shop.key, f"page {number}"))
        if kept is not None:
            return kept[1]
        page = listings.render_listing(shop, self._world.items_of(shop), number, stale=stale)
        return None if page is None else self._keep(shop, f"page {number}", None, lambda: Content(page))

    def _sitemap(self, shop: Shop, path: str) -> Content | None:
        base = self._base_urls[shop.key]
        items = self._world.items_of(shop)
        if path == "/sitemap.xml":
            return self._keep(shop, path, None, lambda: Content(listings.render_sitemap_index(base), XML_TYPE))
        if path == "/sitemap-products.xml":
            paths = [item.path for item in items]
        elif path == "/sitemap-pages.xml":
            paths = ["/", *listings.start_paths(shop, items)]
        else:
            return None
        return self._keep(shop, path, None, lambda: Content(listings.render_sitemap(base, paths), XML_TYPE))

    def _record(self, shop: Shop, path: str, query: Query) -> Content | None:
        """Return search results and the JSON records of shop systems, which state prices of the moment."""
        if path == "/search" and shop.shape is PageShape.SEARCH:
            return self._results(shop, query.get("q", ""), query.get("location", ""))
        if path.startswith("/api/product/"):
            item = self._slugs.get((shop.key, path.removeprefix("/api/product/").removesuffix(".json")))
            return None if item is None else self._json(item, path, product_json)
        if shop.shape is PageShape.SHOPIFY_LIKE and path.startswith("/products"):
            return self._shopify_json(shop, path, query)
        return None

    def _results(self, shop: Shop, keyword: str, location: str) -> Content:
        items = [item for item in self._world.items_of(shop) if listings.matches(item, keyword, location)]
        views = [self._view(item) for item in items]
        state = tuple(view.shelf.price_minor for view in views)
        name = f"search {keyword[:100]}|{location[:100]}"
        return self._keep(
            shop, name, state, lambda: Content(listings.render_results(shop, views, keyword[:100], location[:100]))
        )

    def _json(self, item: StockedItem, path: str, record: Callable[[OfferView], object]) -> Content:
        view = self._view(item)
        return self._keep(
            item.shop, path, (view.shelf, view.units), lambda: Content(json_page(record(view)), JSON_TYPE)
        )

    def _shopify_json(self, shop: Shop, path: str, query: Query) -> Content | None:
        """Return `/products.json` (with `limit` and `page`), `/products/<slug>.json` or `/products/<slug>.js`."""
        if path == "/products.json":
            return self._shopify_list(self._world.items_of(shop), query)
        slug, _, ending = path.removeprefix("/products/").rpartition(".")
        item = self._slugs.get((shop.key, slug))
        if item is None or ending not in ("json", "js"):
            return None
        if ending == "js":
            return self._json(item, path, lambda view: shopify_product(view, minor_units=True))
        return self._json(item, path, lambda view: {"product": shopify_product(view, minor_units=False)})

    def _shopify_list(self, items: Sequence[StockedItem], query: Query) -> Content:
        limit, number = (_whole(query.get(name), default) for name, default in (("limit", 30), ("page", 1)))
        chosen = items[(number - 1) * limit : number * limit]
        products = [shopify_product(self._view(item), minor_units=False) for item in chosen]
        return Content(json_page({"products": products}), JSON_TYPE)

    def _gone(self, shop: Shop) -> Content:
        status = 200 if shop.number % SOFT_404_EVERY == SOFT_404_AT else 404
        return self._keep(shop, "gone", None, lambda: Content(listings.render_gone(shop), HTML_TYPE, status))


def _whole(text: str | None, default: int) -> int:
    return int(text) if text is not None and text.isdecimal() and 0 < int(text[:6]) <= 250 else default


def _picture(path: str) -> str:
    name = escape(path.removeprefix("/img/").removesuffix(".svg"))
    return (
        "<svg xmlns='http://www.w3.org/2000/svg' width='320' height='240'><rect width='320' height='240' "
        f"fill='#d8e2dc'/><text x='12' y='124' font-size='14'>{name}</text></svg>"
    )
