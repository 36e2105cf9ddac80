"""Scrapy's settings for a shard: what was measured to be fast, and what was measured to be safe.

What belongs here: plain dictionaries of Scrapy setting names. Two of them halve Scrapy's own CPU:
`CONCURRENT_ITEMS=1` (every response starts that many worker tasks) and `WARN_ON_GENERATOR_RETURN_VALUE=False`
(else the callback's source is parsed again on every response): 8.4 to 5.6 CPU-ms a page with uvloop.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from arb_pipelines.domain.sharding import slot_names
from arb_pipelines.domain.site import Site

PACKAGE = "arb_pipelines.scraping"
ACCEPT = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
MAX_BODY_BYTES = 8 * 1024 * 1024  # real product pages: median 0.3-0.4 MB; a 20 MB attribute cost 1.9 GB of memory
REQUEST_TIMEOUT_S = 15
BROWSER_TIMEOUT_S = 30
MAX_CONCURRENT_SITES = 256
BROWSER_PAGES_AT_ONCE = 3  # 2-4 gave the best pages a second on 2 cores; each holds 60-140 MB


def crawl_settings(
    sites: Sequence[Site], user_agent: str, deadline_s: float, allow_loopback: bool = False
) -> dict[str, Any]:
    """Return the Scrapy settings for one crawler over `sites`, each with its own download slot."""
    return {
        "BOT_NAME": "arb-pipelines",
        "USER_AGENT": user_agent,
        "DEFAULT_REQUEST_HEADERS": {"Accept": ACCEPT, "Accept-Language": "en", "Accept-Encoding": "gzip, deflate"},
        "ASYNCIO_EVENT_LOOP": None if sys.platform == "win32" else "uvloop.Loop",
        "TWISTED_DNS_RESOLVER": f"{PACKAGE}.resolver.GuardedResolver",
        "ARB_ALLOW_LOOPBACK": allow_loopback,
        "CONCURRENT_ITEMS": 1,
        "WARN_ON_GENERATOR_RETURN_VALUE": False,
        "CONCURRENT_REQUESTS": max(16, min(MAX_CONCURRENT_SITES, len(sites))),
        "CONCURRENT_REQUESTS_PER_DOMAIN": 1,
        "DOWNLOAD_SLOTS": _slots(sites),
        "DOWNLOAD_TIMEOUT": min(REQUEST_TIMEOUT_S, deadline_s),
        "DOWNLOAD_MAXSIZE": MAX_BODY_BYTES,
        "DOWNLOAD_WARNSIZE": 0,
        "DOWNLOAD_VERIFY_CERTIFICATES": True,
        "DNS_TIMEOUT": 10,
        "REDIRECT_MAX_TIMES": 5,
        "RETRY_ENABLED": False,  # middlewares/retrying waits, and knows the deadline; 429 parks the site
        "DEPTH_LIMIT": 0,  # the visit plan bounds the pages of a site
        "CLOSESPIDER_TIMEOUT": deadline_s,
        "EXTENSIONS": {
            "scrapy.extensions.memusage.MemoryUsage": None,
            f"{PACKAGE}.memory_limit.CurrentMemoryUsage": 0,
        },
        "MEMUSAGE_LIMIT_MB": 1024,
        "MEMUSAGE_CHECK_INTERVAL_SECONDS": 5.0,
        "ITEM_PIPELINES": {f"{PACKAGE}.pipelines.raw_scrapes.RawScrapesPipeline": 300},
        "DOWNLOADER_MIDDLEWARES": _middlewares(),
        "DUPEFILTER_CLASS": "scrapy.dupefilters.BaseDupeFilter",  # a visit plan holds each URL once
        "ROBOTSTXT_OBEY": True,
        "LOG_LEVEL": "WARNING",
        "STATS_DUMP": False,
        "COOKIES_ENABLED": False,
        "TELNETCONSOLE_ENABLED": False,
        "REMOTE_CONTROL_ENABLED": False,
        "METAREFRESH_ENABLED": False,
        "HTTPPROXY_ENABLED": False,
        "REFERER_ENABLED": True,
        "REFERRER_POLICY": "same-origin",
    }


def _slots(sites: Sequence[Site]) -> dict[str, dict[str, float]]:
    """Return one queue a host, at the pace of the slowest site declared on it."""
    delays: dict[str, float] = {}
    names = slot_names(sites)
    for site in sites:
        delays[names[site.key]] = max(site.delay_s, delays.get(names[site.key], 0.0))
    return {name: {"concurrency": 1, "delay": delay_s, "jitter": 0} for name, delay_s in delays.items()}


def _middlewares() -> dict[str, int | None]:
    """Return our middlewares; the guard sees every request first, parking every answer before the retry."""
    return {
        "scrapy.downloadermiddlewares.offsite.OffsiteMiddleware": None,
        "scrapy.downloadermiddlewares.httpauth.HttpAuthMiddleware": None,
        "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
        f"{PACKAGE}.middlewares.guard.GuardMiddleware": 50,
        f"{PACKAGE}.middlewares.robots.RobotsMiddleware": 100,
        f"{PACKAGE}.middlewares.retrying.RetryMiddleware": 550,
        f"{PACKAGE}.middlewares.parking.ParkingMiddleware": 560,
        f"{PACKAGE}.middlewares.pacing.PacingMiddleware": 570,
        f"{PACKAGE}.middlewares.proxies.ProxyMiddleware": 580,
        f"{PACKAGE}.middlewares.markup.MarkupMiddleware": 585,  # above decompression
        f"{PACKAGE}.middlewares.raw_pages.RawPagesMiddleware": 595,  # below decompression: bytes as they came
    }


def static_settings() -> dict[str, Any]:
    """Return the settings to lay over `crawl_settings` for sites that plain HTTP is enough for."""
    return {"DOWNLOAD_HANDLERS": dict.fromkeys(("http", "https"), f"{PACKAGE}.limited_http.LimitedHttpHandler")}


def browser_settings(request_timeout_s: float | None = None) -> dict[str, Any]:
    """Return the settings to lay over `crawl_settings` for sites that a browser must render.

    With `request_timeout_s` a page may take that long in all, else `BROWSER_TIMEOUT_S`.
    """
    handler = f"{PACKAGE}.browser_handler.BrowserDownloadHandler"
    return {
        "DOWNLOAD_HANDLERS": dict.fromkeys(("http", "https"), handler),
        "DOWNLOAD_TIMEOUT": request_timeout_s or BROWSER_TIMEOUT_S,
        "CONCURRENT_REQUESTS": 2 * BROWSER_PAGES_AT_ONCE,
    }
