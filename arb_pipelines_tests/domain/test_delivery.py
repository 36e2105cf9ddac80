"""What follows a try, by channel."""

from __future__ import annotations

from datetime import timedelta

import pytest

from arb_pipelines.domain.delivery import POLICIES, NotDelivered, after_refusal, after_unknown
from arb_pipelines.domain.message import Channel, MessageState
from arb_pipelines_tests.fakes.clock import START
from arb_pipelines_tests.fakes.messages import outbound

BUSY = NotDelivered("vendor_busy", "429", heals=True)


def test_every_channel_has_a_policy_with_its_reason() -> None:
    assert set(POLICIES) == set(Channel)
    assert all(len(policy.why) > 20 for policy in POLICIES.values())


@pytest.mark.parametrize(
    "channel, state",
    [
        (Channel.EMAIL, MessageState.FAILED),
        (Channel.WEBHOOK, MessageState.FAILED),
        (Channel.SMS, MessageState.UNCERTAIN),
        (Channel.MARKETPLACE, MessageState.UNCERTAIN),
    ],
)
def test_an_unknown_outcome_is_repeated_only_where_copies_are_folded(channel: Channel, state: MessageState) -> None:
    step = after_unknown(outbound(channel=channel, attempts=1), "timed out", START, 0.0)
    assert (step.state, step.error) == (state, "outcome_unknown: timed out")


@pytest.mark.parametrize("channel", list(Channel))
def test_what_never_heals_is_dead_at_once(channel: Channel) -> None:
    refused = NotDelivered("vendor_refused", "no such number", heals=False)
    assert after_refusal(outbound(channel=channel, attempts=1), refused, START, 0.0).state is MessageState.DEAD


def test_waits_grow_and_end() -> None:
    waits = [after_refusal(outbound(attempts=n), BUSY, START, 0.0).due_at for n in range(1, 8)]
    assert [due - START for due in waits if due] == [
        timedelta(seconds=seconds) for seconds in (30, 120, 480, 1920, 7680, 21600, 21600)
    ]
    last = after_refusal(outbound(attempts=8), BUSY, START, 0.0)
    assert (last.state, last.due_at) == (MessageState.DEAD, None)
    assert last.error == "vendor_busy: 429 (given up after 8 tries)"
    assert after_unknown(outbound(attempts=8), "x", START, 0.0).state is MessageState.DEAD


def test_a_wait_is_at_least_what_the_vendor_asks_for() -> None:
    asked = NotDelivered("vendor_busy", "429", heals=True, retry_after_s=100.0)
    assert after_refusal(outbound(attempts=1), asked, START, 0.0).due_at == START + timedelta(seconds=100)
    assert after_refusal(outbound(attempts=1), BUSY, START, 1.0).due_at == START + timedelta(seconds=15)
