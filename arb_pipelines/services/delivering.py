"""Sending what waits in the outbox, each message once.

What belongs here: the order of steps. A message is `sending` in the books before its first byte leaves, and what a
failure leads to is decided by `domain/delivery.py`, by channel.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from arb_pipelines.domain.alert import Alert, Severity
from arb_pipelines.domain.delivery import (
    STUCK_AFTER,
    Delivered,
    DeliveryUnknownError,
    MessageChannel,
    NextStep,
    NotDelivered,
    after_refusal,
    after_unknown,
)
from arb_pipelines.domain.message import DROPPABLE, RETRIABLE, WAITING, Channel, MessageState, OutboundMessage
from arb_pipelines.domain.ports import Clock
from arb_pipelines.domain.spend_limit import Action, Refusal
from arb_pipelines.domain.stores import Books
from arb_pipelines.services.notifications import raise_alert
from arb_pipelines.services.outcomes import NotDone, Report, halted

MOST_A_RUN = 200
# What goes to strangers obeys the kill switch of messages; a halted house must still be able to call its operator.
TO_STRANGERS = frozenset({Channel.MARKETPLACE})


@dataclass(slots=True)
class DeliveryReport(Report):
    """Message ids by what became of them, and why strangers were not written to."""

    sent: list[str] = field(default_factory=list)
    to_retry: list[NotDone] = field(default_factory=list)
    uncertain: list[NotDone] = field(default_factory=list)
    dead: list[NotDone] = field(default_factory=list)
    stopped: Refusal | None = None


def deliver_messages(
    books: Books,
    channels: Mapping[Channel, MessageChannel],
    clock: Clock,
    *,
    draw: Callable[[], float] = random.random,
    most: int = MOST_A_RUN,
) -> DeliveryReport:
    """Send what is due by the channels that are set up, oldest first.

    Messages of a sender that died are looked at first: where copies are folded they are due again, else they wait for
    a person. A message of a channel that is not set up stays queued.

    Args:
        books: with the outbox.
        channels: how each channel sends.
        clock: time.
        draw: a random number from 0 to 1 for the waits.
        most: how many tries in one run.
    """
    report = DeliveryReport()
    _recover(books, clock, report, draw)
    _drop_late(books, clock, report)
    for _ in range(most):
        report.stopped = halted(books, Action.MESSAGE)
        open_channels = [one for one in channels if report.stopped is None or one not in TO_STRANGERS]
        message = books.outbox.claim_next(clock.now(), open_channels)
        if message is None:
            break
        _send(books, channels[message.channel], message, clock, report, draw)
    return report


def _send(
    books: Books,
    channel: MessageChannel,
    message: OutboundMessage,
    clock: Clock,
    report: DeliveryReport,
    draw: Callable[[], float],
) -> None:
    try:
        answer = channel.send(message)
    except DeliveryUnknownError as error:
        _settle(books, message, after_unknown(message, str(error), clock.now(), draw()), clock, report)
        return
    except Exception as error:  # noqa: BLE001 - a fault in a channel must not stop the others; the try may have left
        detail = f"{type(error).__name__} in the channel"
        _settle(books, message, after_unknown(message, detail, clock.now(), draw()), clock, report)
        return
    if isinstance(answer, NotDelivered):
        _settle(books, message, after_refusal(message, answer, clock.now(), draw()), clock, report)
    else:
        _settle(books, message, NextStep(MessageState.SENT), clock, report, answer)


def _settle(
    books: Books,
    message: OutboundMessage,
    step: NextStep,
    clock: Clock,
    report: DeliveryReport,
    answer: Delivered | None = None,
) -> None:
    vendor_id = answer.vendor_id if answer else None
    kept = books.outbox.settle(
        message, step.state, clock.now(), due_at=step.due_at, vendor_id=vendor_id, error=step.error
    )
    if kept:
        _note(books, message, step, clock, report)


def _note(books: Books, message: OutboundMessage, step: NextStep, clock: Clock, report: DeliveryReport) -> None:
    if step.state is MessageState.SENT:
        report.sent.append(message.message_id)
        return
    code, _, detail = (step.error or "").partition(": ")
    undone = NotDone(message.message_id, code, detail)
    if step.state is MessageState.FAILED:
        report.to_retry.append(undone)
    elif step.state is MessageState.UNCERTAIN:
        report.uncertain.append(undone)
        raise_alert(books, _alarm("message_uncertain", message, f"{detail}; it may have arrived"), clock)
    else:
        report.dead.append(undone)
        raise_alert(books, _alarm("message_dead", message, f"{code}: {detail}"), clock)


def _alarm(kind: str, message: OutboundMessage, why: str) -> Alert:
    """One alert a channel, or a dead mail server would raise an alert about each alert."""
    word = "cannot be sent" if kind == "message_dead" else "may or may not have been sent"
    return Alert(
        kind,
        f"A message by {message.channel} {word}",
        f"{message.message_id} ({message.subject}): {why}. Look with `arb outbox list`.",
        Severity.WARNING,
        f"{kind}:{message.channel}",
    )


def _recover(books: Books, clock: Clock, report: DeliveryReport, draw: Callable[[], float]) -> None:
    for message in books.outbox.load_stuck(clock.now() - STUCK_AFTER):
        step = after_unknown(message, "its sender died", clock.now(), draw())
        _settle(books, message, step, clock, report)


def _drop_late(books: Books, clock: Clock, report: DeliveryReport) -> None:
    for message in books.outbox.load_expired(clock.now()):
        error = f"too_late: it was to be sent before {message.expires_at:%F %T} UTC"
        moved = books.outbox.move(
            message.message_id,
            expected=DROPPABLE,
            state=MessageState.DEAD,
            by="expiry",
            now=clock.now(),
            error=error,
        )
        if moved:
            report.dead.append(NotDone(message.message_id, *error.split(": ", 1)))


def count_waiting(books: Books, channels: Collection[Channel], clock: Clock) -> int:
    """Return how many messages of these channels are due or stuck, for `deliver_messages` to work on."""
    now = clock.now()
    due = [message for message in books.outbox.load(WAITING) if message.due_at <= now and message.channel in channels]
    return len(due) + len(books.outbox.load_stuck(now - STUCK_AFTER))


def send_again(books: Books, message_id: str, by: str, clock: Clock) -> bool:
    """Queue a message that failed, waits as a draft, or may not have arrived; False if it is in another state.

    Only a person calls this: of a message whose outcome is unknown it may make a second copy.
    """
    return books.outbox.move(message_id, expected=RETRIABLE, state=MessageState.QUEUED, by=by, now=clock.now())


def drop_message(books: Books, message_id: str, by: str, clock: Clock) -> bool:
    """Make sure that a message is never sent; False if it was, or is being sent."""
    error = f"dropped: by {by}"
    return books.outbox.move(
        message_id, expected=DROPPABLE, state=MessageState.DEAD, by=by, now=clock.now(), error=error
    )
