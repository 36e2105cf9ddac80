"""Requests: repeatable ones repeated, acting ones never; the status before the body; no secret in any text."""

from __future__ import annotations

import gzip
import json
import logging
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from arb_pipelines.adapters.http import client as client_module
from arb_pipelines.adapters.http.answers import NoAnswerError, NotSentError, UnreadableAnswerError
from arb_pipelines.adapters.http.buckets import Buckets, UsagePlan
from arb_pipelines.adapters.http.client import ApiClient, quoted
from arb_pipelines.adapters.http.tokens import FixedToken, UserPassword

Reply = httpx.Response | Exception
SECRET = "canary-secret"
GOOD = httpx.Response(200, json={"ok": True})


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


Connect = Callable[..., ApiClient]


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Open clients that do not really pause, and close them in the end."""
    opened: list[ApiClient] = []

    def open_client(server: Server, **options: object) -> ApiClient:
        given = {"authorizer": FixedToken(SECRET), "sleep": server.pauses_s.append, "draw": lambda: 0.0} | options
        opened.append(ApiClient("http://shop.example/base/", transport=httpx.MockTransport(server), **given))  # type: ignore[arg-type]
        return opened[-1]

    yield open_client
    for client in opened:
        client.close()


@pytest.mark.parametrize(
    "trouble", [httpx.Response(429), httpx.Response(500), httpx.Response(599), httpx.ReadTimeout("slow")]
)
def test_a_safe_request_is_repeated_twice(trouble: Reply, connect: Connect) -> None:
    """With pauses between, and the third answer counts."""
    server = Server(trouble, trouble, GOOD)
    assert connect(server).get("readThing", "/x").body == {"ok": True}
    assert (len(server.requests), server.pauses_s) == (3, [0.2, 1.0])
    assert server.requests[0].url == "http://shop.example/base/x"


def test_pauses_differ_between_clients(connect: Connect) -> None:
    """By up to a half, so that clients which failed together do not come back together."""
    server = Server(httpx.Response(503), httpx.Response(503), GOOD)
    connect(server, draw=lambda: 1.0).get("readThing", "/x")
    assert server.pauses_s == [0.1, 0.5]


def test_a_safe_request_is_given_up_in_the_end(connect: Connect) -> None:
    """Busy is not an answer, whatever its body says."""
    server = Server(httpx.Response(503, json={"looks": "fine"}))
    with pytest.raises(NoAnswerError, match="readThing was answered 503") as caught:
        connect(server).get("readThing", "/x")
    assert (len(server.requests), caught.value.status) == (3, 503)


@pytest.mark.parametrize("asked, paused", [("2", 2.0), ("soon", 0.2)])
def test_the_server_may_ask_for_a_pause(asked: str, paused: float, connect: Connect) -> None:
    """It is kept exactly."""
    server = Server(httpx.Response(429, headers={"Retry-After": asked}), GOOD)
    connect(server).get("readThing", "/x")
    assert server.pauses_s == [paused]


def test_a_long_pause_is_not_sat_out(connect: Connect) -> None:
    """The caller learns how long it is; nobody asks again before."""
    server = Server(httpx.Response(429, headers={"Retry-After": "900"}), GOOD)
    with pytest.raises(NoAnswerError) as caught:
        connect(server).get("readThing", "/x")
    assert (len(server.requests), caught.value.retry_after_s, server.pauses_s) == (1, 900.0, [])


ACTING_TROUBLE = [
    httpx.Response(500),
    httpx.Response(429),
    httpx.Response(599),
    httpx.ReadTimeout("slow"),
    httpx.RemoteProtocolError("closed"),
    httpx.ConnectError("refused"),
]


@pytest.mark.parametrize("trouble", ACTING_TROUBLE)
def test_an_acting_request_is_sent_once(trouble: Reply, connect: Connect) -> None:
    """It may have been done."""
    server = Server(trouble, GOOD)
    with pytest.raises(NoAnswerError) as caught:
        connect(server).send("placeOrder", "POST", "/orders", json={})
    assert (len(server.requests), server.pauses_s) == (1, [])
    assert isinstance(caught.value, NotSentError) is isinstance(trouble, httpx.ConnectError)


@pytest.mark.parametrize("trouble", ACTING_TROUBLE)
def test_an_idempotent_act_is_repeated(trouble: Reply, connect: Connect) -> None:
    """Doing it twice is doing it once."""
    server = Server(trouble, GOOD)
    assert connect(server).send("putItem", "PUT", "/items/1", json={}, idempotent=True).is_good
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    "body", [b"<html>", b'{"ok": tr', b"[" * 100_000, b'{"a": NaN}', b"\xff\xfe", b"1e" + b"9" * 30]
)
def test_a_good_status_around_something_else_is_unreadable(body: bytes, connect: Connect) -> None:
    """A login page with 200 was taken for success by two ready-made clients."""
    for status in (200, 201, 204):
        server = Server(httpx.Response(status, content=body))
        with pytest.raises(UnreadableAnswerError):
            connect(server).send("placeOrder", "POST", "/orders", json={})
        assert len(server.requests) == 1


def test_an_error_status_is_an_answer_with_its_body(connect: Connect) -> None:
    """Below 500 the caller decides; a body that is no JSON is None."""
    refused = connect(Server(httpx.Response(409, json={"code": "X"}))).send("placeOrder", "POST", "/")
    assert (refused.status, refused.is_good, refused.body) == (409, False, {"code": "X"})
    page = connect(Server(httpx.Response(403, text="<html>"))).get("readThing", "/")
    assert (page.is_good, page.body) == (False, None)


def test_an_empty_body_is_none_and_numbers_are_exact(connect: Connect) -> None:
    """0.1 stays 0.1."""
    assert connect(Server(httpx.Response(204))).get("readThing", "/").body is None
    assert connect(Server(httpx.Response(200, text='{"a": 0.1}'))).get("readThing", "/").body == {"a": Decimal("0.1")}


def test_redirects_are_not_followed(connect: Connect) -> None:
    """A token must not travel to another host."""
    server = Server(httpx.Response(302, headers={"Location": "http://elsewhere.example/"}))
    assert connect(server).get("readThing", "/").status == 302
    assert len(server.requests) == 1


def test_an_answer_without_end_is_cut(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when it is small on the wire."""
    monkeypatch.setattr(client_module, "LONGEST_ANSWER_BYTES", 1_000)
    bomb = httpx.Response(200, headers={"Content-Encoding": "gzip"}, content=gzip.compress(b"1" * 100_000))
    with pytest.raises(UnreadableAnswerError, match="over 1000 bytes"):
        connect(Server(GOOD)).at()._read("readThing", bomb)


def test_an_answer_that_drips_is_left(connect: Connect) -> None:
    """Each byte comes within the timeout, the whole does not."""
    now_s = iter(range(0, 1_000, 30))
    with pytest.raises(NoAnswerError, match="too slowly"):
        connect(Server(GOOD), timeout_s=1.0, clock_s=lambda: float(next(now_s))).get("readThing", "/")


def test_our_own_rate_limit_sends_nothing(connect: Connect) -> None:
    """Refused with the reason before anything leaves."""
    server, buckets = Server(GOOD), Buckets({"readThing": UsagePlan(0.001, 1)}, clock_s=lambda: 0.0)
    client = connect(server, buckets=buckets)
    client.get("readThing", "/")
    with pytest.raises(NotSentError, match="readThing was not sent"):
        client.send("readThing", "POST", "/")
    client.get("readOther", "/")
    assert len(server.requests) == 2


@dataclass
class Renewed:
    """An authorizer whose second token is the good one."""

    tokens: list[str] = field(default_factory=lambda: ["old", "new"])

    def header(self) -> dict[str, str]:
        return {"Authorization": self.tokens[0]}

    def forget(self, refused: Mapping[str, str]) -> bool:
        assert refused == {"Authorization": "old"}
        self.tokens.pop(0)
        return True


def test_refused_credentials_are_renewed_once(connect: Connect) -> None:
    """The request was not done, so it may be sent again; a fixed key has nothing to renew."""
    server = Server(httpx.Response(401), GOOD)
    assert connect(server, authorizer=Renewed()).send("placeOrder", "POST", "/").is_good
    assert [request.headers["Authorization"] for request in server.requests] == ["old", "new"]
    server = Server(httpx.Response(401), GOOD)
    assert connect(server).send("placeOrder", "POST", "/").status == 401


def test_another_address_over_the_same_connections(connect: Connect) -> None:
    """With its own credentials."""
    server = Server(GOOD)
    connect(server).at("https://other.example", authorizer=UserPassword("a", "b"), headers={"X": "1"}).get("r", "/y")
    request = server.requests[0]
    assert (str(request.url), request.headers["X"]) == ("https://other.example/y", "1")
    assert request.headers["Authorization"] == "Basic YTpi"


@pytest.mark.parametrize("url", ["shop.example", "ftp://shop.example", "http://", ""])
def test_an_address_that_is_none(url: str) -> None:
    """Said at once."""
    with pytest.raises(ValueError, match="http"):
        ApiClient(url)


def test_parts_of_a_path_cannot_leave_it(connect: Connect) -> None:
    """An SKU may hold anything."""
    server = Server(GOOD)
    connect(server).get("readThing", f"/items/{quoted('a/../b?c d')}")
    assert server.requests[0].url.raw_path == b"/base/items/a%2F..%2Fb%3Fc%20d"
    for part in ("", ".", ".."):
        with pytest.raises(ValueError, match="address"):
            quoted(part)
    with pytest.raises(ValueError, match="slash"):
        connect(server).get("readThing", "@evil.example/")


def test_no_secret_in_texts_or_tracebacks_or_logs(connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
    """Neither of the client nor of its errors; some vendors want their key in the path or the query."""
    caplog.set_level(logging.DEBUG)
    client = connect(Server(httpx.ReadTimeout(SECRET), httpx.Response(200, text=f"<{SECRET}>"), GOOD))
    texts = [repr(client), str(client), repr(FixedToken(SECRET)), repr(UserPassword(SECRET, SECRET))]
    for error in (NoAnswerError, UnreadableAnswerError):
        with pytest.raises(error) as caught:
            client.send("placeOrder", "POST", f"/{SECRET}", params={"key": SECRET}, json={"password": SECRET})
        texts.append("".join(traceback.format_exception(caught.value)))
    client.get("readThing", f"/{SECRET}", params={"key": SECRET})
    assert "http://shop.example" in caplog.text
    assert not [text for text in [*texts, caplog.text] if SECRET in text]


@contextmanager
def answering_twice() -> Iterator[str]:
    """Serve the path of each request, each answer given twice on its connection."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle(self) -> None:
            with suppress(OSError):  # the client may have gone after the first answer
                super().handle()

        def do_GET(self) -> None:
            body = json.dumps({"path": self.path}).encode()
            head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            self.wfile.write(2 * (head + body))

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("alone", [True, False])
def test_an_answer_given_twice_is_never_that_of_the_next_request(alone: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kept connections, as the library's default has them, give every request the answer of the one before."""
    if not alone:
        monkeypatch.setattr(client_module, "ALONE", {})
    paths = ["/a", "/b", "/c"]
    with answering_twice() as url, closing(ApiClient(url)) as client:
        answered = [client.get("readThing", path).body["path"] for path in paths]
    assert (answered == paths) is alone
