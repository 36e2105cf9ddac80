"""What holds for every request before any route is asked, and for every answer.

What belongs here: pure ASGI: host and origin (against DNS rebinding and foreign sites), the size of bodies, the rate
of an address, and the headers that tell a browser to run and show nothing but ours.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, MutableMapping
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from arb_pipelines.api.metrics import ApiMetrics
from arb_pipelines.api.problems import ProblemError, problem_response
from arb_pipelines.api.rate_limits import RateLimits
from arb_pipelines.settings import Settings

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
METHODS = SAFE_METHODS | {"POST", "PUT", "PATCH", "DELETE"}
SAME_SITE = frozenset({"same-origin", "none"})  # what browsers say of requests that no foreign page made
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not `no-referrer`: with it Chromium sends `Origin: null` with a form, which is refused as foreign.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=()",
}
HSTS = "max-age=31536000"


class Guards:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp, settings: Settings, limits: RateLimits, metrics: ApiMetrics) -> None:
        """Read from the settings which hosts and origins are ours, and how large a body may be."""
        self._app = app
        self._limits = limits
        self._metrics = metrics
        self._most_bytes = settings.api_max_body_bytes
        public = urlsplit(settings.api_public_url or "")
        self._hosts = LOOPBACK | {settings.api_host} | ({public.hostname} if public.hostname else set())
        self._origins = {f"{public.scheme}://{public.netloc}"} if public.hostname else set()
        worn = HEADERS | ({"Strict-Transport-Security": HSTS} if settings.api_behind_tls else {})
        self._static_headers = _raw(worn)
        self._answer_headers = _raw(worn | {"Cache-Control": "no-store"})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse what no route should see; bound and dress what is let through."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        error = self._fault(scope)
        if error is None:
            await self._app(scope, self._bounded(receive), self._dressed(scope, send))
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": error.code})
        else:
            await problem_response(error)(scope, receive, self._dressed(scope, send))

    def _fault(self, scope: Scope) -> ProblemError | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "") if len(headers.getlist("host")) == 1 else ""
        if _host_name(host) not in self._hosts:
            return ProblemError(
                421, "foreign_host", "set ARB_API_PUBLIC_URL to serve another name", kind="foreign_host"
            )
        if self._is_foreign(scope, headers, host):
            return ProblemError(403, "foreign_origin", "send it from our own pages", kind="foreign_origin")
        wait_s = self._limits.take("address", scope["client"][0] if scope.get("client") else "unknown")
        if wait_s is not None:
            detail = f"come again in {wait_s} s"
            return ProblemError(429, "too_many_requests", detail, headers={"Retry-After": str(wait_s)})
        length = headers.get("content-length")
        if length is not None and (not length.isdigit() or int(length) > self._most_bytes):
            return _too_large(self._most_bytes)
        return None

    def _is_foreign(self, scope: Scope, headers: Headers, host: str) -> bool:
        if scope["type"] == "http" and scope["method"] in SAFE_METHODS:
            return False
        origin = headers.get("origin")
        if origin is None:
            return headers.get("sec-fetch-site", "none") not in SAME_SITE
        here = {f"http://{host}", f"https://{host}"} if _host_name(host) in LOOPBACK else set()
        return origin not in self._origins | here

    def _bounded(self, receive: Receive) -> Receive:
        """A body that tells no length is counted as it comes."""
        seen = 0

        async def bounded() -> Message:
            nonlocal seen
            message = await receive()
            if message["type"] == "http.request":
                seen += len(message.get("body", b""))
                if seen > self._most_bytes:
                    raise HTTPException(413, _too_large(self._most_bytes).detail)
            return message

        return bounded

    def _dressed(self, scope: Scope, send: Send) -> Send:
        began_s = time.perf_counter()

        async def dressed(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                own = list(message.get("headers", ()))
                named = {name.lower() for name, _ in own}
                worn = self._static_headers if scope["path"].startswith("/static/") else self._answer_headers
                message["headers"] = own + [header for header in worn if header[0] not in named]
                route = getattr(scope.get("route"), "path", "none")  # a path as sent could make any number of names
                method = scope["method"] if scope["method"] in METHODS else "other"
                self._metrics.count(method, route, message["status"], time.perf_counter() - began_s)
            await send(message)

        return dressed


def _raw(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    """Return headers as they are sent, made once: nine of them for each answer took a tenth of its time."""
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]


def _too_large(most_bytes: int) -> ProblemError:
    return ProblemError(413, "too_large", f"a body has {most_bytes} bytes at most")


@lru_cache(maxsize=64)  # few names are asked for, and anybody may send any other
def _host_name(host: str) -> str:
    """Return the name of a Host header without its port; empty where it cannot be read."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
