"""Answering HTTP on sockets that are already bound.

What belongs here: the one place that starts and stops aiohttp servers, for the world and for the replay.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

from aiohttp import web

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]

SHUTDOWN_S = 0.2


@asynccontextmanager
async def listening(sockets: Sequence[tuple[socket.socket | None, Handler]]) -> AsyncIterator[None]:
    """Answer on each socket with its handler until the context ends; then close them all.

    A handler is cancelled when its client goes away, so that a hanging answer never outlives its request.
    """
    loop = asyncio.get_running_loop()
    by_handler: dict[Handler, web.Server] = {}
    servers = []
    for opened, handler in sockets:
        if opened is None:
            continue
        if handler not in by_handler:
            by_handler[handler] = web.Server(handler, handler_cancellation=True, access_log=None)
        servers.append(await loop.create_server(by_handler[handler], sock=opened))
    try:
        yield
    finally:
        for server in servers:
            server.close()
        for web_server in by_handler.values():
            web_server.pre_shutdown()
        await asyncio.gather(*(web_server.shutdown(SHUTDOWN_S) for web_server in by_handler.values()))
