"""A checkout shop on loopback, in a thread of its own.

What belongs here: start and stop.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager

from aiohttp import web

from arb_pipelines.sandbox.checkout.shop import CheckoutShop


@contextmanager
def run_checkout_shop(shop: CheckoutShop) -> Iterator[str]:
    """Serve `shop` on a free port of this machine for the length of a block; yields its address."""
    started: Future[str] = Future()
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    async def serve() -> None:
        runner = web.AppRunner(shop.application(), access_log=None, shutdown_timeout=0.2)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            host, port = runner.addresses[0][:2]
            started.set_result(f"http://{host}:{port}")
            await stop.wait()
        finally:
            await runner.cleanup()

    def serve_or_say() -> None:
        try:
            loop.run_until_complete(serve())
        except OSError as error:
            started.set_exception(error)

    thread = threading.Thread(target=serve_or_say, name="checkout-shop", daemon=True)
    thread.start()
    try:
        yield started.result()
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()
