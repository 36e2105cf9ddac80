"""Who we are to a vendor: OAuth 2 access tokens, fixed tokens, user and password.

What belongs here: the authorizers of `ApiClient`. Which address, scopes and header a vendor wants is said in its
folder.
"""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from arb_pipelines.adapters.http.answers import Answer, UnreadableAnswerError
from arb_pipelines.adapters.http.client import ApiClient

TOKEN_SLACK_S = 60.0  # a token is renewed this long before it expires, for slow requests and the vendor's clock


@dataclass(frozen=True, slots=True)
class FixedToken:
    """A key that does not expire, in a header of its own."""

    token: str = field(repr=False)
    header_name: str = "Authorization"
    prefix: str = "Bearer "

    def header(self) -> dict[str, str]:
        """Return the header that carries the key."""
        return {self.header_name: f"{self.prefix}{self.token}"}

    def forget(self, refused: Mapping[str, str]) -> bool:
        """Return False: there is no other key."""
        return False


@dataclass(frozen=True, slots=True)
class UserPassword:
    """User and password by HTTP's basic scheme."""

    user: str = field(repr=False)
    password: str = field(repr=False)

    def header(self) -> dict[str, str]:
        """Return the authorization header."""
        pair = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        return {"Authorization": f"Basic {pair}"}

    def forget(self, refused: Mapping[str, str]) -> bool:
        """Return False: there is no other password."""
        return False


@dataclass(slots=True)
class OAuthToken:
    """An access token that is fetched when needed and kept until shortly before it expires.

    `client` carries no authorizer of its own, or `UserPassword` where the vendor wants client id and secret as such;
    `form` holds the grant and whatever secrets the vendor wants in the body. Threads that need a token at the same
    time fetch one. Its life is counted on a monotonic clock from before it was asked for, so that neither a wrong
    clock nor a slow answer makes it look valid for longer.
    """

    client: ApiClient
    path: str
    form: Mapping[str, str] = field(repr=False)
    header_name: str = "Authorization"
    prefix: str = "Bearer "
    clock_s: Callable[[], float] = time.monotonic
    _token: str | None = field(default=None, repr=False)
    _expires_s: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def header(self) -> dict[str, str]:
        """Return the header of a request.

        Raises:
            PermissionError: the vendor does not accept the credentials.
            NoAnswerError: the token could not be fetched.
            UnreadableAnswerError: the vendor's answer holds no token.
        """
        with self._lock:
            if self._token is None or self.clock_s() >= self._expires_s:
                self._fetch()
            return {self.header_name: f"{self.prefix}{self._token}"}

    def forget(self, refused: Mapping[str, str]) -> bool:
        """Drop the token if it is the one that was refused; another thread may have a new one already."""
        with self._lock:
            if refused.get(self.header_name) == f"{self.prefix}{self._token}":
                self._token = None
            return True

    def _fetch(self) -> None:
        asked_s = self.clock_s()
        answer = self.client.send("fetchToken", "POST", self.path, form=self.form, idempotent=True)
        if not answer.is_good:
            raise PermissionError(
                f"the credentials were refused ({answer.status}{_error_word(answer)}): "
                "check client id, client secret and refresh token"
            )
        body = answer.record("the token request")
        token, lasts_s = body.get("access_token"), body.get("expires_in")
        if not isinstance(token, str) or not token.isascii() or not token.isprintable() or not token:
            raise UnreadableAnswerError("the token answer has no usable access_token")
        if type(lasts_s) is not int:
            raise UnreadableAnswerError("the token answer has no usable expires_in")
        self._token, self._expires_s = token, asked_s + max(lasts_s - TOKEN_SLACK_S, 0.0)


def client_credentials(client: ApiClient, path: str, client_id: str, secret: str, scopes: Sequence[str]) -> OAuthToken:
    """Return the token of an application (RFC 6749, 4.4), its id and secret sent by the basic scheme."""
    form = {"grant_type": "client_credentials", "scope": " ".join(scopes)}
    return OAuthToken(client.at(authorizer=UserPassword(client_id, secret)), path, form)


def refreshed(
    client: ApiClient, path: str, client_id: str, secret: str, refresh_token: str, scopes: Sequence[str] = ()
) -> OAuthToken:
    """Return the token of a user (RFC 6749, 6), client id and secret sent by the basic scheme."""
    form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    if scopes:
        form["scope"] = " ".join(scopes)
    return OAuthToken(client.at(authorizer=UserPassword(client_id, secret)), path, form)


def refreshed_in_body(
    client: ApiClient, path: str, client_id: str, secret: str, refresh_token: str, *, header_name: str, prefix: str
) -> OAuthToken:
    """Return the token of a user at a vendor that wants client id and secret in the form."""
    form = {
        "grant_type": "refresh_token",
        "refresh_token": refresh_token,
        "client_id": client_id,
        "client_secret": secret,
    }
    return OAuthToken(client, path, form, header_name=header_name, prefix=prefix)


def _error_word(answer: Answer) -> str:
    """Return the vendor's error word if it is one: free text might repeat what we sent."""
    word = answer.body.get("error") if isinstance(answer.body, dict) else None
    return f" {word}" if isinstance(word, str) and word.replace("_", "").isalpha() and len(word) < 40 else ""
