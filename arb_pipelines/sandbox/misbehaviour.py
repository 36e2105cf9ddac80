"""How the misbehaving shops answer.

What belongs here: one answer a kind of misbehaviour or of bad weather, and the reason code with which a crawl should
end. Each is something that real sites do; none may hurt a crawler that keeps its limits.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

from aiohttp import web

from arb_pipelines.sandbox.assortment import Misbehaviour, Shop
from arb_pipelines.sandbox.faults import HANG_S, drop_connection
from arb_pipelines.sandbox.hostile.attacks import ATTACKS
from arb_pipelines.sandbox.weather import Spell, Trouble

RETRY_AFTER_S = 30
HUGE_CHUNKS = 640
HUGE_CHUNK = b"<p>" + b"all work and no markup " * 2849 + b"</p>\n"  # about 64 kB, so 40 MB in all
ANNOUNCED_LENGTH = 40_000

EXPECTED_REASONS: Mapping[Misbehaviour, str] = {
    Misbehaviour.UNAVAILABLE: "http_503",
    Misbehaviour.THROTTLED: "http_429",
    Misbehaviour.ROBOTS_DISALLOW: "robots_disallow",
    Misbehaviour.REFUSED: "connection_refused",
    Misbehaviour.HANGS: "timeout",
    Misbehaviour.EMPTY_SHELL: "empty_shell",
    Misbehaviour.CHALLENGE: "challenge",
    Misbehaviour.REDIRECT_LOOP: "redirect_loop",
    Misbehaviour.HUGE_BODY: "too_large",
    Misbehaviour.TRUNCATED: "truncated",
}
CHALLENGE_FORM = (
    "<h1>Please verify that you are human</h1><form class='captcha' method='post' action='/captcha'>"
    "<label>Type the characters in the picture <input name='answer'></label></form>"
)


async def answer_misbehaving(kind: Misbehaviour, request: web.BaseRequest) -> web.StreamResponse:
    """Answer a request to a shop that misbehaves in this way."""
    return await _ANSWERS[kind](request)


def expected_reason(shop: Shop, spell: Spell | None) -> str | None:
    """Return the reason code with which a visit to the shop should end, None when it should bring offers."""
    if shop.hostile is not None:
        return ATTACKS[shop.hostile].reason
    if shop.misbehaviour is not None:
        return EXPECTED_REASONS[shop.misbehaviour]
    if spell is None:
        return None
    return "challenge" if spell.trouble is Trouble.CHALLENGED else f"http_{spell.status}"


def answer_troubled(spell: Spell, left_s: int) -> web.Response:
    """Answer a visit to a shop that is in a bad spell for `left_s` more seconds."""
    if spell.trouble is Trouble.CHALLENGED:
        return _html(CHALLENGE_FORM, status=spell.status)
    response = _html(f"<h1>{spell.status}</h1><p>Please try again later.</p>", status=spell.status)
    if spell.trouble is Trouble.THROTTLED:
        response.headers["Retry-After"] = str(max(left_s, 1))
    return response


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
    return _html(CHALLENGE_FORM)


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
