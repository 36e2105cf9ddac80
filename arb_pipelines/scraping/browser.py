"""Pages that only a browser can show: what a request asks for, and how one page is read.

What belongs here: the request meta, what is not fetched, when a page counts as ready, and its text. Blocking goes
through the DevTools protocol: `page.route` costs as much CPU as it saves and turns the HTTP cache off.
"""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from arb_pipelines.scraping.egress_proxy import REFUSED_HEADER, ProxyPort
from arb_pipelines.scraping.extraction.document import MAX_HTML_BYTES
from arb_pipelines.scraping.reasons import RefusedRequestError, reason_of

_FILE_ENDINGS = (
    "png",
    "jpg",
    "jpeg",
    "gif",
    "webp",
    "avif",
    "svg",
    "ico",
    "woff",
    "woff2",
    "ttf",
    "otf",
    "mp4",
    "webm",
)
# Measuring and advertising services: they show no price and cost a third of a page's requests.
_TRACKERS = (
    "google-analytics.com", "googletagmanager.com", "doubleclick.net", "googlesyndication.com", "connect.facebook.net",
    "hotjar.com", "clarity.ms", "criteo.com", "criteo.net", "bat.bing.com", "segment.io", "segment.com", "nr-data.net",
    "analytics.tiktok.com", "fullstory.com", "mixpanel.com", "optimizely.com", "quantserve.com",
)  # fmt: skip
BLOCKED_URLS = [
    *(f"*.{ending}{tail}" for ending in _FILE_ENDINGS for tail in ("", "?*")),
    *(f"*://{start}{host}/*" for host in _TRACKERS for start in ("", "*.")),
]
NAVIGATION_TIMEOUT_MS = 15_000
READY_TIMEOUT_MS = 8_000
READY_POLL_MS = 100
# A page with this much text that has not changed for so long has said what it will say.
SETTLED_CHARS = 250
QUIET_PRODUCT_MS = 3_000
QUIET_LISTING_MS = 1_000
# A number beside a currency sign or code: the page has been filled.
PRICE_IN_TEXT = r"([$€£¥₹]|USD|EUR|GBP)\s?\d|\d\s?([$€£¥₹]|USD|EUR|GBP)"
_IS_READY = f"""([enough, quietMs]) => {{
    const text = document.body ? document.body.innerText : '';
    if (/{PRICE_IN_TEXT}/.test(text)) return true;
    const key = Symbol.for('settled'), seen = document[key];
    if (!seen || seen.size !== text.length) document[key] = {{size: text.length, at: Date.now()}};
    else return text.length >= enough && Date.now() - seen.at >= quietMs;
}}"""
# A page that has made itself huge is measured where it is, not carried over first.
_READ_HTML = """most => {
    const html = document.documentElement ? document.documentElement.outerHTML : '';
    return typeof html === 'string' && html.length <= most ? html : null;
}"""


@dataclass(frozen=True, slots=True)
class RenderedPage:
    """What a browser made of an address: the final URL, the status of the document, and the page as HTML."""

    url: str
    status: int
    headers: Mapping[str, str]
    html: str


def missing_browser(browser_path: str | None, grid_url: str | None = None) -> str | None:
    """Return what is missing to render pages, in words, or None when all is there."""
    if importlib.util.find_spec("playwright") is None:
        return "the Python package playwright is not installed: install the extra [browser]"
    if grid_url:
        return None
    if not browser_path:
        return "no browser is set: install chromium and set its path"
    if not (os.path.isfile(browser_path) and os.access(browser_path, os.X_OK)):
        return f"no browser at {browser_path}: install chromium or correct the path"
    return None


def browser_meta() -> dict[str, Any]:
    """Return the request meta that sends a request through the browser."""
    return {"browser": True}


async def prepare_page(page: Any, has_devtools: bool) -> None:
    """Keep images, fonts, films and trackers from being fetched in a new page, and windows from being opened."""
    page.on("popup", _close)
    if has_devtools:
        session = await page.context.new_cdp_session(page)
        await session.send("Network.enable")
        await session.send("Network.setBlockedURLs", {"urls": BLOCKED_URLS})


async def render(page: Any, url: str, way_out: ProxyPort, quiet_ms: int = QUIET_PRODUCT_MS) -> RenderedPage:
    """Open `url` in `page`, wait until it shows a price (or nothing new for `quiet_ms`), and return what it shows.

    Raises:
        RefusedRequestError: the address or its answer is not one to read; `reason` says why.
        playwright.async_api.Error: the page broke down.
    """
    refused_before = way_out.refused.total()
    try:
        response = await page.goto(url, wait_until="domcontentloaded", timeout=NAVIGATION_TIMEOUT_MS)
    except Exception as error:
        # A refused https address looks to the browser like a proxy that failed: only the proxy knows why.
        if way_out.refused.total() > refused_before and way_out.last_refusal and "ERR_" in str(error):
            raise RefusedRequestError(way_out.last_refusal) from error
        raise
    if response is None:
        raise RefusedRequestError("bad_url")
    if REFUSED_HEADER in response.headers:
        raise RefusedRequestError(response.headers[REFUSED_HEADER])
    if "html" not in response.headers.get("content-type", "html"):
        raise RefusedRequestError("not_html")
    if response.status < 400:
        await wait_until_ready(page, quiet_ms)
    html = await page.evaluate(_READ_HTML, MAX_HTML_BYTES)
    if html is None:
        raise RefusedRequestError("too_large")
    return RenderedPage(page.url, response.status, response.headers, html)


async def _close(page: Any) -> None:
    """Close a window that the page opened."""
    await page.close()


async def wait_until_ready(page: Any, quiet_ms: int) -> None:
    """Wait until the text shows a price or stays as it is for `quiet_ms`, at most 8 s; then it is read as it is."""
    try:
        await page.wait_for_function(
            _IS_READY, arg=[SETTLED_CHARS, quiet_ms], timeout=READY_TIMEOUT_MS, polling=READY_POLL_MS
        )
    except Exception as error:
        if reason_of(error) != "timeout":
            raise


def shows_price(text: str) -> bool:
    """Return whether `text` holds what `wait_until_ready` waits for."""
    return re.search(PRICE_IN_TEXT, text) is not None
