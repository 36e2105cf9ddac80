"""E-mail by the first vendor that takes it."""

from __future__ import annotations

import pytest

from arb_pipelines.adapters.messaging.mail import FirstThatTakes
from arb_pipelines.domain.delivery import Delivered, DeliveryUnknownError, NotDelivered
from arb_pipelines_tests.fakes.messages import Answer, ScriptedChannel, outbound

DOWN = NotDelivered("vendor_not_reached", "down", heals=True)
NEVER = NotDelivered("vendor_refused", "bad", heals=False)
LOST = DeliveryUnknownError("lost")


@pytest.mark.parametrize("first", [DOWN, NEVER, LOST])
def test_the_next_vendor_takes_what_the_first_does_not(first: Answer) -> None:
    second = ScriptedChannel([Delivered(by="smtp")])
    assert FirstThatTakes([ScriptedChannel([first]), second]).send(outbound()) == Delivered(by="smtp")
    assert second.sent == [outbound()]


def test_the_next_vendor_is_left_alone_where_the_first_takes_it() -> None:
    second = ScriptedChannel()
    FirstThatTakes([ScriptedChannel(), second]).send(outbound())
    assert second.sent == []


@pytest.mark.parametrize(
    "answers, heals, wait_s",
    [
        ([DOWN, NEVER], True, None),
        ([NEVER, NEVER], False, None),
        ([NotDelivered("vendor_busy", "429", True, 60.0), NotDelivered("smtp_busy", "450", True, 30.0)], True, 30.0),
        ([NotDelivered("vendor_busy", "429", True, 60.0), DOWN], True, None),
    ],
)
def test_no_vendor_takes_it(answers: list[Answer], heals: bool, wait_s: float | None) -> None:
    answer = FirstThatTakes([ScriptedChannel([one]) for one in answers]).send(outbound())
    assert isinstance(answer, NotDelivered)
    assert (answer.heals, answer.retry_after_s) == (heals, wait_s)


def test_one_that_may_have_taken_it_decides() -> None:
    with pytest.raises(DeliveryUnknownError, match="lost; bad"):
        FirstThatTakes([ScriptedChannel([LOST]), ScriptedChannel([NEVER])]).send(outbound())


def test_there_is_a_vendor() -> None:
    with pytest.raises(ValueError, match="at least one"):
        FirstThatTakes([])
