"""The web servers of all shops: pages for visitors, the order desk for programs.

What belongs here: from a request to the right shop and answer. One server object serves every address; the
address on which a request came in says which shop is meant.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from math import ceil

from aiohttp import web

from arb_pipelines.sandbox.addresses import Endpoint
from arb_pipelines.sandbox.assortment import Misbehaviour, Shop
from arb_pipelines.sandbox.faults import FaultPlan, answer_faulty
from arb_pipelines.sandbox.hostile.serving import answer_hostile
from arb_pipelines.sandbox.misbehaviour import answer_misbehaving, answer_troubled
from arb_pipelines.sandbox.pages.frame import BodySize
from arb_pipelines.sandbox.shop_orders import SANDBOX_BUYER_TOKEN, Answer, OrderDesk
from arb_pipelines.sandbox.shop_pages import Content, ShopPages
from arb_pipelines.sandbox.timeline import SECONDS_AN_HOUR
from arb_pipelines.sandbox.validators import ChangeLog, Validator, is_unchanged, validator_headers, validator_of
from arb_pipelines.sandbox.weather import latency_s, robots_text, trouble_at
from arb_pipelines.sandbox.world import World

_UNAUTHORIZED = Answer(401, {"code": "UNAUTHORIZED", "detail": "send the header Authorization: Bearer <token>"})
_NO_SUCH_CALL = Answer(404, {"code": "NOT_FOUND", "detail": "there are /api/quotes, /api/orders and /api/auctions"})
AUCTIONS = "/api/auctions"
_PLANTED_REFUSAL = Answer(409, {"code": "OUT_OF_STOCK", "detail": "refused by a planted fault"})


class ShopServer:
    """Answers for every shop of a world."""

    def __init__(
        self,
        world: World,
        desk: OrderDesk,
        faults: FaultPlan,
        shops: Mapping[Endpoint, Shop],
        size: BodySize | None = None,
    ) -> None:
        """Serve `shops` by the endpoint on which each listens; `size` stretches product pages to so many kB."""
        self._world = world
        self._desk = desk
        self._faults = faults
        self._shops = {(endpoint.host, endpoint.port): (shop, endpoint.url) for endpoint, shop in shops.items()}
        self._pages = ShopPages(world, desk, {shop.key: endpoint.url for endpoint, shop in shops.items()}, size)
        self._changes = ChangeLog(world.timeline.real_now())
        self._validators: dict[str, Validator] = {shop.key: validator_of(shop) for shop in world.shops}
        latencies = {} if world.calm else {shop.key: latency_s(world.seed, shop) for shop in world.shops}
        self._latency_s = {key: seconds for key, seconds in latencies.items() if seconds}

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        shop, base_url = self._shops[request.get_extra_info("sockname")[:2]]
        fault = self._faults.take(shop.key, request.method, request.path)
        if fault is None:
            return await self._respond(request, shop, base_url)
        refusal = _json(_PLANTED_REFUSAL)
        return await answer_faulty(fault, request, lambda: self._respond(request, shop, base_url), refusal)

    async def _respond(self, request: web.BaseRequest, shop: Shop, base_url: str) -> web.StreamResponse:
        path = request.path
        if shop.hostile is not None:
            return await answer_hostile(shop.hostile, request)
        if path == "/robots.txt":
            return self._robots(shop, base_url)
        if shop.misbehaviour not in (None, Misbehaviour.ROBOTS_DISALLOW):
            return await answer_misbehaving(shop.misbehaviour, request)
        if path.startswith("/api/") and not path.startswith("/api/product/"):
            return await self._api(request, shop)
        return await self._visit(request, shop)

    def _robots(self, shop: Shop, base_url: str) -> web.Response:
        text = robots_text(shop, base_url, calm=self._world.calm)
        return web.Response(status=404, text="no rules") if text is None else web.Response(text=text)

    async def _visit(self, request: web.BaseRequest, shop: Shop) -> web.Response:
        hour = self._world.now_h()
        spell = None if self._world.calm else trouble_at(self._world.seed, shop, hour)
        if spell is not None:
            speed = self._world.timeline.anchors[-1].speed
            return answer_troubled(spell, ceil((spell.ends_h - hour) * SECONDS_AN_HOUR / speed))
        if shop.key in self._latency_s:
            await asyncio.sleep(self._latency_s[shop.key])
        # Reading the query costs a tenth of a product page, which has none.
        query = request.query if "?" in request.raw_path else {}
        return self._page(request, shop, self._pages.find(shop, request.path, query))

    def _page(self, request: web.BaseRequest, shop: Shop, content: Content) -> web.Response:
        page = content.page
        headers = {"Content-Type": content.content_type, "Vary": "Accept-Encoding"}
        if content.status == 200:
            now = self._world.timeline.real_now()
            changed_at = self._changes.changed_at((shop.key, request.raw_path), page.etag, now)
            validators = validator_headers(self._validators[shop.key], page.etag, changed_at)
            headers |= validators
            if is_unchanged(request.headers, validators, changed_at):
                return web.Response(status=304, headers=headers)
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            headers["Content-Encoding"] = "gzip"
            return web.Response(status=content.status, body=page.gzipped, headers=headers)
        return web.Response(status=content.status, body=page.plain, headers=headers)

    async def _api(self, request: web.BaseRequest, shop: Shop) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {SANDBOX_BUYER_TOKEN}":
            return _json(_UNAUTHORIZED)
        if (request.method, request.path) == ("GET", "/api/quotes"):
            return _json(self._desk.quote(shop, request.query.get("sku", "")))
        if (request.method, request.path) == ("GET", "/api/orders"):
            return _json(self._desk.orders(shop, request.query.get("reference"), request.query.get("since")))
        if (request.method, request.path) == ("POST", "/api/orders"):
            return _json(self._desk.place(shop, await read_json(request)))
        if request.path.startswith(AUCTIONS):
            return await self._auctions(request, shop)
        return _json(_NO_SUCH_CALL)

    async def _auctions(self, request: web.BaseRequest, shop: Shop) -> web.Response:
        auctions = self._desk.auctions
        auction_id, _, call = request.path.removeprefix(AUCTIONS).strip("/").partition("/")
        if request.method == "GET" and not auction_id:
            return _json(Answer(*auctions.running(shop)))
        if request.method == "GET" and not call:
            return _json(Answer(*auctions.show(shop, auction_id)))
        if (request.method, call) == ("POST", "bids"):
            return _json(Answer(*auctions.bid(shop, auction_id, await read_json(request))))
        return _json(_NO_SUCH_CALL)


async def read_json(request: web.BaseRequest) -> object:
    """Return the JSON body, or None when it is not JSON."""
    try:
        return json.loads(await request.read())
    except ValueError:
        return None


def _json(answer: Answer) -> web.Response:
    return web.json_response(answer.body, status=answer.status)
