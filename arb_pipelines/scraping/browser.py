"""Pages that only a browser can show: what is asked of scrapy-playwright.

What belongs here: the request meta, the blocking of images and fonts, and when a page counts as ready. Blocking
goes through the DevTools protocol: `page.route` costs as much CPU as it saves and turns the HTTP cache off.
"""

from __future__ import annotations

import importlib.util
import os
import re
from typing import Any

BLOCKED_URLS = [
    f"*.{ending}{tail}"
    for ending in ("png", "jpg", "jpeg", "gif", "webp", "avif", "svg", "ico", "woff", "woff2", "ttf", "mp4")
    for tail in ("", "?*")
]
READY_TIMEOUT_MS = 8_000
# A number beside a currency sign or code: the page has been filled.
PRICE_IN_TEXT = r"([$€£¥₹]|USD|EUR|GBP)\s?\d|\d\s?([$€£¥₹]|USD|EUR|GBP)"


def missing_browser(browser_path: str | None) -> str | None:
    """Return what is missing to render pages, in words, or None when all is there."""
    if importlib.util.find_spec("scrapy_playwright") is None:
        return "the Python package scrapy-playwright is not installed: install the extra [browser]"
    if not browser_path:
        return "no browser is set: install chromium and set its path"
    if not (os.path.isfile(browser_path) and os.access(browser_path, os.X_OK)):
        return f"no browser at {browser_path}: install chromium or correct the path"
    return None


def browser_meta() -> dict[str, Any]:
    """Return the request meta that sends a request through the browser."""
    from scrapy_playwright.page import PageMethod  # type: ignore[import-untyped]  # it ships no types

    return {
        "playwright": True,
        "playwright_page_init_callback": block_heavy_parts,
        "playwright_page_methods": [PageMethod(wait_until_ready)],
        "playwright_page_goto_kwargs": {"wait_until": "domcontentloaded"},
    }


async def block_heavy_parts(page: Any, request: Any) -> None:
    """Keep images, fonts and films from being fetched."""
    session = await page.context.new_cdp_session(page)
    await session.send("Network.enable")
    await session.send("Network.setBlockedURLs", {"urls": BLOCKED_URLS})


async def wait_until_ready(page: Any) -> None:
    """Wait until the text shows a price, at most 8 s; a page that never does is read as it is."""
    from playwright.async_api import TimeoutError as BrowserTimeoutError

    script = f"() => document.body && /{PRICE_IN_TEXT}/.test(document.body.innerText)"
    try:
        await page.wait_for_function(script, timeout=READY_TIMEOUT_MS)
    except BrowserTimeoutError:
        return


def shows_price(text: str) -> bool:
    """Return whether `text` holds what `wait_until_ready` waits for."""
    return re.search(PRICE_IN_TEXT, text) is not None
