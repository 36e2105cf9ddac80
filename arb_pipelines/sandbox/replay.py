"""Saved product pages served as shops.

What belongs here: a small server for tests that run the whole loop over real saved pages: one shop a page key,
each on a loopback address of its own.
"""

from __future__ import annotations

import asyncio
import gzip
import threading
from collections.abc import Mapping
from concurrent.futures import Future
from types import TracebackType
from urllib.parse import quote

from aiohttp import web

from arb_pipelines.sandbox.addresses import CHANNEL_HOST, Endpoint, bind_endpoints, has_loopback_range
from arb_pipelines.sandbox.listening import listening

MOST_PAGES = 250 * 20  # 127.0.9.1 to 127.0.28.250
_FIRST_OCTET = 9
_GZIP_MAGIC = b"\x1f\x8b"


class ReplayShops:
    """Serves saved pages, plain or gzipped, at `/product/<key>`; every shop's robots.txt allows all.

    `with ReplayShops({"shop-a": page}) as shops: shops.urls` gives the pairs of key and address.
    """

    def __init__(self, pages: Mapping[str, bytes], port: int = 0) -> None:
        """Take the pages by site key; port 0 takes a free one.

        Raises:
            ValueError: no pages, or more than there are addresses.
        """
        if not 1 <= len(pages) <= MOST_PAGES:
            raise ValueError(f"replay needs 1 to {MOST_PAGES} pages, got {len(pages)}")
        self._pages = {
            key: page if page.startswith(_GZIP_MAGIC) else gzip.compress(page, 1) for key, page in pages.items()
        }
        self._port = port
        self._keys: dict[Endpoint, str] = {}
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._thread: threading.Thread | None = None

    @property
    def urls(self) -> list[tuple[str, str]]:
        """The pairs of site key and address of its page, in the order of the pages."""
        return [(key, f"{endpoint.url}/product/{quote(key, safe='')}") for endpoint, key in self._keys.items()]

    def __enter__(self) -> ReplayShops:
        """Bind and start answering.

        Raises:
            PortTakenError: the port is in use.
        """
        started: Future[None] = Future()
        target = self._loop.run_until_complete
        self._thread = threading.Thread(target=target, args=(self._serve(started),), name="replay", daemon=True)
        self._thread.start()
        started.result()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop answering and close every address."""
        self._loop.call_soon_threadsafe(self._stop.set)
        if self._thread is not None:
            self._thread.join()
        self._loop.close()

    async def _serve(self, started: Future[None]) -> None:
        try:
            bound = bind_endpoints(self._endpoints, self._port, len(self._pages))
        except OSError as error:
            started.set_exception(error)
            return
        self._keys = {endpoint: key for (endpoint, _), key in zip(bound, self._pages, strict=True)}
        async with listening([(opened, self._answer) for _, opened in bound]):
            started.set_result(None)
            await self._stop.wait()

    def _endpoints(self, port: int) -> list[Endpoint]:
        count = len(self._pages)
        if not has_loopback_range():
            return [Endpoint(CHANNEL_HOST, port + number) for number in range(count)]
        return [Endpoint(f"127.0.{_FIRST_OCTET + n // 250}.{1 + n % 250}", port) for n in range(count)]

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        key = self._keys[Endpoint(*request.get_extra_info("sockname")[:2])]
        if request.path == "/robots.txt":
            return web.Response(text="User-agent: *\nAllow: /\n")
        if request.path != f"/product/{key}":
            return web.Response(status=404, text="not found")
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            headers = {"Content-Type": "text/html", "Content-Encoding": "gzip"}
            return web.Response(body=self._pages[key], headers=headers)
        return web.Response(body=gzip.decompress(self._pages[key]), content_type="text/html")
