"""A message that leaves the house, its channel and its states.

What belongs here: the words, and which state may follow which. How a channel's failure is met is `delivery.py`; the
one table of messages is the outbox (`people_stores.Outbox`).

    draft -> queued -> sending -> sent
                 ^        |-> failed (waits for the next try) -> sending
                 |        |-> uncertain (it may have arrived; a person decides) -> queued | dead
                 +--------+-> dead (refused for good, too many tries, too late, or dropped) -> queued
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

MOST_BODY_CHARS = 20_000
_SPACES = re.compile(r"\s+")
KEPT_CONTROLS = "\n\t"


class Channel(StrEnum):
    """How a message travels."""

    EMAIL = "email"
    SMS = "sms"
    WEBHOOK = "webhook"
    MARKETPLACE = "marketplace"  # inside an outlet's or a shop's own conversation


class MessageState(StrEnum):
    """Where a message is."""

    DRAFT = "draft"  # written by machine; a person sends it or drops it
    QUEUED = "queued"
    SENDING = "sending"  # committed before the first byte leaves
    SENT = "sent"
    FAILED = "failed"  # certainly not delivered; tried again at `due_at`
    UNCERTAIN = "uncertain"  # it may have arrived; never sent again by machine
    DEAD = "dead"  # not sent and never will be, unless a person says so


WAITING = (MessageState.QUEUED, MessageState.FAILED)
# From which states a person may send again or drop.
RETRIABLE = (MessageState.DRAFT, MessageState.FAILED, MessageState.UNCERTAIN, MessageState.DEAD)
DROPPABLE = (MessageState.DRAFT, MessageState.QUEUED, MessageState.FAILED, MessageState.UNCERTAIN)


@dataclass(frozen=True, slots=True)
class OutboundMessage:
    """One message; the books keep each `dedupe_key` once, so that what is queued twice is sent once.

    `recipient` is a mail address, a telephone number, a URL, or the outlet's name of the other party. `kind` is the
    alert's or the purpose's code. `details` holds what the channel needs besides, e.g. `outlet` and `order_id`.
    `due_at` is the earliest time of the next try, `expires_at` when it is no longer worth sending.
    """

    message_id: str
    channel: Channel
    recipient: str
    kind: str
    subject: str
    body: str
    dedupe_key: str
    created_at: datetime
    due_at: datetime
    created_by: str
    state: MessageState = MessageState.QUEUED
    details: Mapping[str, str] = field(default_factory=dict)
    expires_at: datetime | None = None
    attempts: int = 0
    sending_at: datetime | None = None
    sent_at: datetime | None = None
    vendor_id: str | None = None
    error: str | None = None
    released_by: str | None = None

    def __post_init__(self) -> None:
        """Clean the texts: a line break in a subject would be a header of its own in a mail."""
        object.__setattr__(self, "subject", one_line(self.subject))
        object.__setattr__(self, "recipient", one_line(self.recipient))
        object.__setattr__(self, "body", plain_text(self.body)[:MOST_BODY_CHARS])


def one_line(text: str) -> str:
    """Return a text in one line: no control characters, single spaces."""
    return _SPACES.sub(" ", plain_text(text)).strip()


def plain_text(text: str) -> str:
    """Return a text without control and direction-changing characters, which hide what a person is shown.

    Unpaired surrogates go too: no channel can encode them.
    """
    return "".join(letter for letter in text if letter in KEPT_CONTROLS or unicodedata.category(letter)[0] != "C")
