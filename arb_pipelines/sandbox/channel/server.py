"""The selling channel's web server.

What belongs here: from a request to a call and from its reply to a response: token, body, errors, faults. What
comes in under `/sandbox/` is passed on to the sandbox's own administration.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from urllib.parse import parse_qsl

from aiohttp import web

from arb_pipelines.sandbox.channel.channel import Call, Channel
from arb_pipelines.sandbox.channel.errors import INVENTORY, ChannelError
from arb_pipelines.sandbox.channel.routes import TOKEN_PATH, find_route
from arb_pipelines.sandbox.faults import FaultPlan, answer_faulty
from arb_pipelines.sandbox.shop_server import read_json

TARGET = "channel"
ADMIN_PREFIX = "/sandbox/"


class ChannelServer:
    """Answers for the selling channel."""

    def __init__(
        self,
        channel: Channel,
        administer: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]],
        faults: FaultPlan,
        base_url: str,
    ) -> None:
        """Serve `channel` at `base_url`."""
        self._channel = channel
        self._administer = administer
        self._faults = faults
        self._base_url = base_url

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        self._channel.crowd.settle()
        if request.path.startswith(ADMIN_PREFIX):
            return await self._administer(request)
        fault = self._faults.take(TARGET, request.method, request.path)
        if fault is None:
            return await self._respond(request)
        refused = ChannelError(400, 25002, INVENTORY, "A user error has occurred. Refused by a planted fault.")
        return await answer_faulty(fault, request, lambda: self._respond(request), _refusal(refused))

    async def _respond(self, request: web.BaseRequest) -> web.StreamResponse:
        if (request.method, request.path) == ("POST", TOKEN_PATH):
            form = dict(parse_qsl((await request.read()).decode(errors="replace")))
            status, body = self._channel.tokens.issue(form, request.headers.get("Authorization", ""))
            return web.json_response(body, status=status)
        try:
            return await self._call(request)
        except ChannelError as error:
            return _refusal(error)

    async def _call(self, request: web.BaseRequest) -> web.StreamResponse:
        found = find_route(request.method, request.path)
        if found is None:
            raise ChannelError(404, 2002, "ACCESS", "Resource not found")
        route, names = found
        self._channel.tokens.check(request.headers.get("Authorization", ""), needs_user=route.needs_user)
        body = await read_json(request) if request.method in ("POST", "PUT") else None
        reply = route.call(self._channel, Call(names, request.query, request.headers, body, self._base_url))
        if reply.body is None:
            return web.Response(status=reply.status, headers=reply.headers)
        return web.json_response(reply.body, status=reply.status, headers=reply.headers)


def _refusal(error: ChannelError) -> web.Response:
    return web.json_response(error.body, status=error.status)
