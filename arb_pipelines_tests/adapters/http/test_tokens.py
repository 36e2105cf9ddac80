"""Access tokens: fetched once, kept as long as they last, never shown."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from threading import Barrier
from urllib.parse import parse_qs

import httpx
import pytest

from arb_pipelines.adapters.http.answers import NoAnswerError, UnreadableAnswerError
from arb_pipelines.adapters.http.client import ApiClient
from arb_pipelines.adapters.http.tokens import (
    FixedToken,
    OAuthToken,
    client_credentials,
    refreshed,
    refreshed_in_body,
)

SECRET = "canary-secret"


class Issuer:
    """Issues token 1, 2, 3..., or answers what it is told."""

    def __init__(self, answer: httpx.Response | None = None) -> None:
        self.answer = answer
        self.requests: list[httpx.Request] = []
        self.now_s = 0.0
        self.answer_takes_s = 0.0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        self.now_s += self.answer_takes_s
        if self.answer is not None:
            return httpx.Response(self.answer.status_code, content=self.answer.content)
        return issued(str(len(self.requests)))

    @contextmanager
    def token(self) -> Iterator[OAuthToken]:
        transport = httpx.MockTransport(self)
        with closing(ApiClient("http://channel.example", transport=transport, sleep=lambda _: None)) as client:
            token = refreshed(client, "/token", "id", SECRET, SECRET)
            token.clock_s = lambda: self.now_s
            yield token


def issued(token: str, lasts_s: object = 7200) -> httpx.Response:
    return httpx.Response(200, json={"access_token": token, "expires_in": lasts_s})


def test_a_token_is_kept_until_shortly_before_it_expires() -> None:
    """A minute before, or when the vendor refused it, a new one is fetched."""
    issuer = Issuer()
    with issuer.token() as token:
        assert token.header() == token.header() == {"Authorization": "Bearer 1"}
        issuer.now_s = 7141.0
        assert token.header() == {"Authorization": "Bearer 2"}
        assert token.forget({"Authorization": "Bearer 2"})
        assert token.header() == {"Authorization": "Bearer 3"}
        assert token.forget({"Authorization": "Bearer 2"})  # refused late, to another thread
        assert token.header() == {"Authorization": "Bearer 3"}


def test_a_slow_answer_does_not_lengthen_its_life() -> None:
    """It counts from before the request."""
    issuer = Issuer()
    with issuer.token() as token:
        issuer.answer_takes_s = 100.0
        token.header()
        issuer.now_s = 7140.0
        assert token.header() == {"Authorization": "Bearer 2"}


def test_threads_fetch_one_token() -> None:
    """Eight that start together."""
    issuer, start = Issuer(), Barrier(8)
    with issuer.token() as token, ThreadPoolExecutor(8) as pool:

        def ask(_: int) -> dict[str, str]:
            start.wait(timeout=10)
            return token.header()

        assert {header["Authorization"] for header in pool.map(ask, range(8))} == {"Bearer 1"}
    assert len(issuer.requests) == 1


def test_what_each_grant_sends() -> None:
    """Client id and secret by the basic scheme, or in the form where the vendor wants them there."""
    issuer = Issuer()
    with closing(ApiClient("http://channel.example", transport=httpx.MockTransport(issuer))) as client:
        client_credentials(client, "/t", "id", "s", ["one", "two"]).header()
        refreshed(client, "/t", "id", "s", "r", ["one"]).header()
        header = refreshed_in_body(client, "/t", "id", "s", "r", header_name="x-access", prefix="").header()
    assert header == {"x-access": "3"}
    forms = [parse_qs(request.content.decode()) for request in issuer.requests]
    assert forms[0] == {"grant_type": ["client_credentials"], "scope": ["one two"]}
    assert forms[1] == {"grant_type": ["refresh_token"], "refresh_token": ["r"], "scope": ["one"]}
    assert forms[2]["client_secret"] == ["s"]
    assert [request.headers.get("Authorization") for request in issuer.requests] == ["Basic aWQ6cw=="] * 2 + [None]


@pytest.mark.parametrize(
    "answer, error",
    [
        (httpx.Response(401, json={"error": "invalid_client"}), PermissionError),
        (httpx.Response(400, json={"error": "invalid_grant", "error_description": SECRET}), PermissionError),
        (httpx.Response(400, json={"error": SECRET}), PermissionError),
        (httpx.Response(302), PermissionError),
        (httpx.Response(200, json={"access_token": "x"}), UnreadableAnswerError),
        (httpx.Response(200, json={"access_token": "", "expires_in": 1}), UnreadableAnswerError),
        (issued("line\nbreak"), UnreadableAnswerError),
        (issued("x", "7200"), UnreadableAnswerError),
        (issued("x", True), UnreadableAnswerError),
        (httpx.Response(200, text=f"<html>{SECRET}"), UnreadableAnswerError),
        (httpx.Response(200), UnreadableAnswerError),
        (httpx.Response(503), NoAnswerError),
    ],
)
def test_a_token_that_does_not_come(answer: httpx.Response, error: type[Exception]) -> None:
    """Each with what to do about it, and without what was sent."""
    with Issuer(answer).token() as token, pytest.raises(error) as caught:
        token.header()
    assert SECRET not in "".join(traceback.format_exception(caught.value)) + repr(token)


def test_a_fixed_key_has_its_own_header() -> None:
    """And is not renewed."""
    key = FixedToken("k", header_name="X-Key", prefix="")
    assert (key.header(), key.forget(key.header())) == ({"X-Key": "k"}, False)
