"""Messages for tests, and a channel that answers as it is told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from arb_pipelines.domain.delivery import Delivered, NotDelivered
from arb_pipelines.domain.message import Channel, OutboundMessage
from arb_pipelines_tests.fakes.clock import START

Answer = Delivered | NotDelivered | Exception


def outbound(number: int = 1, **changes: object) -> OutboundMessage:
    """Return a queued mail."""
    plain = OutboundMessage(
        message_id=f"message-{number}",
        channel=Channel.EMAIL,
        recipient="operator@example.test",
        kind="outlet_down",
        subject="Subject",
        body="Body",
        dedupe_key=f"key-{number}",
        created_at=START,
        due_at=START,
        created_by="rule:all",
        details={"alerts": "1"},
    )
    return replace(plain, **changes)  # type: ignore[arg-type]  # the test names fields


class ScriptedChannel:
    """Gives one answer after the other, the last one for ever; keeps what it was sent."""

    def __init__(self, answers: Sequence[Answer] = (Delivered("vendor-1"),)) -> None:
        self._answers: Iterator[Answer] = iter(answers)
        self._latest: Answer = answers[-1]
        self.sent: list[OutboundMessage] = []

    def send(self, message: OutboundMessage) -> Delivered | NotDelivered:
        self.sent.append(message)
        self._latest = next(self._answers, self._latest)
        if isinstance(self._latest, Exception):
            raise self._latest
        return self._latest
