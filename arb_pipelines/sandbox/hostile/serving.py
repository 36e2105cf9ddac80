"""The hostile endpoints behind an aiohttp server: as a shop of the sandbox, or each on a port of its own.

What belongs here: carrying raw bytes to the client no faster than it takes them, and the standing shop's robots.txt.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from aiohttp import web

from arb_pipelines.sandbox.addresses import CHANNEL_HOST, Endpoint, listening_socket
from arb_pipelines.sandbox.faults import drop_connection
from arb_pipelines.sandbox.hostile.attacks import ATTACKS, Attack
from arb_pipelines.sandbox.listening import Handler, listening

MOST_WAITING_BYTES = 512 * 1024
PATIENCE_S = 0.002


async def answer_hostile(kind: str, request: web.BaseRequest) -> web.StreamResponse:
    """Answer a request to the hostile endpoint `kind` (a key of `ATTACKS`); the connection is closed afterwards.

    Raises:
        KeyError: there is no such endpoint.
    """
    attack = ATTACKS[kind]
    if request.path == "/robots.txt":
        return web.Response(text="User-agent: *\nDisallow:\n")
    await _send(attack, request)
    return drop_connection(request)


async def _send(attack: Attack, request: web.BaseRequest) -> None:
    """Send byte for byte, waiting while the client is slow; end when it goes away."""
    transport = request.transport
    async for part in attack.send(request.path_qs):
        if transport is None or transport.is_closing():
            return
        transport.write(part)
        while transport.get_write_buffer_size() > MOST_WAITING_BYTES and not transport.is_closing():
            await asyncio.sleep(PATIENCE_S)
    # An aborted connection would lose what still waits in the buffer.
    while transport is not None and transport.get_write_buffer_size() and not transport.is_closing():
        await asyncio.sleep(PATIENCE_S)
    if transport is not None:
        transport.close()
        await asyncio.sleep(0)


@asynccontextmanager
async def hostile_shops(kinds: Sequence[str] = tuple(ATTACKS)) -> AsyncIterator[tuple[dict[str, str], Counter[str]]]:
    """Serve each of `kinds` on a free loopback port; give their addresses and a running count of their requests."""
    requests: Counter[str] = Counter()
    endpoints = {}
    sockets = []
    for kind in kinds:
        opened = listening_socket(Endpoint(CHANNEL_HOST, 0))
        endpoints[kind] = Endpoint(CHANNEL_HOST, opened.getsockname()[1]).url
        sockets.append((opened, _handler(kind, requests)))
    async with listening(sockets):
        yield endpoints, requests


def _handler(kind: str, requests: Counter[str]) -> Handler:
    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        requests[kind] += 1
        return await answer_hostile(kind, request)

    return answer
