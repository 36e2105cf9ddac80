"""The web servers of all shops: pages for visitors, the order desk for programs.

What belongs here: from a request to the right shop and answer. One server object serves every address; the
address on which a request came in says which shop is meant.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape

from aiohttp import web

from arb_pipelines.sandbox.addresses import Endpoint
from arb_pipelines.sandbox.assortment import Misbehaviour, Shop, StockedItem
from arb_pipelines.sandbox.faults import FaultPlan, answer_faulty
from arb_pipelines.sandbox.misbehaviour import answer_misbehaving
from arb_pipelines.sandbox.pages.compression import Page
from arb_pipelines.sandbox.pages.offer_view import OfferView
from arb_pipelines.sandbox.pages.render import product_json, render_home, render_listing, render_product
from arb_pipelines.sandbox.pricing import ShelfState
from arb_pipelines.sandbox.shop_orders import SANDBOX_BUYER_TOKEN, Answer, OrderDesk
from arb_pipelines.sandbox.world import World

HTML_TYPE = "text/html; charset=utf-8"
_UNAUTHORIZED = Answer(401, {"code": "UNAUTHORIZED", "detail": "send the header Authorization: Bearer <token>"})
_NO_SUCH_CALL = Answer(404, {"code": "NOT_FOUND", "detail": "the order desk has /api/quotes and /api/orders"})
_PLANTED_REFUSAL = Answer(409, {"code": "OUT_OF_STOCK", "detail": "refused by a planted fault"})


class ShopServer:
    """Answers for every shop of a world."""

    def __init__(self, world: World, desk: OrderDesk, faults: FaultPlan, shops: Mapping[Endpoint, Shop]) -> None:
        """Serve `shops` by the endpoint on which each listens."""
        self._world = world
        self._desk = desk
        self._faults = faults
        self._shops = shops
        self._items = {(shop.key, item.slug): item for shop in world.shops for item in world.items_of(shop)}
        self._pages: dict[str, tuple[ShelfState, int, Page]] = {}

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        endpoint = Endpoint(*request.get_extra_info("sockname")[:2])
        shop = self._shops[endpoint]
        fault = self._faults.take(shop.key, request.method, request.path)
        if fault is None:
            return await self._respond(request, shop, endpoint)
        refusal = _json(_PLANTED_REFUSAL)
        return await answer_faulty(fault, request, lambda: self._respond(request, shop, endpoint), refusal)

    async def _respond(self, request: web.BaseRequest, shop: Shop, endpoint: Endpoint) -> web.StreamResponse:
        path = request.path
        if path == "/robots.txt":
            return web.Response(text=_robots_text(shop))
        if shop.misbehaviour not in (None, Misbehaviour.ROBOTS_DISALLOW):
            return await answer_misbehaving(shop.misbehaviour, request)
        if path.startswith("/p/"):
            return self._product_page(request, shop, endpoint, path[3:])
        if path.startswith("/api/"):
            return await self._api(request, shop, endpoint)
        return self._other_page(request, shop, path)

    def _product_page(self, request: web.BaseRequest, shop: Shop, endpoint: Endpoint, slug: str) -> web.Response:
        item = self._items.get((shop.key, slug))
        if item is None:
            return _not_found()
        shelf, units = self._desk.shelf_of(item)
        cached = self._pages.get(item.sku)
        if cached is None or cached[:2] != (shelf, units):
            cached = (shelf, units, render_product(OfferView(item, shelf, units, endpoint.url)))
            self._pages[item.sku] = cached
        return _page(request, cached[2])

    def _other_page(self, request: web.BaseRequest, shop: Shop, path: str) -> web.Response:
        if path == "/products":
            return _page(request, render_listing(shop, self._world.items_of(shop)))
        if path == "/":
            return _page(request, render_home(shop))
        if path.startswith("/img/"):
            return web.Response(text=_picture(path), content_type="image/svg+xml")
        return _not_found()

    async def _api(self, request: web.BaseRequest, shop: Shop, endpoint: Endpoint) -> web.Response:
        if request.path.startswith("/api/product/"):
            return self._product_record(shop, endpoint, request.path)
        if request.headers.get("Authorization") != f"Bearer {SANDBOX_BUYER_TOKEN}":
            return _json(_UNAUTHORIZED)
        if (request.method, request.path) == ("GET", "/api/quotes"):
            return _json(self._desk.quote(shop, request.query.get("sku", "")))
        if (request.method, request.path) == ("GET", "/api/orders"):
            return _json(self._desk.orders(shop, request.query.get("reference"), request.query.get("since")))
        if (request.method, request.path) == ("POST", "/api/orders"):
            return _json(self._desk.place(shop, await read_json(request)))
        return _json(_NO_SUCH_CALL)

    def _product_record(self, shop: Shop, endpoint: Endpoint, path: str) -> web.Response:
        slug = path.removeprefix("/api/product/").removesuffix(".json")
        item = self._items.get((shop.key, slug))
        if item is None:
            return _not_found()
        return web.json_response(product_json(self._view(item, endpoint)))

    def _view(self, item: StockedItem, endpoint: Endpoint) -> OfferView:
        shelf, units = self._desk.shelf_of(item)
        return OfferView(item, shelf, units, endpoint.url)


async def read_json(request: web.BaseRequest) -> object:
    """Return the JSON body, or None when it is not JSON."""
    try:
        return json.loads(await request.read())
    except ValueError:
        return None


def _page(request: web.BaseRequest, page: Page) -> web.Response:
    headers = {"Content-Type": HTML_TYPE, "ETag": page.etag, "Vary": "Accept-Encoding"}
    if page.etag in request.headers.get("If-None-Match", ""):
        return web.Response(status=304, headers=headers)
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        return web.Response(body=page.gzipped, headers={**headers, "Content-Encoding": "gzip"})
    return web.Response(body=page.plain, headers=headers)


def _json(answer: Answer) -> web.Response:
    return web.json_response(answer.body, status=answer.status)


def _not_found() -> web.Response:
    return web.Response(status=404, text="<h1>Not found</h1>", content_type="text/html")


def _robots_text(shop: Shop) -> str:
    closed = ("/",) if shop.misbehaviour is Misbehaviour.ROBOTS_DISALLOW else ("/api/orders", "/api/quotes")
    return "User-agent: *\n" + "".join(f"Disallow: {path}\n" for path in closed)


def _picture(path: str) -> str:
    name = escape(path.removeprefix("/img/").removesuffix(".svg"))
    return (
        "<svg xmlns='http://www.w3.org/2000/svg' width='320' height='240'><rect width='320' height='240' "
        f"fill='#d8e2dc'/><text x='12' y='124' font-size='14'>{name}</text></svg>"
    )
