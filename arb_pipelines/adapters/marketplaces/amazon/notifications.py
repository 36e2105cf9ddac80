"""What Amazon tells us by itself, through a queue of ours (SQS).

What belongs here: receiving, checking who it is for, reading it, and deleting it once it is stored, never before. Of
a notification only what it is about is kept: the rest may hold a buyer's postal code.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from arb_pipelines.adapters.http.answers import NoAnswerError, UnreadableAnswerError
from arb_pipelines.adapters.http.fields import read_object, read_text, read_time
from arb_pipelines.domain.outlet_event import NotActedError, Notification

MOST_AT_ONCE = 10  # what SQS gives at most
LONGEST_BODY = 1_048_576
# Names under which notifications say what they are about, without regard to capitals.
SELLER_NAMES = ("sellerid", "merchantid", "accountid", "sellingpartnerid")
ORDER_NAMES = ("amazonorderid",)
SKU_NAMES = ("sku", "sellersku")
ASIN_NAMES = ("asin",)


@dataclass(slots=True)
class Drained:
    """Notifications that were stored, ids of messages that are not for us, what could not be read or done, and why.

    All but the stored ones are still in the queue.
    """

    stored: list[Notification] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    not_acted: list[tuple[Notification, NotActedError]] = field(default_factory=list)


class NotificationQueue:
    """Our queue at SQS, which Amazon's notifications are sent to."""

    def __init__(
        self,
        queue_url: str,
        seller_id: str,
        application_id: str,
        *,
        region: str | None = None,
        endpoint_url: str | None = None,
    ) -> None:
        """Open the queue; AWS credentials are found as boto3 finds them.

        Raises:
            RuntimeError: boto3 is not installed.
            ValueError: boto3 cannot open it; no region is known, say.
        """
        try:
            import boto3
            from botocore.exceptions import BotoCoreError
        except ImportError:
            raise RuntimeError("notifications need the package boto3: install arb-pipelines[aws]") from None
        try:
            self._sqs: Any = boto3.client("sqs", region_name=region, endpoint_url=endpoint_url)
        except BotoCoreError as error:
            raise ValueError(f"the notification queue cannot be opened: {error}") from None
        self._queue_url, self._seller_id, self._application_id = queue_url, seller_id, application_id

    def drain(self, store: Callable[[Notification], None], *, most: int = 1_000, wait_s: int = 0) -> Drained:
        """Hand every waiting notification to `store`, and delete each once that has returned.

        Where `store` raises, the message stays in the queue; a `NotActedError` is of that message alone, any other
        error goes on. A message that cannot be read or is not for our account stays too: the queue's own rule moves
        it aside after some tries.

        Args:
            store: keeps a notification; it must take the same one twice.
            most: the number of messages after which to stop.
            wait_s: how long to wait for the first ones, up to 20.

        Raises:
            ConnectionError: the queue cannot be reached.
        """
        done = Drained()
        for message in self._receive(most, wait_s):
            try:
                found = self._checked(message)
            except UnreadableAnswerError as error:
                done.unreadable.append(str(error))
                continue
            if found is None:
                done.foreign.append(str(message.get("MessageId")))
                continue
            try:
                store(found)
            except NotActedError as error:
                done.not_acted.append((found, error))
                continue
            self._call("delete_message", ReceiptHandle=message["ReceiptHandle"])
            done.stored.append(found)
        return done

    def count_waiting(self) -> int:
        """Return about how many messages wait to be received.

        Raises:
            ConnectionError: the queue cannot be reached.
        """
        name = "ApproximateNumberOfMessages"
        return int(self._call("get_queue_attributes", AttributeNames=[name])["Attributes"][name])

    def _receive(self, most: int, wait_s: int) -> Iterator[Mapping[str, Any]]:
        seen: set[str] = set()
        while len(seen) < most:
            answer = self._call("receive_message", MaxNumberOfMessages=MOST_AT_ONCE, WaitTimeSeconds=wait_s)
            fresh = [message for message in answer.get("Messages", []) if message["MessageId"] not in seen]
            if not fresh:
                return
            seen |= {message["MessageId"] for message in fresh}
            yield from fresh

    def _checked(self, message: Mapping[str, Any]) -> Notification | None:
        """Return a notification for our account and our application, None for anybody else's."""
        body = read_body(message.get("Body", ""))
        found = parse_notification(body)
        application_id = read_text(_lower(_lower(body)["notificationmetadata"]), "applicationid")
        ours = application_id == self._application_id and found.seller_id in (None, self._seller_id)
        return found if ours else None

    def _call(self, name: str, **arguments: Any) -> Mapping[str, Any]:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            answer: Mapping[str, Any] = getattr(self._sqs, name)(QueueUrl=self._queue_url, **arguments)
        except (BotoCoreError, ClientError) as error:
            raise NoAnswerError(f"the notification queue refused {name}: {type(error).__name__}") from None
        return answer


def read_body(text: str) -> Mapping[str, Any]:
    """Return the JSON object of a message.

    Raises:
        UnreadableAnswerError: it is something else.
    """
    if len(text) > LONGEST_BODY:
        raise UnreadableAnswerError("the notification is too long")
    try:
        return read_object(json.loads(text), "the notification")
    except (ValueError, RecursionError) as error:
        raise UnreadableAnswerError(f"the notification is no JSON object: {type(error).__name__}") from None


def parse_notification(body: Mapping[str, Any]) -> Notification:
    """Return what a notification is about; Amazon writes its field names with small letters or capitals.

    Raises:
        UnreadableAnswerError: its kind, id, time or payload is missing.
    """
    whole = _lower(body)
    metadata = _lower(read_object(whole.get("notificationmetadata"), "the metadata"))
    payload = read_object(whole.get("payload"), "the payload")
    return Notification(
        notification_id=read_text(metadata, "notificationid"),
        kind=read_text(whole, "notificationtype"),
        happened_at=read_time(whole.get("eventtime"), "the event's time"),
        seller_id=_only(payload, SELLER_NAMES, 2),
        order_id=_only(payload, ORDER_NAMES, 3),
        sku=_only(payload, SKU_NAMES, 5),
        asin=_only(payload, ASIN_NAMES, 3),
    )


def _lower(body: Any) -> dict[str, Any]:
    return {str(name).lower(): value for name, value in read_object(body, "a part of it").items()}


def _only(payload: Any, names: tuple[str, ...], depth: int) -> str | None:
    """Return the one value that stands under these names, None where there is none or there are several."""
    found = set(_values(payload, names, depth))
    return found.pop() if len(found) == 1 else None


def _values(part: Any, names: tuple[str, ...], depth: int) -> Iterator[str]:
    if depth < 0:
        return
    inner = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
    if isinstance(part, dict):
        yield from (value for name, value in part.items() if name.lower() in names and isinstance(value, str))
    for each in inner:
        yield from _values(each, names, depth - 1)
