"""Scrapy's settings for a shard: what was measured to be fast, and what was measured to be safe.

What belongs here: plain dictionaries of Scrapy setting names. Two of them halve Scrapy's own CPU:
`CONCURRENT_ITEMS=1` (every response starts that many worker tasks) and `WARN_ON_GENERATOR_RETURN_VALUE=False`
(else the callback's source is parsed again on every response): 8.4 to 5.6 CPU-ms a page with uvloop.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

from arb_pipelines.domain.site import Site

PACKAGE = "arb_pipelines.scraping"
MAX_BODY_BYTES = 8 * 1024 * 1024  # real product pages: median 0.3-0.4 MB; a 20 MB attribute cost 1.9 GB of memory
REQUEST_TIMEOUT_S = 15
BROWSER_TIMEOUT_S = 30
MAX_CONCURRENT_SITES = 256
BROWSER_PAGES_AT_ONCE = 3  # 2-4 gave the best pages a second on 2 cores; each holds 60-140 MB
# Not a timeout: a shop that hangs would hold its shard for as long again, and the next tick asks it anyway.
RETRIED_ERRORS: list[str | type[OSError]] = [
    "scrapy.exceptions.CannotResolveHostError",
    "scrapy.exceptions.DownloadConnectionRefusedError",
    "scrapy.exceptions.DownloadFailedError",
    "scrapy.exceptions.ResponseDataLossError",
    "twisted.internet.error.ConnectionDone",
    "twisted.internet.error.ConnectError",
    "twisted.internet.error.ConnectionLost",
    OSError,
]
BROWSER_ARGS = (
    # Chromium refuses to start as root with its own sandbox; then the container has to be one.
    *(("--no-sandbox",) if os.geteuid() == 0 else ()),
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def crawl_settings(
    sites: Sequence[Site], user_agent: str, deadline_s: float, allow_loopback: bool = False
) -> dict[str, Any]:
    """Return the Scrapy settings for one crawler over `sites`, each with its own download slot."""
    return {
        "BOT_NAME": "arb-pipelines",
        "USER_AGENT": user_agent,
        "ASYNCIO_EVENT_LOOP": None if sys.platform == "win32" else "uvloop.Loop",
        "TWISTED_DNS_RESOLVER": f"{PACKAGE}.resolver.GuardedResolver",
        "ARB_ALLOW_LOOPBACK": allow_loopback,
        "CONCURRENT_ITEMS": 1,
        "WARN_ON_GENERATOR_RETURN_VALUE": False,
        "CONCURRENT_REQUESTS": max(16, min(MAX_CONCURRENT_SITES, len(sites))),
        "CONCURRENT_REQUESTS_PER_DOMAIN": 1,
        "DOWNLOAD_SLOTS": {s.key: {"concurrency": 1, "delay": s.delay_s, "jitter": 0} for s in sites},
        "DOWNLOAD_TIMEOUT": min(REQUEST_TIMEOUT_S, deadline_s),
        "DOWNLOAD_MAXSIZE": MAX_BODY_BYTES,
        "DOWNLOAD_WARNSIZE": 0,
        "DOWNLOAD_VERIFY_CERTIFICATES": True,
        "DNS_TIMEOUT": 10,
        "REDIRECT_MAX_TIMES": 5,
        "RETRY_TIMES": 1,
        "RETRY_HTTP_CODES": [500, 502, 503, 504, 522, 524, 408],  # 429 parks the site, see middlewares/parking
        "RETRY_EXCEPTIONS": RETRIED_ERRORS,
        "RETRY_GIVE_UP_LOG_LEVEL": "DEBUG",
        "DEPTH_LIMIT": 0,  # the visit plan bounds the pages of a site
        "CLOSESPIDER_TIMEOUT": deadline_s,
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


def _middlewares() -> dict[str, int | None]:
    """Return our middlewares; the guard sees every request first, parking every answer before the retry."""
    return {
        "scrapy.downloadermiddlewares.offsite.OffsiteMiddleware": None,
        "scrapy.downloadermiddlewares.httpauth.HttpAuthMiddleware": None,
        "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
        f"{PACKAGE}.middlewares.guard.GuardMiddleware": 50,
        f"{PACKAGE}.middlewares.robots.RobotsMiddleware": 100,
        f"{PACKAGE}.middlewares.parking.ParkingMiddleware": 560,
    }


def browser_settings(browser_path: str, user_agent: str) -> dict[str, Any]:
    """Return the settings to lay over `crawl_settings` for sites that a browser must render."""
    handler = "scrapy_playwright.handler.ScrapyPlaywrightDownloadHandler"
    return {
        "DOWNLOAD_HANDLERS": {"http": handler, "https": handler},
        "DOWNLOAD_TIMEOUT": BROWSER_TIMEOUT_S,
        "CONCURRENT_REQUESTS": 2 * BROWSER_PAGES_AT_ONCE,
        "PLAYWRIGHT_BROWSER_TYPE": "chromium",
        "PLAYWRIGHT_LAUNCH_OPTIONS": {
            "executable_path": browser_path,
            "headless": True,
            "args": list(BROWSER_ARGS),
            "timeout": BROWSER_TIMEOUT_S * 1000,
        },
        "PLAYWRIGHT_CONTEXTS": {"default": {"user_agent": user_agent, "service_workers": "block"}},
        "PLAYWRIGHT_MAX_CONTEXTS": 1,
        "PLAYWRIGHT_MAX_PAGES_PER_CONTEXT": BROWSER_PAGES_AT_ONCE,
        "PLAYWRIGHT_DEFAULT_NAVIGATION_TIMEOUT": REQUEST_TIMEOUT_S * 1000,
    }
