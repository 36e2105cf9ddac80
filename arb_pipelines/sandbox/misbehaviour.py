"""How the misbehaving shops answer.

What belongs here: one answer a kind of misbehaviour. Each is something that real sites do; none may hurt a
crawler that keeps its limits.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

from aiohttp import web

from arb_pipelines.sandbox.assortment import Misbehaviour
from arb_pipelines.sandbox.faults import HANG_S, drop_connection

RETRY_AFTER_S = 30
HUGE_CHUNKS = 640
HUGE_CHUNK = b"<p>" + b"all work and no markup " * 2849 + b"</p>\n"  # about 64 kB, so 40 MB in all
ANNOUNCED_LENGTH = 40_000


async def answer_misbehaving(kind: Misbehaviour, request: web.BaseRequest) -> web.StreamResponse:
    """Answer a request to a shop that misbehaves in this way."""
    return await _ANSWERS[kind](request)


async def _unavailable(request: web.BaseRequest) -> web.StreamResponse:
    return _html("<h1>503 Service Unavailable</h1>", status=503)


async def _throttled(request: web.BaseRequest) -> web.StreamResponse:
    response = _html("<h1>429 Too Many Requests</h1>", status=429)
    response.headers["Retry-After"] = str(RETRY_AFTER_S)
    return response


async def _hangs(request: web.BaseRequest) -> web.StreamResponse:
    await asyncio.sleep(HANG_S)
    return drop_connection(request)


async def _empty_shell(request: web.BaseRequest) -> web.StreamResponse:
    return _html("<div id='root'></div>")


async def _challenge(request: web.BaseRequest) -> web.StreamResponse:
    return _html(
        "<h1>Please confirm that you are human</h1><form class='captcha' method='post' action='/captcha'>"
        "<label>Type the characters in the picture <input name='answer'></label></form>"
    )


async def _redirect_loop(request: web.BaseRequest) -> web.StreamResponse:
    turn = request.query.get("turn", "0")
    following = int(turn) + 1 if turn.isdigit() and len(turn) < 7 else 1
    return web.Response(status=302, headers={"Location": f"{request.path}?turn={following}"})


async def _huge_chunks() -> AsyncIterator[bytes]:
    for _ in range(HUGE_CHUNKS):
        yield HUGE_CHUNK


async def _huge_body(request: web.BaseRequest) -> web.StreamResponse:
    return web.Response(body=_huge_chunks(), content_type="text/html")


async def _truncated(request: web.BaseRequest) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/html", "Content-Length": str(ANNOUNCED_LENGTH)})
    await response.prepare(request)
    await response.write(b"<!DOCTYPE html><html><body><h1>Half a pa")
    if request.transport is not None:
        request.transport.close()
    return response


def _html(body: str, status: int = 200) -> web.Response:
    text = f"<!DOCTYPE html><html><head><title>Shop</title></head><body>{body}</body></html>"
    return web.Response(status=status, text=text, content_type="text/html")


_ANSWERS: Mapping[Misbehaviour, Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]] = {
    Misbehaviour.UNAVAILABLE: _unavailable,
    Misbehaviour.THROTTLED: _throttled,
    Misbehaviour.HANGS: _hangs,
    Misbehaviour.EMPTY_SHELL: _empty_shell,
    Misbehaviour.CHALLENGE: _challenge,
    Misbehaviour.REDIRECT_LOOP: _redirect_loop,
    Misbehaviour.HUGE_BODY: _huge_body,
    Misbehaviour.TRUNCATED: _truncated,
}
