"""JSON over HTTP for the sandbox's shops and its selling channel.

What belongs here: sending one request and what came of it: timeouts always, the status read before the body, safe
requests repeated when the server is busy, acting ones never. The shapes of the answers are `parse.py`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

TOKEN_PATH = "/identity/v1/oauth2/token"  # noqa: S105 - a path, not a secret
TOKEN_SLACK_S = 60.0
BUSY = frozenset({429, 500, 502, 503, 504})
PAUSES_S = (0.2, 1.0)  # between the tries of a safe request
LONGEST_PAUSE_S = 5.0


class NoAnswerError(ConnectionError):
    """No usable answer: not reached, timed out, busy or broken. An act may or may not have been done."""


class UnreadableAnswerError(ValueError):
    """An answer whose body is not what the contract says."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A status below 500 and the JSON of the body (None where it is empty or no JSON)."""

    status: int
    body: Any

    @property
    def is_good(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300


class JsonClient:
    """Sends JSON requests; headers, and with them every secret, stay out of its text form and its errors."""

    def __init__(
        self,
        timeout_s: float,
        headers: Mapping[str, str] | None = None,
        *,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Open a connection pool; environment variables for proxies are not read."""
        self._http = httpx.Client(timeout=timeout_s, headers=dict(headers or {}), transport=transport, trust_env=False)
        self._sleep = sleep

    def __repr__(self) -> str:
        """Return the class name alone."""
        return "JsonClient()"

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def get(
        self, url: str, params: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Read `url`; a busy or unreachable server is asked again twice.

        Raises:
            NoAnswerError: still no answer below 500 (429 counts as busy).
        """
        for pause_s in PAUSES_S:
            try:
                response = self._request("GET", url, params=params, headers=headers)
            except NoAnswerError:
                self._sleep(pause_s)
                continue
            if response.status_code not in BUSY:
                return _answer(response)
            self._sleep(_asked_pause_s(response, pause_s))
        return self._once("GET", url, params=params, headers=headers)

    def send(
        self,
        method: str,
        url: str,
        *,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
    ) -> Answer:
        """Send an acting request exactly once.

        Raises:
            NoAnswerError: no answer, or a status of 500 and above: the act may have been done.
        """
        return self._once(method, url, json=json, data=form, headers=headers, auth=auth)

    def _once(self, method: str, url: str, **arguments: Any) -> Answer:
        response = self._request(method, url, **arguments)
        if response.status_code in BUSY or response.status_code >= 500:
            raise NoAnswerError(f"{method} {httpx.URL(url).path} answered {response.status_code}")
        return _answer(response)

    def _request(self, method: str, url: str, **arguments: Any) -> httpx.Response:
        given = {name: value for name, value in arguments.items() if value is not None}
        try:
            return self._http.request(method, url, **given)
        except httpx.HTTPError as error:
            # Not chained: the request inside the httpx error carries the authorization header.
            raise NoAnswerError(f"{method} {httpx.URL(url).path}: {type(error).__name__}") from None


@dataclass(slots=True)
class UserToken:
    """The seller's access token, fetched with the refresh token and kept until shortly before it expires."""

    client: JsonClient
    base_url: str
    client_id: str
    client_secret: str = field(repr=False)
    refresh_token: str = field(repr=False)
    clock_s: Callable[[], float] = time.monotonic
    _token: str | None = field(default=None, repr=False)
    _expires_s: float = 0.0

    def header(self) -> dict[str, str]:
        """Return the authorization header of a request.

        Raises:
            PermissionError: the channel does not accept the credentials.
            NoAnswerError: the token could not be fetched.
        """
        if self._token is None or self.clock_s() >= self._expires_s:
            self._fetch()
        return {"Authorization": f"Bearer {self._token}"}

    def forget(self) -> None:
        """Drop a token that the channel refused."""
        self._token = None

    def _fetch(self) -> None:
        form = {"grant_type": "refresh_token", "refresh_token": self.refresh_token}
        auth = (self.client_id, self.client_secret)
        answer = self.client.send("POST", f"{self.base_url}{TOKEN_PATH}", form=form, auth=auth)
        body = answer.body if isinstance(answer.body, dict) else {}
        token, lasts_s = body.get("access_token"), body.get("expires_in")
        if not answer.is_good:
            raise PermissionError(
                f"the channel refused the credentials ({answer.status} {body.get('error', '')}): "
                "check client id, client secret and refresh token"
            )
        if not isinstance(token, str) or not token.isprintable() or type(lasts_s) is not int:
            raise UnreadableAnswerError("the token answer has no usable access_token and expires_in")
        self._token, self._expires_s = token, self.clock_s() + max(lasts_s - TOKEN_SLACK_S, 0.0)


def _answer(response: httpx.Response) -> Answer:
    try:
        return Answer(response.status_code, response.json())
    except ValueError:
        return Answer(response.status_code, None)


def _asked_pause_s(response: httpx.Response, pause_s: float) -> float:
    asked = response.headers.get("Retry-After", "")
    return min(float(asked), LONGEST_PAUSE_S) if asked.isdigit() else pause_s
