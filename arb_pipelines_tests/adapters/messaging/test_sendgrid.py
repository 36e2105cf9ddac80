"""Mail against SendGrid's published description."""

from __future__ import annotations

import pytest

from arb_pipelines.adapters.http.client import ApiClient
from arb_pipelines.adapters.messaging.sendgrid import BASE_URL, SendGridMail
from arb_pipelines.domain.delivery import Delivered, DeliveryUnknownError, NotDelivered
from arb_pipelines_tests.contracts.vendor_faults import Fault, NoAnswer, Status, Unreachable
from arb_pipelines_tests.contracts.vendor_transport import ContractTransport
from arb_pipelines_tests.fakes.messages import outbound

MAIL = outbound(recipient="person@operator.example")


@pytest.fixture
def vendor() -> ContractTransport:
    return ContractTransport("sendgrid")


def mail(vendor: ContractTransport) -> SendGridMail:
    return SendGridMail(ApiClient(BASE_URL, transport=vendor, sleep=lambda seconds: None), "key", "arb@house.example")


def test_a_mail_keeps_to_the_contract(vendor: ContractTransport) -> None:
    vendor.reply("SendMail", None, status=202, headers={"X-Message-Id": "sg-1"})
    assert mail(vendor).send(MAIL) == Delivered("sg-1", by="sendgrid")
    assert mail(vendor).send(outbound(recipient="person@operator.example", body="")) == Delivered("sg-1", by="sendgrid")
    first, empty = vendor.bodies("SendMail")
    assert first["personalizations"] == [{"to": [{"email": "person@operator.example"}]}]
    assert first["headers"]["Message-ID"] == "<message-1@house.example>"
    assert empty["content"][0]["value"] == "Subject"
    assert vendor.exchanges[0].request.headers["authorization"] == "Bearer key"


@pytest.mark.parametrize(
    "fault, code, heals",
    [
        (Unreachable(), "vendor_not_reached", True),
        (Status(429, retry_after_s=5), "vendor_busy", True),
        (Status(401, body={"errors": [{"message": "denied"}]}), "vendor_account", True),
        (Status(400, body={"errors": [{"message": "no such field"}]}), "vendor_refused", False),
        (Status(413), "vendor_refused", False),
    ],
)
def test_what_was_certainly_not_sent(vendor: ContractTransport, fault: Fault, code: str, heals: bool) -> None:
    vendor.fail_next(fault)
    answer = mail(vendor).send(MAIL)
    assert isinstance(answer, NotDelivered)
    assert (answer.code, answer.heals) == (code, heals)


@pytest.mark.parametrize("fault", [NoAnswer(), Status(500), Status(503)])
def test_what_may_have_been_sent_is_asked_once(vendor: ContractTransport, fault: Fault) -> None:
    vendor.fail_next(fault)
    with pytest.raises(DeliveryUnknownError):
        mail(vendor).send(MAIL)
    assert vendor.operations == {"SendMail": 1}
