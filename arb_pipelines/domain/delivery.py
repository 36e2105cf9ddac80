"""How a channel sends a message, and what follows when it does not.

What belongs here: the ports of channels, what a try may bring, and the rule of the next state. Which failures may be
repeated differs by channel, and `POLICIES` says why.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from arb_pipelines.domain.message import Channel, MessageState, OutboundMessage


@dataclass(frozen=True, slots=True)
class Delivered:
    """The vendor took the message; `vendor_id` is its name for it, `by` which vendor it was."""

    vendor_id: str | None = None
    by: str | None = None


@dataclass(frozen=True, slots=True)
class NotDelivered:
    """The message was certainly not taken. `heals`: the same message may be taken later."""

    code: str
    detail: str
    heals: bool
    retry_after_s: float | None = None


class DeliveryUnknownError(Exception):
    """No structured answer: the message may or may not have been taken."""


class MessageChannel(Protocol):
    """Sends messages of one channel."""

    def send(self, message: OutboundMessage) -> Delivered | NotDelivered:
        """Send one message, once.

        Raises:
            DeliveryUnknownError: it may have been taken.
        """


class Messenger(Protocol):
    """An outlet's own conversation with its buyers and sellers.

    What is about what stands in `message.details`: `order_id` for a buyer's order, `listing_id` for somebody's
    listing, `thread_id` for a conversation that exists. `recipient` is the outlet's name of the other party.
    """

    outlet: str

    def send(self, message: OutboundMessage) -> Delivered | NotDelivered:
        """Send one message inside the outlet, once.

        Raises:
            DeliveryUnknownError: it may have been taken.
        """


@dataclass(frozen=True, slots=True)
class DeliveryPolicy:
    """How failures of a channel are met.

    `repeatable`: a try of unknown outcome may be made again, because the recipient can tell the second from the
    first. `most_tries` counts every try; `why` is for people.
    """

    repeatable: bool
    most_tries: int
    why: str
    first_wait: timedelta = timedelta(seconds=30)
    longest_wait: timedelta = timedelta(hours=6)


POLICIES: Mapping[Channel, DeliveryPolicy] = {
    Channel.EMAIL: DeliveryPolicy(
        True, 8, "each try carries the same Message-ID, so a second copy is folded; a lost alarm is worse than two"
    ),
    Channel.SMS: DeliveryPolicy(
        False, 4, "it has no idempotency key, each copy is paid for, and nothing folds two copies on a telephone"
    ),
    Channel.WEBHOOK: DeliveryPolicy(True, 8, "each try carries the same Idempotency-Key, by which it can be folded"),
    Channel.MARKETPLACE: DeliveryPolicy(
        False, 4, "a stranger reads it, an offer in it binds, and outlets punish repeated messages"
    ),
}
STUCK_AFTER = timedelta(minutes=10)  # the longest try is two vendors of 4 timeouts of 10 s each


@dataclass(frozen=True, slots=True)
class NextStep:
    """What becomes of a message after a try; `due_at` only where it is tried again."""

    state: MessageState
    error: str | None = None
    due_at: datetime | None = None


def after_refusal(message: OutboundMessage, refused: NotDelivered, now: datetime, draw: float) -> NextStep:
    """Return what follows a try that was certainly not taken.

    Args:
        message: as it was claimed; `attempts` counts this try.
        refused: what the vendor said.
        now: aware UTC.
        draw: a random number from 0 to 1; it takes away up to half of the wait.
    """
    error = f"{refused.code}: {refused.detail}"
    policy = POLICIES[message.channel]
    if not refused.heals:
        return NextStep(MessageState.DEAD, error)
    if message.attempts >= policy.most_tries:
        return NextStep(MessageState.DEAD, f"{error} (given up after {message.attempts} tries)")
    return NextStep(MessageState.FAILED, error, now + wait_after(message, refused.retry_after_s, draw))


def after_unknown(message: OutboundMessage, detail: str, now: datetime, draw: float) -> NextStep:
    """Return what follows a try that may have been taken: once more where copies are folded, else a person."""
    policy = POLICIES[message.channel]
    error = f"outcome_unknown: {detail}"
    if not policy.repeatable:
        return NextStep(MessageState.UNCERTAIN, error)
    if message.attempts >= policy.most_tries:
        return NextStep(MessageState.DEAD, f"{error} (given up after {message.attempts} tries)")
    return NextStep(MessageState.FAILED, error, now + wait_after(message, None, draw))


def wait_after(message: OutboundMessage, asked_s: float | None, draw: float) -> timedelta:
    """Return how long to wait for the next try: 30 s, 2 min, 8 min ..., and at least what the vendor asks for."""
    policy = POLICIES[message.channel]
    doublings = 2 * min(max(message.attempts - 1, 0), 10)
    wait = min(policy.first_wait * (1 << doublings), policy.longest_wait) * (1.0 - 0.5 * draw)
    asked = timedelta(seconds=min(asked_s or 0.0, 86_400.0))
    return max(wait, asked)
