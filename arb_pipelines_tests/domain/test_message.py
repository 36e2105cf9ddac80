"""What a message may hold."""

from __future__ import annotations

import pytest

from arb_pipelines.domain.message import DROPPABLE, RETRIABLE, WAITING, MessageState, one_line, plain_text
from arb_pipelines_tests.fakes.messages import outbound


def test_a_subject_is_one_line() -> None:
    message = outbound(subject="Offer\r\nBcc: all@example.test", recipient="a@example.test\nb@example.test")
    assert message.subject == "Offer Bcc: all@example.test"
    assert "\n" not in message.recipient


def test_a_body_keeps_its_lines_and_is_bounded() -> None:
    assert outbound(body="a\nb\tc").body == "a\nb\tc"
    assert len(outbound(body="x" * 30_000).body) == 20_000


@pytest.mark.parametrize("text", ["a\x07b", "a\u200bb", "a\u2066b", "a\ud800b", "a\x00b"])
def test_nothing_invisible_is_sent(text: str) -> None:
    assert plain_text(text) == "ab"
    assert one_line(f" {text}  {text} ") == "ab ab"


def test_what_is_sent_or_on_its_way_is_out_of_reach() -> None:
    gone = {MessageState.SENT, MessageState.SENDING}
    assert not gone & {*RETRIABLE, *DROPPABLE, *WAITING}
