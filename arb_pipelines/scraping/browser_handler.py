"""Scrapy's way to the browser: requests that ask for it are rendered, all others go out as plain HTTP.

What belongs here: the download handler, its time limit, and the one pool that both URL schemes and all spiders of a
shard share.
"""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass
from typing import Any

from scrapy import Request
from scrapy.exceptions import DownloadTimeoutError
from scrapy.http import HtmlResponse, Response

from arb_pipelines.domain.site import Site
from arb_pipelines.scraping.browser import QUIET_LISTING_MS, QUIET_PRODUCT_MS, RenderedPage, render
from arb_pipelines.scraping.browser_launch import BrowserChoice
from arb_pipelines.scraping.browser_pool import BrowserPool
from arb_pipelines.scraping.limited_http import LimitedHttpHandler

logger = logging.getLogger(__name__)

# What the middlewares and the spider read; the rest describes bytes that the browser has already decoded.
_KEPT_HEADERS = ("retry-after", "etag", "last-modified", "cf-mitigated", "server")


@dataclass(slots=True)
class _Shared:
    pool: BrowserPool
    users: int = 0


_pools: dict[int, _Shared] = {}  # by the identity of the shard's context


class BrowserDownloadHandler(LimitedHttpHandler):
    """Renders requests with `meta["browser"]` in the shard's pool; all others go the usual way."""

    lazy = True

    def __init__(self, crawler: Any) -> None:
        """Take the shard's context from the crawler's spider."""
        super().__init__(crawler)
        spec = crawler.spider.context.spec
        self._page_timeout_s: float = crawler.settings.getfloat("DOWNLOAD_TIMEOUT")
        self._key = id(crawler.spider.context)
        self._stats = crawler.stats
        self._sites: dict[str, Site] = {site.key: site for site in spec.sites}
        choice = BrowserChoice(spec.user_agent, spec.browser_engine, spec.browser_path, spec.browser_grid_url)
        shared = _pools.setdefault(self._key, _Shared(BrowserPool(choice, spec.allow_loopback)))
        shared.users += 1
        self._browsers = shared.pool

    async def download_request(self, request: Request) -> Response:
        """Return the rendered page, or what plain HTTP brings (robots.txt)."""
        if not request.meta.get("browser"):
            return await super().download_request(request)
        started = time.monotonic()
        quiet_ms = QUIET_PRODUCT_MS if request.cb_kwargs.get("kind") == "product" else QUIET_LISTING_MS
        try:
            async with asyncio.timeout(self._page_timeout_s):
                async with self._browsers.page(self._sites[request.meta["site"]]) as (page, seat):
                    rendered = await render(page, request.url, seat.port, quiet_ms)
        except TimeoutError as error:
            raise DownloadTimeoutError(f"the page took longer than {self._page_timeout_s:.0f} s") from error
        request.meta["download_latency"] = time.monotonic() - started
        return _response(request, rendered)

    async def close(self) -> None:
        """Close the plain handler, and the pool when nobody else uses it."""
        await super().close()
        shared = _pools.get(self._key)
        if shared is None:
            return
        shared.users -= 1
        if shared.users == 0:
            del _pools[self._key]
            await shared.pool.close()
            self._report()

    def _report(self) -> None:
        for name, count in self._browsers.counts.items():
            self._stats.inc_value(f"browser/{name}", count)
        for key, refused in self._browsers.refusals().items():
            told = ", ".join(f"{count} x {reason}" for reason, count in refused.most_common())
            logger.warning("site %s: its pages were refused %s", key, told)
            for reason, count in refused.items():
                self._stats.inc_value(f"browser/refused/{reason}", count)


def _response(request: Request, page: RenderedPage) -> HtmlResponse:
    headers = {name: value for name, value in page.headers.items() if name in _KEPT_HEADERS}
    return HtmlResponse(
        page.url,
        status=page.status,
        headers={**headers, "Content-Type": "text/html; charset=utf-8"},
        body=page.html.encode("utf-8", "replace"),
        request=request,
        flags=["browser"],
    )
