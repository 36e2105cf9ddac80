"""Webhooks: what is sent, what the answer means, and where they may not go."""

from __future__ import annotations

import hashlib
import hmac
import json

import httpx
import pytest

from arb_pipelines.adapters.messaging.pinned import PinnedTransport
from arb_pipelines.adapters.messaging.webhook import SIGNATURE_HEADER, WebhookChannel
from arb_pipelines.domain.delivery import Delivered, DeliveryUnknownError, NotDelivered
from arb_pipelines.domain.message import Channel
from arb_pipelines.scraping.net_guard import refusal_of_address, refusal_of_url
from arb_pipelines_tests.fakes.clock import START
from arb_pipelines_tests.fakes.messages import outbound

URL = "https://hooks.house.test/alerts"
PUBLIC = "93.184.216.34"


class Receiver(httpx.BaseTransport):
    """Stands for the network: keeps what was sent, and answers a status or fails."""

    def __init__(self, answer: int | Exception = 200) -> None:
        self.answer = answer
        self.requests: list[httpx.Request] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.requests.append(request)
        if isinstance(self.answer, Exception):
            raise self.answer
        return httpx.Response(self.answer, text="<html>not JSON</html>")


def channel(receiver: Receiver, *addresses: str) -> WebhookChannel:
    transport = PinnedTransport(refusal_of_address, lambda host, port: list(addresses), receiver)
    return WebhookChannel(transport, "secret", lambda: START, refusal_of_url)


def test_it_is_signed_and_goes_to_the_judged_address() -> None:
    receiver = Receiver()
    message = outbound(channel=Channel.WEBHOOK, recipient=URL)
    assert channel(receiver, PUBLIC).send(message) == Delivered(None, by="webhook")
    (request,) = receiver.requests
    assert (request.url.host, request.headers["host"]) == (PUBLIC, "hooks.house.test")
    assert request.extensions["sni_hostname"] == "hooks.house.test"
    assert request.headers["Idempotency-Key"] == "message-1"
    stamp, _, signature = request.headers[SIGNATURE_HEADER].partition(",v1=")
    signed = stamp.removeprefix("t=").encode() + b"." + request.content
    assert hmac.new(b"secret", signed, hashlib.sha256).hexdigest() == signature
    assert json.loads(request.content)["subject"] == "Subject"


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"], ["10.0.0.1"], ["169.254.169.254"], ["::1"], ["64:ff9b::a9fe:a9fe"], ["2002:7f00:1::"],
        ["100.64.0.1"], ["::ffff:10.0.0.1"], [PUBLIC, "127.0.0.1"], ["0.0.0.0"], ["fd00::1"], [],
    ],
)  # fmt: skip
def test_a_name_that_leads_home_is_refused_before_a_byte_leaves(addresses: list[str]) -> None:
    receiver = Receiver()
    answer = channel(receiver, *addresses).send(outbound(channel=Channel.WEBHOOK, recipient=URL))
    assert isinstance(answer, NotDelivered)
    assert (answer.code, answer.heals) == ("webhook_address", False)
    assert receiver.requests == []


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/x", "http://2130706433/", "http://[::1]/", "https://hooks.house.test:6379/", "file:///etc/x",
        "gopher://house.test/", "https://", "http://169.254.169.254/latest/meta-data/", "http://0x7f000001/", "",
    ],
)  # fmt: skip
def test_a_wrong_address_is_refused_unread(url: str) -> None:
    receiver = Receiver()
    answer = channel(receiver, PUBLIC).send(outbound(channel=Channel.WEBHOOK, recipient=url))
    assert isinstance(answer, NotDelivered)
    assert answer.code == "webhook_address"
    assert receiver.requests == []


@pytest.mark.parametrize(
    "status, code, heals",
    [
        (301, "webhook_refused", False),
        (400, "webhook_refused", False),
        (404, "webhook_refused", False),
        (429, "webhook_busy", True),
        (httpx.ConnectError("down"), "webhook_not_reached", True),
        (httpx.ConnectTimeout("slow"), "webhook_not_reached", True),
    ],
)
def test_what_was_certainly_not_taken(status: int | Exception, code: str, heals: bool) -> None:
    answer = channel(Receiver(status), PUBLIC).send(outbound(channel=Channel.WEBHOOK, recipient=URL))
    assert isinstance(answer, NotDelivered)
    assert (answer.code, answer.heals) == (code, heals)


@pytest.mark.parametrize("status", [500, 503, httpx.ReadTimeout("slow"), httpx.RemoteProtocolError("cut")])
def test_what_may_have_been_taken(status: int | Exception) -> None:
    with pytest.raises(DeliveryUnknownError):
        channel(Receiver(status), PUBLIC).send(outbound(channel=Channel.WEBHOOK, recipient=URL))


def test_a_name_without_an_address_heals() -> None:
    def resolve(host: str, port: int) -> list[str]:
        raise OSError("no such name")

    transport = PinnedTransport(refusal_of_address, resolve, Receiver())
    answer = WebhookChannel(transport, "secret", lambda: START, refusal_of_url).send(
        outbound(channel=Channel.WEBHOOK, recipient=URL)
    )
    assert isinstance(answer, NotDelivered)
    assert answer.heals
