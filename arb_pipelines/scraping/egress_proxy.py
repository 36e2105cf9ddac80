"""The browser's only way out: a small HTTP proxy that judges, pins and dials every connection.

What belongs here: the proxy that Chromium and Firefox are started with. A page loads what it likes (frames,
`fetch`, WebSockets, redirects); each host is resolved here, judged by `net_guard`, and the very address that was
judged is connected to. Each site has a port of its own, so that the sandbox exception covers its own origins alone
and what was refused is counted site by site.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hmac
import secrets
import socket
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from arb_pipelines.scraping.net_guard import (
    BAD_URL,
    Origin,
    literal_address,
    refusal_of_answer,
    refusal_of_host,
    refusal_of_url,
)

Resolve = Callable[[str], Awaitable[list[str]]]  # a host name to addresses, the preferred first

REFUSED_HEADER = "x-egress-refused"
MAX_HEAD_BYTES = 64 * 1024
MAX_CONNECTION_BYTES = 32 * 1024 * 1024  # a shop's largest script bundles are below 5 MB
HEAD_TIMEOUT_S = 10.0
DIAL_TIMEOUT_S = 10.0
LIFE_S = 120.0
CHUNK = 64 * 1024
_HOP_HEADERS = ("connection:", "proxy-connection:", "proxy-authorization:", "keep-alive:")


class _RefusedError(Exception):
    """A connection that is not made; `status` and `reason` go to the browser."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


@dataclass(slots=True)
class ProxyPort:
    """One site's way out: where it listens, what it may reach on this machine, and what it was refused."""

    url: str
    own: frozenset[Origin]
    server: asyncio.Server
    refused: Counter[str] = field(default_factory=Counter)
    last_refusal: str | None = None

    def refuse(self, reason: str) -> None:
        """Count a refusal."""
        self.refused[reason] += 1
        self.last_refusal = reason


class EgressProxy:
    """Opens and closes the ports. Runs in the event loop of the crawl and ends with it.

    On another address than loopback (for a browser on another machine) it asks for `username` and `password`.
    """

    def __init__(
        self, allow_loopback: bool = False, resolve: Resolve | None = None, listen_on: str = "127.0.0.1"
    ) -> None:
        """Judge with `allow_loopback` as `net_guard` does; `resolve` replaces DNS in tests."""
        self._allow_loopback = allow_loopback
        self._resolve = resolve or resolve_name
        self._listen_on = listen_on
        self._connections: set[asyncio.Task[None]] = set()
        self._ports: list[ProxyPort] = []
        self.username = "browser"
        self.password = "" if listen_on.startswith("127.") else secrets.token_urlsafe(16)

    async def open_port(self, own: frozenset[Origin] = frozenset()) -> ProxyPort:
        """Listen on a free port for one site; `own` are the loopback origins that it declares."""

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.ensure_future(self._serve(port, reader, writer))
            self._connections.add(task)
            task.add_done_callback(self._connections.discard)

        server = await asyncio.start_server(accept, self._listen_on, 0, limit=MAX_HEAD_BYTES)
        number = server.sockets[0].getsockname()[1]
        port = ProxyPort(f"http://{self._listen_on}:{number}", own, server)
        self._ports.append(port)
        return port

    async def close(self) -> None:
        """Stop listening and cut what is still connected."""
        for port in self._ports:
            port.server.close()
        for task in list(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _serve(self, port: ProxyPort, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer):
            try:
                async with asyncio.timeout(LIFE_S):
                    await self._answer(port, reader, writer)
            except _RefusedError as refusal:
                port.refuse(refusal.reason)
                writer.write(_refusal_text(refusal))
            except (OSError, TimeoutError, EOFError, asyncio.LimitOverrunError):
                return  # either side went away, was silent or said nonsense: for the browser a lost connection

    async def _answer(self, port: ProxyPort, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with asyncio.timeout(HEAD_TIMEOUT_S):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        request_line, *headers = head.split("\r\n")[:-2]
        if not self._knows(headers):
            writer.write(b'HTTP/1.1 407 Who are you\r\nProxy-Authenticate: Basic realm="crawl"\r\n\r\n')
            return
        method, target, version = [*request_line.split(" "), "", ""][:3]
        if method == "CONNECT":
            upstream = await self._dial_target(port, target)
            writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
        else:
            upstream = await self._dial_url(port, target)
            upstream[1].write(_forwarded(method, target, version, headers))
        with contextlib.closing(upstream[1]):
            await _relay(port, (reader, writer), upstream)

    def _knows(self, headers: list[str]) -> bool:
        if not self.password:
            return True
        wanted = "basic " + base64.b64encode(f"{self.username}:{self.password}".encode()).decode()
        given = [h.partition(":")[2].strip() for h in headers if h.lower().startswith("proxy-authorization:")]
        return any(hmac.compare_digest(g[:6].lower() + g[6:], wanted) for g in given)

    async def _dial_target(self, port: ProxyPort, target: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        try:
            parts = urlsplit(f"//{target}")
            host, number = parts.hostname or "", parts.port or 443
        except ValueError as error:
            raise _RefusedError(400, BAD_URL) from error
        refusal = refusal_of_host(host, number, self._allow_loopback, port.own)
        if refusal:
            raise _RefusedError(403, refusal)
        return await self._dial(host, number)

    async def _dial_url(self, port: ProxyPort, url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        refusal = refusal_of_url(url, self._allow_loopback, port.own)
        if refusal:
            raise _RefusedError(403, refusal)
        parts = urlsplit(url)
        if parts.scheme != "http":
            raise _RefusedError(400, BAD_URL)
        return await self._dial(parts.hostname or "", parts.port or 80)

    async def _dial(self, host: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Resolve `host` once, judge the answers, and connect to the first address that passed."""
        literal = literal_address(host)
        try:
            async with asyncio.timeout(DIAL_TIMEOUT_S):
                addresses = [literal] if literal else await self._resolve(host)
                refusals = {a: refusal_of_answer(host, a, self._allow_loopback) for a in addresses}
                allowed = [a for a in addresses if refusals[a] is None]
                if addresses and not allowed:
                    raise _RefusedError(403, refusals[addresses[0]] or BAD_URL)
                if not allowed:
                    raise _RefusedError(502, "dns_failure")
                return await asyncio.open_connection(allowed[0], port, limit=CHUNK)
        except TimeoutError as error:
            raise _RefusedError(504, "timeout") from error
        except (socket.gaierror, UnicodeError) as error:
            raise _RefusedError(502, "dns_failure") from error
        except OSError as error:
            raise _RefusedError(502, "connection_refused") from error


async def resolve_name(host: str) -> list[str]:
    """Return the addresses that the system's resolver gives for `host`.

    Raises:
        OSError: there is no such name.
    """
    answers = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(answer[4][0]) for answer in answers))


def _forwarded(method: str, url: str, version: str, headers: list[str]) -> bytes:
    """Return the request as the origin gets it: its own path, and one request a connection."""
    parts = urlsplit(url)
    path = parts._replace(scheme="", netloc="", fragment="").geturl() or "/"
    kept = [line for line in headers if not line.lower().startswith(_HOP_HEADERS)]
    return "\r\n".join([f"{method} {path} {version}", *kept, "Connection: close", "", ""]).encode("latin-1")


async def _relay(
    port: ProxyPort,
    browser: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    origin: tuple[asyncio.StreamReader, asyncio.StreamWriter],
) -> None:
    """Carry bytes both ways until the origin has said all, or has said too much."""
    sending = asyncio.ensure_future(_pump(browser[0], origin[1], MAX_CONNECTION_BYTES))
    try:
        if await _pump(origin[0], browser[1], MAX_CONNECTION_BYTES):
            port.refuse("too_large")
    finally:
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, limit: int) -> bool:
    """Copy until the end and return False, or True when more than `limit` bytes came."""
    carried = 0
    while chunk := await reader.read(CHUNK):
        carried += len(chunk)
        if carried > limit:
            return True
        writer.write(chunk)
        await writer.drain()
    return False


def _refusal_text(refusal: _RefusedError) -> bytes:
    return (
        f"HTTP/1.1 {refusal.status} Refused\r\n{REFUSED_HEADER}: {refusal.reason}\r\n"
        "Content-Type: text/html\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    ).encode("ascii")
