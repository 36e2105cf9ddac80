"""One polite visitor for a person's questions about a shop: one request at a time, robots.txt first.

What belongs here: fetching a handful of pages while a site is added or checked. The crawl has its own engine; this
client is small on purpose. An address is judged when DNS has answered and that very address is connected to.
"""

from __future__ import annotations

import socket
import ssl
import time
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin, urlsplit

import certifi
import httpcore
from protego import Protego

from arb_pipelines.domain.manners import has_contact, is_loopback
from arb_pipelines.scraping.net_guard import refusal_of_answer, refusal_of_url

MAX_BODY_BYTES = 8 * 1024 * 1024
MAX_REDIRECTS = 5
MAX_CRAWL_DELAY_S = 60.0
ROBOTS_MAX_BYTES = 512_000  # RFC 9309 2.5: at least 500 KiB are read
REDIRECTS = frozenset({301, 302, 303, 307, 308})
_TIMEOUTS = {"connect": 10.0, "read": 15.0, "write": 10.0, "pool": 10.0}

SENTENCES = {
    "no_contact": "the shop could not reach you: put a page or mail address of yours into ARB_USER_AGENT",
    "bad_url": "this is no web address: give one that starts with https:// or http://",
    "forbidden_host": "pages of this shop may not be fetched; use the marketplace's API adapter",
    "ssrf_private_address": "this address is not on the public internet, so it is not fetched",
    "ssrf_port": "only the web ports 80 and 443 are fetched",
    "dns_failure": "the host is not known: check the spelling of the address",
    "connection_refused": "nobody answers at this address: check it, or try later",
    "timeout": "the shop did not answer in time: try later",
    "tls_error": "the shop's certificate cannot be verified, so it is not read",
    "connection_lost": "the connection broke off: try later",
    "too_large": f"the answer is larger than {MAX_BODY_BYTES // 1024 // 1024} MB and is not read",
    "redirect_loop": f"the shop sent us on more than {MAX_REDIRECTS} times",
    "robots_disallow": "the shop's robots.txt does not allow this page for our User-Agent; ask the shop or leave it",
    "robots_unreachable": "the shop's robots.txt cannot be read (an error of the shop), which means no: try later",
}


class FetchError(Exception):
    """A page that was not fetched: `reason` is a code, the message one sentence for a person."""

    def __init__(self, reason: str, url: str, sentence: str = "") -> None:
        """Carry reason and address."""
        self.reason = reason
        self.url = url
        super().__init__(f"{url}: {sentence or SENTENCES.get(reason, reason)}")


@dataclass(frozen=True, slots=True)
class FetchedPage:
    """An answer: the address it came from after redirects, the status, headers in lower case, the body unpacked."""

    url: str
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def encoding(self) -> str | None:
        """The charset of the Content-Type header, None when it names none."""
        _, _, charset = self.headers.get("content-type", "").lower().partition("charset=")
        return charset.split(";")[0].strip(" \"'") or None


class GuardedBackend(httpcore.NetworkBackend):
    """Connects only to addresses that `net_guard` allows; what was judged is what is connected to."""

    def __init__(self, allow_loopback: bool) -> None:
        """Allow loopback too when `allow_loopback` (the sandbox)."""
        self._allow_loopback = allow_loopback
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Resolve `host`, refuse it if any of its addresses is refused, and connect to the first."""
        try:
            answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise FetchError("dns_failure", host) from error
        addresses = [str(answer[4][0]) for answer in answers]
        for address in addresses:
            if refusal := refusal_of_answer(host, address, self._allow_loopback):
                raise FetchError(refusal, host, SENTENCES["ssrf_private_address"])
        return self._sockets.connect_tcp(addresses[0], port, timeout, local_address, socket_options)


@dataclass
class PoliteClient:
    """Fetches pages for one person and one site at a time. Times in seconds; `clock` is monotonic."""

    user_agent: str
    allow_loopback: bool = False
    delay_s: float = 2.0
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    progress: Callable[[str], None] = lambda url: None
    _robots: dict[str, Protego | None] = field(default_factory=dict)
    _last_at: float | None = None
    _pool: httpcore.ConnectionPool | None = None

    def close(self) -> None:
        """Close what is still connected."""
        if self._pool is not None:
            self._pool.close()

    def fetch(self, url: str) -> FetchedPage:
        """Return the answer to `url`, redirects followed, each judged like the first address.

        Raises:
            FetchError: refused by us or by robots.txt, not reachable, too large, or sent on too often.
        """
        for _ in range(MAX_REDIRECTS + 1):
            self._refuse(url)
            rules = self.robots(url)
            if rules is None:
                raise FetchError("robots_unreachable", url)
            if not rules.can_fetch(url, self._robot):
                raise FetchError("robots_disallow", url)
            self.progress(url)
            page = self._get(url, MAX_BODY_BYTES, rules)
            target = page.headers.get("location")
            if page.status not in REDIRECTS or not target:
                return page
            url = urljoin(url, target)
        raise FetchError("redirect_loop", url)

    def robots(self, url: str) -> Protego | None:
        """Return the rules of robots.txt for the origin of `url`; None means nothing may be fetched (RFC 9309)."""
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        if origin not in self._robots:
            self._robots[origin] = self._fetch_robots(f"{origin}/robots.txt")
        return self._robots[origin]

    @property
    def _robot(self) -> str:
        """The robot's name: the contact behind the slash must not match a group."""
        return self.user_agent.split("/", 1)[0].strip() or "arb-pipelines"

    def _fetch_robots(self, url: str) -> Protego | None:
        for _ in range(MAX_REDIRECTS + 1):
            self._refuse(url)
            page = self._get(url, ROBOTS_MAX_BYTES, None, cut=True)
            if page.status in REDIRECTS and page.headers.get("location"):
                url = urljoin(url, page.headers["location"])
                continue
            if page.status >= 500 or page.status == 429:
                return None
            return Protego.parse(page.body.decode("utf-8-sig", "replace") if page.status < 300 else "")
        return Protego.parse("")

    def _refuse(self, url: str) -> None:
        if refusal := refusal_of_url(url, self.allow_loopback):
            raise FetchError(refusal, url)
        if not is_loopback(url) and not has_contact(self.user_agent):
            raise FetchError("no_contact", url)

    def _wait(self, rules: Protego | None) -> None:
        """Keep the delay between two requests, or robots.txt's own when that is longer."""
        asked = rules.crawl_delay(self._robot) if rules is not None else None
        delay_s = max(self.delay_s, min(float(asked or 0), MAX_CRAWL_DELAY_S))
        if self._last_at is not None and (left_s := self._last_at + delay_s - self.clock()) > 0:
            self.sleep(left_s)

    def _get(self, url: str, limit: int, rules: Protego | None, cut: bool = False) -> FetchedPage:
        if self._pool is None:
            context = ssl.create_default_context(cafile=certifi.where())
            self._pool = httpcore.ConnectionPool(
                ssl_context=context, max_connections=1, network_backend=GuardedBackend(self.allow_loopback)
            )
        self._wait(rules)
        headers: dict[bytes | str, bytes | str] = {
            "User-Agent": self.user_agent,
            "Accept": "text/html,application/xhtml+xml,*/*;q=0.5",
            "Accept-Encoding": "gzip",
        }
        try:
            with self._pool.stream("GET", url, headers=headers, extensions={"timeout": _TIMEOUTS}) as answer:
                got = {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in answer.headers}
                body = self._read(answer, got, limit, cut, url)
                return FetchedPage(url, answer.status, got, body)
        except httpcore.ConnectError as error:
            is_tls = "certificate" in str(error).lower() or "ssl" in str(error).lower()
            raise FetchError("tls_error" if is_tls else "connection_refused", url) from error
        except httpcore.TimeoutException as error:
            raise FetchError("timeout", url) from error
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.UnsupportedProtocol) as error:
            raise FetchError("connection_lost", url) from error
        finally:
            self._last_at = self.clock()

    def _read(self, answer: Any, headers: dict[str, str], limit: int, cut: bool, url: str) -> bytes:
        """Read and unpack the body; a slow one ends at the deadline, a large one (also once unpacked) at `limit`."""
        unpack = zlib.decompressobj(wbits=47) if "gzip" in headers.get("content-encoding", "") else None
        deadline = self.clock() + 2 * _TIMEOUTS["read"]
        body = bytearray()
        for chunk in answer.iter_stream():
            try:
                body += unpack.decompress(chunk, limit + 1 - len(body)) if unpack else chunk
            except zlib.error as error:
                raise FetchError("connection_lost", url, "the answer is damaged gzip: try later") from error
            if len(body) > limit:
                if cut:
                    return bytes(body[:limit])
                raise FetchError("too_large", url)
            if self.clock() > deadline:
                raise FetchError("timeout", url)
        return bytes(body)
