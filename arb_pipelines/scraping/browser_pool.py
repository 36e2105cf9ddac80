"""A few browser pages at a time, one context a site, one browser for all of them.

What belongs here: when browsers and contexts are opened, reused, recycled and ended. A new context a page costs
twice the CPU of a reused one; contexts that live long leak, so the browser is replaced every few hundred pages.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from arb_pipelines.domain.site import Site
from arb_pipelines.scraping.browser import prepare_page
from arb_pipelines.scraping.browser_launch import BrowserChoice, context_options, open_browser, proxy_address
from arb_pipelines.scraping.egress_proxy import EgressProxy, ProxyPort
from arb_pipelines.scraping.net_guard import declared_loopback
from arb_pipelines.scraping.process_memory import browser_processes, end_process
from arb_pipelines.scraping.reasons import RefusedRequestError

logger = logging.getLogger(__name__)

PAGES_A_BROWSER = 300
OPEN_SITES = 8  # contexts kept; an idle one without a page holds a few MB
CLOSE_TIMEOUT_S = 5.0
LAUNCH_ATTEMPTS = 2


@dataclass(frozen=True, slots=True)
class PoolLimits:
    """What the browser may take: pages at once, and anonymous memory (MB) of a page and of the whole browser."""

    pages_at_once: int = 3
    page_mb: int = 512
    browser_mb: int = 1200
    watch_s: float = 0.5
    pages_a_browser: int = PAGES_A_BROWSER


@dataclass(slots=True)
class Seat:
    """One site's context in one browser, and its way out."""

    context: Any
    port: ProxyPort
    free: list[Any] = field(default_factory=list)  # open pages between two visits
    busy: int = 0


@dataclass(slots=True)
class _Generation:
    """One browser from its start to its end."""

    browser: Any
    seats: OrderedDict[str, Seat] = field(default_factory=OrderedDict)
    pages: int = 0
    busy: int = 0
    retired: bool = False


class BrowserPool:
    """Lends pages. `counts` says what happened: browsers, contexts, pages, pages ended for their memory."""

    def __init__(self, choice: BrowserChoice, allow_loopback: bool, limits: PoolLimits | None = None) -> None:
        """Start nothing yet: a shard without such pages pays nothing."""
        self._choice = choice
        self._allow_loopback = allow_loopback
        self._limits = limits or PoolLimits()
        self._places = asyncio.Semaphore(self._limits.pages_at_once)
        self._opening = asyncio.Lock()
        self._driver: Any = None
        self._proxy: EgressProxy | None = None
        self._way_out: ProxyPort | None = None
        self._ports: dict[str, ProxyPort] = {}
        self._current: _Generation | None = None
        self._watch: asyncio.Task[None] | None = None
        self._failed_launches = 0
        self.counts: Counter[str] = Counter()

    @asynccontextmanager
    async def page(self, site: Site) -> AsyncIterator[tuple[Any, Seat]]:
        """Lend a blank page in the context of `site`; after a failure it is closed, else kept for the next visit.

        Chromium opens a window for each page that is alone in its context, which costs it more than most pages do.

        Raises:
            RefusedRequestError: no browser can be started.
            playwright.async_api.Error: the browser broke down.
        """
        async with self._places:
            async with self._opening:
                generation = await self._browser()
                seat = await self._seat(generation, site)
            generation.busy += 1
            seat.busy += 1
            page = None
            try:
                page = seat.free.pop() if seat.free else await self._new_page(seat)
                yield page, seat
                await page.goto("about:blank")  # ends its scripts
                seat.free.append(page)
                page = None
            finally:
                generation.busy -= 1
                seat.busy -= 1
                if page is not None and not await _closed(page):
                    generation.retired = True
                await self._end_if_retired(generation)

    def refusals(self) -> dict[str, Counter[str]]:
        """Return what the proxy refused, site by site."""
        return {key: port.refused for key, port in self._ports.items() if port.refused}

    async def close(self) -> None:
        """End the browser, its driver and the proxy."""
        if self._watch is not None:
            self._watch.cancel()
        if self._current is not None:
            await _closed(self._current.browser)
        if self._proxy is not None:
            await self._proxy.close()
        if self._driver is not None:
            with contextlib.suppress(Exception):
                await asyncio.wait_for(self._driver.stop(), CLOSE_TIMEOUT_S)

    async def _browser(self) -> _Generation:
        current = self._current
        if current is not None and not current.browser.is_connected():
            self.counts["browsers_lost"] += 1
            current = self._current = None
        if current is not None and (current.retired or current.pages >= self._limits.pages_a_browser):
            current.retired = True
            self._current = None
            await self._end_if_retired(current)
            current = None
        if current is None:
            current = self._current = _Generation(await self._launch())
        current.pages += 1
        self.counts["pages"] += 1
        return current

    async def _launch(self) -> Any:
        if self._failed_launches >= LAUNCH_ATTEMPTS:
            raise RefusedRequestError("browser_missing")
        self._failed_launches += 1
        if self._driver is None:
            from playwright.async_api import async_playwright

            self._driver = await async_playwright().start()
        if self._proxy is None:
            address = await asyncio.to_thread(proxy_address, self._choice.grid_url)
            self._proxy = EgressProxy(self._allow_loopback, listen_on=address)
        self._way_out = self._way_out or await self._proxy.open_port()
        browser = await open_browser(self._driver, self._choice, self._way_out)
        self._failed_launches = 0
        self.counts["browsers"] += 1
        if self._watch is None and self._choice.grid_url is None:
            self._watch = asyncio.ensure_future(self._watch_memory())
        return browser

    async def _seat(self, generation: _Generation, site: Site) -> Seat:
        seat = generation.seats.get(site.key)
        if seat is not None:
            generation.seats.move_to_end(site.key)
            return seat
        for key, idle in list(generation.seats.items()):
            if len(generation.seats) >= OPEN_SITES and not idle.busy:
                del generation.seats[key]
                await _closed(idle.context)
        port = await self._port(site)
        if self._proxy is None:
            raise RuntimeError("a browser is only opened behind a proxy")
        context = await generation.browser.new_context(**context_options(self._choice, self._proxy, port))
        self.counts["contexts"] += 1
        generation.seats[site.key] = seat = Seat(context, port)
        return seat

    async def _new_page(self, seat: Seat) -> Any:
        self.counts["windows"] += 1
        page = await seat.context.new_page()
        await prepare_page(page, self._choice.engine == "chromium")
        return page

    async def _port(self, site: Site) -> ProxyPort:
        if site.key not in self._ports and self._proxy is not None:
            self._ports[site.key] = await self._proxy.open_port(declared_loopback(site))
        return self._ports[site.key]

    async def _end_if_retired(self, generation: _Generation) -> None:
        if generation.retired and generation.busy == 0:
            if self._current is generation:
                self._current = None
            await _closed(generation.browser)

    async def _watch_memory(self) -> None:
        """End the largest page when it, or the browser as a whole, holds too much."""
        while True:
            await asyncio.sleep(self._limits.watch_s)
            processes = await asyncio.to_thread(browser_processes, os.getpid())
            pages = sorted((p for p in processes if p.is_page), key=lambda p: p.anonymous_mb)
            total_mb = sum(p.anonymous_mb for p in processes)
            if not pages or not (pages[-1].anonymous_mb > self._limits.page_mb or total_mb > self._limits.browser_mb):
                continue
            self.counts["pages_ended"] += 1
            logger.warning("a page that held %.0f MB was ended (browser: %.0f MB)", pages[-1].anonymous_mb, total_mb)
            end_process(pages[-1].pid)


async def _closed(closable: Any) -> bool:
    """Close a page, context or browser; return whether it did so in time."""
    try:
        await asyncio.wait_for(closable.close(), CLOSE_TIMEOUT_S)
    except Exception:  # noqa: BLE001 - a broken browser fails to close in many ways; all mean: do not use it again
        return False
    return True
