"""The way out: through a proxy of the pool when there is one, each site through its own.

What belongs here: naming the proxy of a request and noting how it did. The choice is `domain/proxies.py`. A pool
without a healthy proxy stops the request: a direct connection would not be what was asked for. This is a choice of
the network's exit, not a disguise: a site stays with one proxy, and one that says no is not asked through another.
"""

from __future__ import annotations

import base64
import json
import os
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from scrapy import Request
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response

from arb_pipelines.domain.manners import is_loopback
from arb_pipelines.domain.proxies import ProxyHealth, after_request, choose_proxy, proxy_id
from arb_pipelines.domain.site import Rendering
from arb_pipelines.scraping.context import CrawlContext
from arb_pipelines.scraping.middlewares.retrying import PROXY_FAILED
from arb_pipelines.scraping.reasons import RefusedRequestError, reason_of

HEALTH_FILE = "_proxies.json"  # no site's key begins with an underscore
# With a proxy between, only the proxy can refuse a connection or be unknown to DNS.
FAILURES = frozenset({"connection_refused", "connection_lost", "dns_failure", "timeout", "download_error"})


class ProxyMiddleware:
    """Sends requests through the pool of the crawl's spec; without one, or for this machine, directly."""

    def __init__(self, context: CrawlContext) -> None:
        """Use the proxies of the shard's `context`; their health is remembered beside the sites' states."""
        self._context = context
        self._browser_sites = {site.key for site in context.spec.sites if site.rendering is Rendering.BROWSER}
        folder = context.spec.state_dir
        self._path = folder / HEALTH_FILE if folder else None
        self._health = load_health(self._path)

    @classmethod
    def from_crawler(cls, crawler: Any) -> ProxyMiddleware:
        """Take the context from the spider."""
        return cls(crawler.spider.context)

    def process_request(self, request: Request) -> None:
        """Name the proxy, or raise `RefusedRequestError`."""
        for name in ("proxy", "proxy_id", PROXY_FAILED):  # of an earlier try, or of before a redirect
            request.meta.pop(name, None)
        request.headers.pop("Proxy-Authorization", None)
        pool = self._context.spec.proxies
        if not pool or is_loopback(request.url):
            return
        if request.meta["site"] in self._browser_sites:  # the browser dials by itself
            raise RefusedRequestError("no_browser_proxy")
        proxy = choose_proxy(pool, request.meta["site"], self._health, self._context.clock())
        if proxy is None:
            raise RefusedRequestError("no_healthy_proxy")
        address, authorization = split_credentials(proxy)
        request.meta["proxy"], request.meta["proxy_id"] = address, proxy_id(proxy)
        if authorization:
            request.headers["Proxy-Authorization"] = authorization

    def process_response(self, request: Request, response: Response) -> Response:
        """Note that the proxy works; 407 is its own refusal, not the shop's."""
        name = request.meta.get("proxy_id")
        if name:
            self._note(name, response.status != 407)
            if response.status == 407:
                raise RefusedRequestError(PROXY_FAILED)
        return response

    def process_exception(self, request: Request, exception: Exception) -> None:
        """Note that the proxy did not get through; the retry chooses again."""
        name = request.meta.get("proxy_id")
        if name and not isinstance(exception, IgnoreRequest) and reason_of(exception) in FAILURES:
            request.meta[PROXY_FAILED] = True
            self._note(name, False)

    def _note(self, name: str, is_ok: bool) -> None:
        before = self._health.get(name, ProxyHealth())
        after = after_request(before, is_ok, self._context.clock())
        if after == before:
            return
        self._health[name] = after
        with suppress(OSError):  # a memory of comfort: without it the next crawl finds out again
            save_health(self._path, self._health)


def split_credentials(url: str) -> tuple[str, bytes | None]:
    """Return a proxy's URL without user and password, and the Proxy-Authorization header that carries them."""
    parts = urlsplit(url)
    if parts.username is None:
        return url, None
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    address = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    return address, b"Basic " + base64.b64encode(pair.encode())


def load_health(path: Path | None) -> dict[str, ProxyHealth]:
    """Return the remembered health by `proxy_id`; a broken or missing file is an empty memory."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8")) if path else {}
        return {
            name: ProxyHealth(int(failures), datetime.fromisoformat(until) if until else None)
            for name, (failures, until) in raw.items()
        }
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def save_health(path: Path | None, health: dict[str, ProxyHealth]) -> None:
    """Write the health of all proxies by write-then-rename; no address and no password is in it."""
    if path is None:
        return
    body = {
        name: (one.failures, one.resting_until.isoformat() if one.resting_until else None)
        for name, one in health.items()
    }
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    temporary.write_text(json.dumps(body), encoding="utf-8")
    temporary.replace(path)
