"""JSON over HTTP for every vendor: one request, and what came of it.

What belongs here: timeouts always, the status read before the body, a bound on what is read, safe requests repeated
and acting ones never, no answer taken for another request's, no secret in any text. Tokens are `tokens.py`, rate
limits `buckets.py`, the shapes of the answers each vendor's `parse.py`.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import quote

import httpx

from arb_pipelines.adapters.http.answers import Answer, NoAnswerError, NotSentError, UnreadableAnswerError, read_json
from arb_pipelines.adapters.http.buckets import Buckets, read_retry_after_s

PAUSES_S = (0.2, 1.0)  # before the second and the third try of a repeatable request, less up to half of it
LONGEST_PAUSE_S = 5.0
LONGEST_ANSWER_BYTES = 20_000_000
TOTAL_TIMEOUTS = 4  # a server that drips a byte at a time is left after this many timeouts
# One exchange a connection: a server or proxy that answers twice leaves the second answer to the next request, and
# every later one gets its predecessor's. A listing was booked as live on the strength of another SKU's answer.
ALONE = {"Connection": "close"}
NOT_CONNECTED = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
Params = Mapping[str, str | int | Sequence[str]]


class Authorizer(Protocol):
    """Says who we are in the headers of a request."""

    def header(self) -> dict[str, str]:
        """Return the headers that carry the credentials."""

    def forget(self, refused: Mapping[str, str]) -> bool:
        """Drop the credentials that the vendor refused; return whether asking again with others can help."""


@dataclass(frozen=True, slots=True)
class _Request:
    """What is sent, but for the credentials."""

    operation: str
    method: str
    path: str
    arguments: Mapping[str, Any]
    headers: Mapping[str, str]


class ApiClient:
    """Sends requests to one vendor; credentials stay out of its text form, its errors and the log."""

    def __init__(
        self,
        base_url: str,
        *,
        timeout_s: float = 10.0,
        authorizer: Authorizer | None = None,
        buckets: Buckets | None = None,
        headers: Mapping[str, str] | None = None,
        transport: httpx.BaseTransport | None = None,
        clock_s: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        draw: Callable[[], float] = random.random,
        expired: frozenset[int] = frozenset({401}),
    ) -> None:
        """Keep where to ask; environment variables for proxies are not read, redirects are not followed.

        Args:
            base_url: scheme, host and perhaps the beginning of the path.
            timeout_s: longest wait for a connection, for sending and for the next bytes of an answer.
            authorizer: adds the credentials; None for a vendor that needs none.
            buckets: the account's rate limits; None for none.
            headers: sent with every request.
            transport: replaces the network in tests.
            clock_s: monotonic seconds.
            sleep: pauses between tries.
            draw: a random number from 0 to 1, so that clients that failed together do not ask again together.
            expired: statuses by which the vendor says that a token is no longer good.
        """
        self._http = httpx.Client(timeout=timeout_s, transport=transport, trust_env=False, follow_redirects=False)
        self._base_url = _checked_url(base_url)
        self._timeout_s = timeout_s
        self._authorizer = authorizer
        self._buckets = buckets
        self._headers = dict(headers or {})
        self._clock_s, self._sleep, self._draw = clock_s, sleep, draw
        self._expired = expired

    def __repr__(self) -> str:
        """Return the class name alone."""
        return "ApiClient()"

    def at(
        self,
        base_url: str | None = None,
        *,
        authorizer: Authorizer | None = None,
        buckets: Buckets | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> ApiClient:
        """Return a client of another address or with other credentials over the same connection pool."""
        other = object.__new__(ApiClient)
        other.__dict__.update(self.__dict__)
        other._base_url = self._base_url if base_url is None else _checked_url(base_url)
        other._authorizer = authorizer or self._authorizer
        other._buckets = buckets or self._buckets
        other._headers = {**self._headers, **(headers or {})}
        return other

    def close(self) -> None:
        """Close the connections, also those of the clients made by `at`."""
        self._http.close()

    def get(
        self,
        operation: str,
        path: str,
        *,
        params: Params | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Read `path`; a busy or unreachable server is asked again twice.

        Args:
            operation: the vendor's name of the call; it names the rate limit and stands in errors.
            path: below the base URL, starting with "/", with every part `quoted`.
            params: the query.
            headers: for this request only.

        Raises:
            NoAnswerError: still no answer below 500 (429 counts as busy).
            UnreadableAnswerError: a good status with a body that is no JSON.
        """
        return self._repeated(_Request(operation, "GET", path, {"params": params}, headers or {}))

    def send(
        self,
        operation: str,
        method: str,
        path: str,
        *,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        params: Params | None = None,
        headers: Mapping[str, str] | None = None,
        idempotent: bool = False,
    ) -> Answer:
        """Send a request exactly once; one that is `idempotent` is repeated like a `get`.

        A request whose credentials were refused (401) was not done, so it is sent once more with new ones.

        Raises:
            NotSentError: it never left; nothing was done.
            NoAnswerError: no answer, or a status of 429 or 500 and above: the act may have been done.
            UnreadableAnswerError: a good status with a body that is no JSON: the act may have been done.
        """
        arguments = {"params": params, "json": json, "data": form}
        request = _Request(operation, method, path, arguments, headers or {})
        return self._repeated(request) if idempotent else self._authorized(request)

    def _repeated(self, request: _Request) -> Answer:
        for pause_s in PAUSES_S:
            try:
                return self._authorized(request)
            except NoAnswerError as error:
                asked_s = error.retry_after_s
                if asked_s is not None and asked_s > LONGEST_PAUSE_S:
                    raise
                self._sleep(pause_s * (1.0 - 0.5 * self._draw()) if asked_s is None else asked_s)
        return self._authorized(request)

    def _authorized(self, request: _Request) -> Answer:
        credentials = self._authorizer.header() if self._authorizer else {}
        answer = self._once(request, credentials)
        if answer.status in self._expired and self._authorizer and self._authorizer.forget(credentials):
            answer = self._once(request, self._authorizer.header())
        return answer

    def _once(self, request: _Request, credentials: Mapping[str, str]) -> Answer:
        if not request.path.startswith("/"):
            raise ValueError(f"the path of {request.operation} must start with a slash")
        if self._buckets:
            self._buckets.take(request.operation)
        headers = {**self._headers, **request.headers, **credentials, **ALONE}
        given = {name: value for name, value in request.arguments.items() if value is not None}
        try:
            with self._http.stream(request.method, self._base_url + request.path, headers=headers, **given) as response:
                return self._read(request.operation, response)
        except httpx.HTTPError as error:
            # Not chained: the request inside the httpx error carries the credentials.
            kind = NotSentError if isinstance(error, NOT_CONNECTED) else NoAnswerError
            raise kind(f"{request.operation} got no answer: {type(error).__name__}") from None

    def _read(self, operation: str, response: httpx.Response) -> Answer:
        status, headers = response.status_code, {name.lower(): value for name, value in response.headers.items()}
        if self._buckets:
            self._buckets.correct(operation, status, headers)
        if status == 429 or status >= 500:
            asked_s = read_retry_after_s(headers.get("retry-after", ""))
            raise NoAnswerError(f"{operation} was answered {status}", status=status, retry_after_s=asked_s)
        content = self._content(operation, response)
        if 200 <= status < 300:
            return Answer(status, read_json(content, operation), headers)
        try:
            return Answer(status, read_json(content, operation), headers)
        except UnreadableAnswerError:
            return Answer(status, None, headers)

    def _content(self, operation: str, response: httpx.Response) -> bytes:
        content, latest_s = bytearray(), self._clock_s() + TOTAL_TIMEOUTS * self._timeout_s
        for part in response.iter_bytes():
            content += part
            if len(content) > LONGEST_ANSWER_BYTES:
                raise UnreadableAnswerError(f"{operation} was answered with over {LONGEST_ANSWER_BYTES} bytes")
            if self._clock_s() > latest_s:
                raise NoAnswerError(f"{operation} was answered too slowly")
        return bytes(content)


def quoted(part: str) -> str:
    """Return one part of a path; its slashes, spaces and question marks are escaped.

    Raises:
        ValueError: it is empty or would climb out of the path.
    """
    if part in ("", ".", ".."):
        raise ValueError(f"{part!r} cannot be a part of an address")
    return quote(part, safe="")


def _checked_url(base_url: str) -> str:
    url = httpx.URL(base_url)
    if url.scheme not in ("http", "https") or not url.host:
        raise ValueError("the address of a vendor must start with http:// or https:// and name a host")
    return base_url.rstrip("/")


def _host_alone(record: logging.LogRecord) -> bool:
    """Leave path and query out of httpx's log lines: some vendors want their key there."""
    if isinstance(record.args, tuple):
        record.args = tuple(f"{a.scheme}://{a.host}" if isinstance(a, httpx.URL) else a for a in record.args)
    return True


logging.getLogger("httpx").addFilter(_host_alone)
