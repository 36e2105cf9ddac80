"""Requests: safe ones repeated, acting ones never; the status before the body; no secret in any text."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator

import httpx
import pytest

from arb_pipelines.adapters.marketplaces.sandbox.client import (
    LONGEST_PAUSE_S,
    JsonClient,
    NoAnswerError,
    UnreadableAnswerError,
    UserToken,
)

Reply = httpx.Response | Exception
SECRET = "canary-secret"


class Server:
    """Answers each request with the next of `replies`, then with the last one again."""

    def __init__(self, *replies: Reply) -> None:
        self.replies = list(replies)
        self.requests: list[httpx.Request] = []
        self.pauses_s: list[float] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if isinstance(reply, Exception):
            raise reply
        return httpx.Response(reply.status_code, headers=reply.headers, content=reply.content)

    def client(self) -> JsonClient:
        """Return a client of this server that does not really pause."""
        headers = {"Authorization": f"Bearer {SECRET}"}
        return JsonClient(1.0, headers, transport=httpx.MockTransport(self), sleep=self.pauses_s.append)


@pytest.fixture
def connect() -> Iterator[Callable[[Server], JsonClient]]:
    """Open clients and close them in the end."""
    opened: list[JsonClient] = []

    def open_client(server: Server) -> JsonClient:
        opened.append(server.client())
        return opened[-1]

    yield open_client
    for client in opened:
        client.close()


GOOD = httpx.Response(200, json={"ok": True})


@pytest.mark.parametrize(
    "trouble", [httpx.Response(429), httpx.Response(500), httpx.Response(503), httpx.ReadTimeout("slow")]
)
def test_a_safe_request_is_repeated_twice(trouble: Reply, connect: Callable[[Server], JsonClient]) -> None:
    """With pauses between, and the third answer counts."""
    server = Server(trouble, trouble, GOOD)
    assert connect(server).get("http://shop.example/x").body == {"ok": True}
    assert (len(server.requests), server.pauses_s) == (3, [0.2, 1.0])


def test_a_safe_request_is_given_up_in_the_end(connect: Callable[[Server], JsonClient]) -> None:
    """Busy is not an answer."""
    server = Server(httpx.Response(503, json={"looks": "fine"}))
    with pytest.raises(NoAnswerError, match="GET /x answered 503"):
        connect(server).get("http://shop.example/x")
    assert len(server.requests) == 3


@pytest.mark.parametrize("asked, paused", [("2", 2.0), ("1000000000", LONGEST_PAUSE_S), ("soon", 0.2)])
def test_the_server_may_ask_for_a_pause(asked: str, paused: float, connect: Callable[[Server], JsonClient]) -> None:
    """Up to a bound."""
    server = Server(httpx.Response(429, headers={"Retry-After": asked}), GOOD)
    connect(server).get("http://shop.example/x")
    assert server.pauses_s == [paused]


@pytest.mark.parametrize(
    "trouble",
    [
        httpx.Response(500),
        httpx.Response(429),
        httpx.Response(599),
        httpx.ReadTimeout("slow"),
        httpx.RemoteProtocolError("closed"),
        httpx.ConnectError("refused"),
    ],
)
def test_an_acting_request_is_sent_once(trouble: Reply, connect: Callable[[Server], JsonClient]) -> None:
    """It may have been done."""
    server = Server(trouble, GOOD)
    with pytest.raises(NoAnswerError):
        connect(server).send("POST", "http://shop.example/orders", json={})
    assert (len(server.requests), server.pauses_s) == (1, [])


def test_an_error_status_is_an_answer_with_its_body(connect: Callable[[Server], JsonClient]) -> None:
    """Below 500 the caller decides; a body that is no JSON is None."""
    refused = connect(Server(httpx.Response(409, json={"code": "X"}))).send("POST", "http://shop.example/")
    assert (refused.status, refused.is_good, refused.body) == (409, False, {"code": "X"})
    page = connect(Server(httpx.Response(200, text="<html>"))).get("http://shop.example/")
    assert (page.is_good, page.body) == (True, None)


def test_redirects_are_not_followed(connect: Callable[[Server], JsonClient]) -> None:
    """A token must not travel to another host."""
    server = Server(httpx.Response(302, headers={"Location": "http://elsewhere.example/"}))
    assert connect(server).get("http://shop.example/").status == 302
    assert len(server.requests) == 1


def test_no_secret_in_texts_or_tracebacks(connect: Callable[[Server], JsonClient]) -> None:
    """Neither of the client nor of its errors, nor of the token."""
    client = connect(Server(httpx.ReadTimeout("slow")))
    token = UserToken(client, "http://channel.example", "id", SECRET, SECRET)
    with pytest.raises(NoAnswerError) as caught:
        client.send("POST", f"http://shop.example/x?key={SECRET}")
    texts = [repr(client), str(client), repr(token), "".join(traceback.format_exception(caught.value))]
    assert not [text for text in texts if SECRET in text.replace(f"?key={SECRET}", "")]
    assert SECRET not in str(caught.value)


def token_of(client: JsonClient, now: Callable[[], float]) -> UserToken:
    return UserToken(client, "http://channel.example", "id", SECRET, SECRET, clock_s=now)


def issued(token: str, lasts_s: object = 7200) -> httpx.Response:
    return httpx.Response(200, json={"access_token": token, "expires_in": lasts_s})


def test_a_token_is_kept_until_shortly_before_it_expires(connect: Callable[[Server], JsonClient]) -> None:
    """A minute before, or when the channel refused it, a new one is fetched."""
    server, now = Server(issued("one"), issued("two"), issued("three")), [0.0]
    token = token_of(connect(server), lambda: now[0])
    assert token.header() == token.header() == {"Authorization": "Bearer one"}
    now[0] = 7141.0
    assert token.header() == {"Authorization": "Bearer two"}
    token.forget()
    assert token.header() == {"Authorization": "Bearer three"}
    form = server.requests[0].content.decode()
    assert "grant_type=refresh_token" in form
    assert server.requests[0].headers["Authorization"].startswith("Basic ")


@pytest.mark.parametrize(
    "answer, error",
    [
        (httpx.Response(401, json={"error": "invalid_client"}), PermissionError),
        (httpx.Response(400, json={"error": "invalid_grant"}), PermissionError),
        (httpx.Response(200, json={"access_token": "x"}), UnreadableAnswerError),
        (issued("line\nbreak"), UnreadableAnswerError),
        (issued("x", "7200"), UnreadableAnswerError),
        (httpx.Response(200, text="<html>"), UnreadableAnswerError),
        (httpx.Response(503), NoAnswerError),
    ],
)
def test_a_token_that_does_not_come(
    answer: httpx.Response, error: type[Exception], connect: Callable[[Server], JsonClient]
) -> None:
    """Each with what to do about it."""
    with pytest.raises(error):
        token_of(connect(Server(answer)), lambda: 0.0).header()
