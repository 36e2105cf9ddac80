"""Text messages against Twilio's published description."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from arb_pipelines.adapters.http.client import ApiClient
from arb_pipelines.adapters.messaging.twilio import BASE_URL, TwilioSms
from arb_pipelines.domain.delivery import Delivered, DeliveryUnknownError, NotDelivered
from arb_pipelines.domain.message import Channel
from arb_pipelines_tests.contracts.vendor_faults import Dripping, Fault, NoAnswer, Page, Status, Truncated, Unreachable
from arb_pipelines_tests.contracts.vendor_transport import ContractTransport
from arb_pipelines_tests.fakes.messages import outbound

ACCOUNT = "AC" + "0" * 32
SMS = outbound(channel=Channel.SMS, recipient="+15550101", body="arb: the outlet is down")


@pytest.fixture
def vendor() -> ContractTransport:
    return ContractTransport("twilio")


def sms(vendor: ContractTransport, sender: str = "+15550100") -> TwilioSms:
    passed = [0.0]
    vendor._advance = lambda seconds: passed.__setitem__(0, passed[0] + seconds)
    client = ApiClient(BASE_URL, transport=vendor, clock_s=lambda: passed[0], sleep=lambda seconds: None)
    return TwilioSms(client, ACCOUNT, "SK1", "secret", sender)


@pytest.mark.parametrize("sender, field", [("+15550100", "From"), ("MG" + "0" * 32, "MessagingServiceSid")])
def test_a_message_keeps_to_the_contract(vendor: ContractTransport, sender: str, field: str) -> None:
    answer = sms(vendor, sender).send(SMS)
    assert isinstance(answer, Delivered)
    assert answer.vendor_id is not None
    assert answer.vendor_id.startswith("SM")
    (body,) = vendor.bodies("CreateMessage")
    assert (body["To"], body["Body"], body[field]) == ("+15550101", "arb: the outlet is down", sender)
    assert vendor.exchanges[0].request.headers["authorization"].startswith("Basic ")


def test_a_long_text_is_cut(vendor: ContractTransport) -> None:
    sms(vendor).send(outbound(channel=Channel.SMS, recipient="+15550101", body="x" * 5_000))
    assert len(vendor.bodies("CreateMessage")[0]["Body"]) == 1_600


@pytest.mark.parametrize(
    "fault, code, heals",
    [
        (lambda: Unreachable(), "vendor_not_reached", True),
        (lambda: Status(429, retry_after_s=30), "vendor_busy", True),
        (lambda: Status(401, body={"code": 20003, "message": "Authenticate", "status": 401}), "vendor_account", True),
        (lambda: Status(400, body={"code": 21211, "message": "bad +15550101", "status": 400}), "vendor_refused", False),
        (lambda: Page(404), "vendor_refused", False),
    ],
)
def test_what_was_certainly_not_sent(
    vendor: ContractTransport, fault: Callable[[], Fault], code: str, heals: bool
) -> None:
    vendor.fail_next(fault())
    answer = sms(vendor).send(SMS)
    assert isinstance(answer, NotDelivered)
    assert (answer.code, answer.heals) == (code, heals)
    assert "+15550101" not in answer.detail
    assert "secret" not in answer.detail


@pytest.mark.parametrize(
    "fault", [NoAnswer(), Status(500), Page(408), Status(409), Page(200), Truncated(), Dripping(10)]
)
def test_what_may_have_been_sent_is_asked_once(vendor: ContractTransport, fault: Fault) -> None:
    vendor.fail_next(fault)
    with pytest.raises(DeliveryUnknownError):
        sms(vendor).send(SMS)
    assert vendor.operations == {"CreateMessage": 1}
