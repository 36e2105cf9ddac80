"""Notifications through SQS: for our account alone, stored before they are deleted, none of the buyer's data kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from arb_pipelines.adapters.http.answers import UnreadableAnswerError
from arb_pipelines.adapters.marketplaces.amazon.notifications import (
    Notification,
    NotificationQueue,
    parse_notification,
    read_body,
)
from arb_pipelines.domain.outlet_event import NotActedError
from arb_pipelines_tests.contracts.operations_used import tell
from arb_pipelines_tests.contracts.vendor_files import contracts_folder

SELLER, APPLICATION, REGION = "A3TH9S8BH6GOGM", "app-1", "us-east-1"


def a_message(number: int = 1, **changes: Any) -> dict[str, Any]:
    """Return an order's change as Amazon writes it."""
    summary = {"DestinationPostalCode": "48110", "OrderItems": [{"SellerSKU": "LOT-1"}]}
    change = {"SellerId": SELLER, "AmazonOrderId": f"903-{number}", "Summary": summary}
    return {
        "NotificationVersion": "1.0",
        "NotificationType": "ORDER_CHANGE",
        "PayloadVersion": "1.0",
        "EventTime": "2026-05-01T00:00:00.000Z",
        "Payload": {"OrderChangeNotification": change},
        "NotificationMetadata": {"ApplicationId": APPLICATION, "NotificationId": f"n-{number}"},
        **changes,
    }


@pytest.fixture
def sqs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        yield boto3.client("sqs", region_name=REGION)


@pytest.fixture
def url(sqs: Any) -> str:
    made: str = sqs.create_queue(QueueName="amazon", Attributes={"VisibilityTimeout": "0"})["QueueUrl"]
    return made


@pytest.fixture
def queue(url: str) -> NotificationQueue:
    return NotificationQueue(url, SELLER, APPLICATION, region=REGION)


def waiting(sqs: Any, url: str) -> int:
    """Return how many messages the queue holds."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(int(found[name]) for name in names)


def test_every_notification_is_stored_and_then_deleted(sqs: Any, url: str, queue: NotificationQueue) -> None:
    for number in range(25):
        sqs.send_message(QueueUrl=url, MessageBody=json.dumps(a_message(number)))
    stored: list[Notification] = []
    done = queue.drain(stored.append)
    assert sorted(each.order_id or "" for each in stored) == sorted(f"903-{number}" for number in range(25))
    assert done.stored == stored
    assert waiting(sqs, url) == 0
    assert stored[0].kind == "ORDER_CHANGE"
    assert "48110" not in repr(stored)
    assert queue.drain(stored.append).stored == []


def test_a_notification_that_was_not_stored_stays(sqs: Any, url: str, queue: NotificationQueue) -> None:
    sqs.send_message(QueueUrl=url, MessageBody=json.dumps(a_message()))

    def refuse(found: Notification) -> None:
        raise OSError("the books are locked")

    with pytest.raises(OSError, match="locked"):
        queue.drain(refuse)
    assert waiting(sqs, url) == 1
    assert len(queue.drain(lambda found: None).stored) == 1
    assert waiting(sqs, url) == 0


def test_what_is_not_for_us_or_cannot_be_read_is_left_and_the_rest_goes_on(
    sqs: Any, url: str, queue: NotificationQueue
) -> None:
    other = a_message(2)
    other["Payload"]["OrderChangeNotification"]["SellerId"] = "A0SOMEBODY"
    foreign = a_message(3, NotificationMetadata={"ApplicationId": "another", "NotificationId": "n"})
    for body in (json.dumps(other), json.dumps(foreign), "<html>", "[]", json.dumps(a_message(4, Payload=1)), "{}"):
        sqs.send_message(QueueUrl=url, MessageBody=body)
    sqs.send_message(QueueUrl=url, MessageBody=json.dumps(a_message(1)))
    stored: list[Notification] = []
    done = queue.drain(stored.append)
    assert [each.notification_id for each in stored] == ["n-1"]
    assert (len(done.foreign), len(done.unreadable)) == (2, 4)
    assert waiting(sqs, url) == 6


def test_a_queue_that_cannot_be_reached_is_a_lost_connection(sqs: Any, queue: NotificationQueue) -> None:
    gone = NotificationQueue(f"https://sqs.{REGION}.amazonaws.com/1/none", SELLER, APPLICATION, region=REGION)
    with pytest.raises(ConnectionError, match="receive_message"):
        gone.drain(lambda found: None)


def test_every_published_example_is_read() -> None:
    folder, read = contracts_folder("amazon-sp-api") / "schemas" / "notifications", 0
    named: dict[str, Notification] = {}
    for path in sorted(folder.glob("*.json")):
        for example in json.loads(path.read_text()).get("examples", []):
            found = parse_notification(example)
            named[found.kind] = found
            read += 1
    tell("amazon notifications through our parser", f"{read} published examples")
    assert read >= 20
    changed = named["ORDER_CHANGE"]
    assert (changed.order_id, changed.sku, changed.seller_id) == ("903-8868176-2219830", "SellerSKUID1", SELLER)
    status = named["LISTINGS_ITEM_STATUS_CHANGE"]
    assert (status.sku, status.asin, status.seller_id) == ("NLS-SHOES-03", "BT6RZ7JM4H", "A3AYAZLIQ7AX77")
    offers = named["ANY_OFFER_CHANGED"]
    assert (offers.asin, offers.sku) == ("123", None)


def test_a_seller_id_of_somebody_elses_offer_is_not_the_account() -> None:
    """An offer change names every competitor; only the account at the top of it counts."""
    offers = [{"SellerId": "A1"}, {"SellerId": "A2"}]
    change = {"SellerId": SELLER, "Offers": offers, "OfferChangeTrigger": {"ASIN": "B0CONTRACT"}}
    found = parse_notification(a_message(Payload={"AnyOfferChangedNotification": change}))
    assert (found.seller_id, found.asin) == (SELLER, "B0CONTRACT")


def test_several_orders_in_one_notification_name_none() -> None:
    found = parse_notification(a_message(Payload={"changes": [{"AmazonOrderId": "1"}, {"AmazonOrderId": "2"}]}))
    assert found.order_id is None


@pytest.mark.parametrize("text", ["", "null", "1", "[" * 100_000, '{"a": NaN', "x" * 2_000_000])
def test_a_body_that_is_no_object_is_unreadable(text: str) -> None:
    with pytest.raises(UnreadableAnswerError):
        read_body(text)


def test_a_notification_without_effect_stays_and_the_others_go_on(sqs: Any, url: str, queue: NotificationQueue) -> None:
    for number in range(3):
        sqs.send_message(QueueUrl=url, MessageBody=json.dumps(a_message(number)))
    assert queue.count_waiting() == 3

    def act(found: Notification) -> None:
        if found.notification_id == "n-1":
            raise NotActedError("outlet_503", "busy")

    done = queue.drain(act)
    assert [(one.notification_id, error.code) for one, error in done.not_acted] == [("n-1", "outlet_503")]
    assert (len(done.stored), queue.count_waiting()) == (2, 1)


def test_a_queue_without_a_region_is_one_plain_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/none")
    with pytest.raises(ValueError, match="cannot be opened: You must specify a region"):
        NotificationQueue("https://sqs.example/1/none", SELLER, APPLICATION)
