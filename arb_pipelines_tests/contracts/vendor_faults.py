"""How a vendor's server misbehaves, for `ContractTransport.fail_next`.

What belongs here: one class a kind of bad answer. Time passes on an injected clock alone; nothing sleeps.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import httpx

Advance = Callable[[float], None]


class Fault:
    """A way of answering badly; `done` says whether the vendor did what it was asked for all the same."""

    done = False

    def answer(self, request: httpx.Request, good: httpx.Response, advance: Advance) -> httpx.Response:
        """Return the bad answer in the place of the good one, or raise what httpx raises."""
        raise httpx.ConnectError("refused", request=request)


class Unreachable(Fault):
    """No connection: the request never arrives."""


@dataclass(frozen=True)
class Status(Fault):
    """An error status with a JSON body, as with 429 and 5xx."""

    status: int
    retry_after_s: float | None = None
    rate_a_s: float | None = None
    body: object = field(default_factory=lambda: {"errors": [{"code": "Failed", "message": "failed"}]})

    def answer(self, request: httpx.Request, good: httpx.Response, advance: Advance) -> httpx.Response:
        """Return the status with the vendor's headers of its limits."""
        headers = {"Content-Type": "application/json"}
        if self.retry_after_s is not None:
            headers["Retry-After"] = f"{self.retry_after_s:g}"
        if self.rate_a_s is not None:
            headers["x-amzn-RateLimit-Limit"] = f"{self.rate_a_s:g}"
        return httpx.Response(self.status, headers=headers, content=json.dumps(self.body), request=request)


@dataclass(frozen=True)
class Page(Fault):
    """A page of HTML where JSON should stand, also with status 200."""

    status: int = 200
    text: str = "<!DOCTYPE html><html><body><h1>Service Unavailable</h1></body></html>"

    def answer(self, request: httpx.Request, good: httpx.Response, advance: Advance) -> httpx.Response:
        """Return the page."""
        return httpx.Response(self.status, headers={"Content-Type": "text/html"}, content=self.text, request=request)


@dataclass(frozen=True)
class Truncated(Fault):
    """The good answer cut off in the middle; the vendor did what it was asked for."""

    done = True
    status: int | None = None

    def answer(self, request: httpx.Request, good: httpx.Response, advance: Advance) -> httpx.Response:
        """Return the first half of the body."""
        content = good.content or b'{"done": true}'
        kept = content[: max(len(content) // 2, 1)]
        headers = {"Content-Type": "application/json"}
        return httpx.Response(self.status or good.status_code, headers=headers, content=kept, request=request)


@dataclass(frozen=True)
class Slow(Fault):
    """The good answer after a while; a while longer than the client's timeout is no answer."""

    done = True
    seconds: float

    def answer(self, request: httpx.Request, good: httpx.Response, advance: Advance) -> httpx.Response:
        """Let the time pass, then answer."""
        limit_s = _timeout_s(request.extensions)
        if limit_s is not None and self.seconds > limit_s:
            advance(limit_s)
            raise httpx.ReadTimeout("timed out", request=request)
        advance(self.seconds)
        return good


@dataclass(frozen=True)
class Dripping(Fault):
    """The good answer a byte at a time, each after a while that no timeout notices."""

    done = True
    seconds_a_byte: float

    def answer(self, request: httpx.Request, good: httpx.Response, advance: Advance) -> httpx.Response:
        """Return a stream that lets time pass with each byte."""
        headers = {"Content-Type": "application/json"}
        stream = _Drip(good.content, self.seconds_a_byte, advance)
        return httpx.Response(good.status_code, headers=headers, stream=stream, request=request)


@dataclass(frozen=True)
class NoAnswer(Fault):
    """The request arrives and nothing comes back until the client gives up; `done`: it was done all the same."""

    done: bool = True

    def answer(self, request: httpx.Request, good: httpx.Response, advance: Advance) -> httpx.Response:
        """Let the client's timeout pass."""
        limit_s = _timeout_s(request.extensions)
        if limit_s is None:
            raise AssertionError("the client waits without a timeout")
        advance(limit_s)
        raise httpx.ReadTimeout("timed out", request=request)


class _Drip(httpx.SyncByteStream):
    def __init__(self, content: bytes, seconds_a_byte: float, advance: Advance) -> None:
        self._content, self._seconds, self._advance = content, seconds_a_byte, advance

    def __iter__(self) -> Iterator[bytes]:
        for at in range(len(self._content)):
            self._advance(self._seconds)
            yield self._content[at : at + 1]


def _timeout_s(extensions: Mapping[str, object]) -> float | None:
    timeout = extensions.get("timeout")
    limit_s = timeout.get("read") if isinstance(timeout, dict) else None
    return limit_s if isinstance(limit_s, int | float) else None
