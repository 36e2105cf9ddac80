"""Sending what waits: once, again, or not at all."""

from __future__ import annotations

from datetime import timedelta

import pytest

from arb_pipelines.domain.delivery import Delivered, DeliveryUnknownError, NotDelivered
from arb_pipelines.domain.message import Channel, MessageState
from arb_pipelines.domain.spend_limit import Action, ActionState
from arb_pipelines.services.delivering import DeliveryReport, deliver_messages, drop_message, send_again
from arb_pipelines_tests.fakes.books import InMemoryBooks
from arb_pipelines_tests.fakes.clock import SettableClock
from arb_pipelines_tests.fakes.messages import Answer, ScriptedChannel, outbound

BUSY = NotDelivered("vendor_busy", "429", heals=True)
LOST = DeliveryUnknownError("timed out")


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture
def books(clock: SettableClock) -> InMemoryBooks:
    return InMemoryBooks(clock.now)


def deliver(
    books: InMemoryBooks, clock: SettableClock, *answers: Answer, channel: Channel = Channel.EMAIL
) -> tuple[DeliveryReport, ScriptedChannel]:
    scripted = ScriptedChannel(answers or (Delivered("vendor-1"),))
    return deliver_messages(books, {channel: scripted}, clock, draw=lambda: 0.0), scripted


def test_each_message_is_sent_once(books: InMemoryBooks, clock: SettableClock) -> None:
    books.outbox.insert([outbound(1), outbound(2)])
    report, channel = deliver(books, clock)
    assert report.sent == ["message-1", "message-2"]
    assert deliver(books, clock)[1].sent == []
    assert [message.state for message in channel.sent] == [MessageState.SENDING] * 2
    assert books.outbox.rows["message-1"].vendor_id == "vendor-1"


def test_a_busy_vendor_is_asked_later(books: InMemoryBooks, clock: SettableClock) -> None:
    books.outbox.insert([outbound()])
    report, _ = deliver(books, clock, BUSY)
    assert [undone.code for undone in report.to_retry] == ["vendor_busy"]
    assert deliver(books, clock)[0].sent == []
    clock.advance(seconds=30)
    assert deliver(books, clock)[0].sent == ["message-1"]


@pytest.mark.parametrize("channel", [Channel.SMS, Channel.MARKETPLACE])
def test_what_may_have_arrived_waits_for_a_person(books: InMemoryBooks, clock: SettableClock, channel: Channel) -> None:
    books.outbox.insert([outbound(channel=channel)])
    report, _ = deliver(books, clock, LOST, channel=channel)
    assert [undone.code for undone in report.uncertain] == ["outcome_unknown"]
    clock.advance(days=9)
    assert deliver(books, clock, channel=channel)[1].sent == []
    assert [row.alert.kind for row in books.alerts.load_open()] == ["message_uncertain"]
    assert send_again(books, "message-1", "person:a", clock)
    assert deliver(books, clock, channel=channel)[0].sent == ["message-1"]


def test_a_mail_that_may_have_arrived_is_sent_again_as_the_same_mail(
    books: InMemoryBooks, clock: SettableClock
) -> None:
    books.outbox.insert([outbound()])
    _, first = deliver(books, clock, LOST)
    clock.advance(minutes=1)
    _, second = deliver(books, clock)
    assert first.sent[0].message_id == second.sent[0].message_id
    assert books.outbox.rows["message-1"].state is MessageState.SENT


def test_a_sender_that_died_leaves_nothing_behind(books: InMemoryBooks, clock: SettableClock) -> None:
    books.outbox.insert([outbound(1), outbound(2, channel=Channel.SMS)])
    for channel in (Channel.EMAIL, Channel.SMS):
        assert books.outbox.claim_next(clock.now(), [channel])
    assert deliver(books, clock)[1].sent == []
    clock.advance(minutes=11)
    report, _ = deliver(books, clock)
    assert [undone.key for undone in report.uncertain] == ["message-2"]
    clock.advance(minutes=1)
    assert deliver(books, clock)[0].sent == ["message-1"]


def test_a_slow_sender_cannot_undo_what_came_after_it(books: InMemoryBooks, clock: SettableClock) -> None:
    books.outbox.insert([outbound()])
    slow = books.outbox.claim_next(clock.now(), [Channel.EMAIL])
    assert slow is not None
    clock.advance(minutes=11)
    deliver(books, clock)
    clock.advance(minutes=1)
    assert deliver(books, clock)[0].sent == ["message-1"]
    assert not books.outbox.settle(slow, MessageState.FAILED, clock.now())


def test_what_nobody_takes_ends_dead_and_visible(books: InMemoryBooks, clock: SettableClock) -> None:
    books.outbox.insert([outbound(1), outbound(2)])
    report, _ = deliver(books, clock, NotDelivered("vendor_refused", "no such address", heals=False))
    assert [undone.code for undone in report.dead] == ["vendor_refused"] * 2
    (alert,) = books.alerts.load_open()
    assert (alert.alert.kind, alert.times) == ("message_dead", 2)


def test_tries_end(books: InMemoryBooks, clock: SettableClock) -> None:
    books.outbox.insert([outbound()])
    tries = 0
    for _ in range(30):
        tries += len(deliver(books, clock, BUSY)[1].sent)
        clock.advance(hours=7)
    assert tries == 8
    assert books.outbox.rows["message-1"].state is MessageState.DEAD


def test_a_late_message_is_not_sent(books: InMemoryBooks, clock: SettableClock) -> None:
    books.outbox.insert([outbound(expires_at=clock.now() + timedelta(hours=1))])
    clock.advance(hours=2)
    report, channel = deliver(books, clock)
    assert ([undone.code for undone in report.dead], channel.sent) == (["too_late"], [])


def test_the_kill_switch_stops_what_goes_to_strangers(books: InMemoryBooks, clock: SettableClock) -> None:
    books.switches.put(Action.MESSAGE, ActionState.HALTED, "test", "a", clock.now())
    books.outbox.insert([outbound(1), outbound(2, channel=Channel.MARKETPLACE)])
    channels = {Channel.EMAIL: ScriptedChannel(), Channel.MARKETPLACE: ScriptedChannel()}
    report = deliver_messages(books, channels, clock)
    assert report.sent == ["message-1"]
    assert report.stopped is not None
    assert report.stopped.code == "halted"
    assert channels[Channel.MARKETPLACE].sent == []


def test_a_fault_in_a_channel_does_not_stop_the_rest(books: InMemoryBooks, clock: SettableClock) -> None:
    books.outbox.insert([outbound(1), outbound(2)])
    report, _ = deliver(books, clock, ZeroDivisionError("secret"), Delivered("vendor-2"))
    assert report.sent == ["message-2"]
    assert "secret" not in str(books.outbox.rows["message-1"].error)


def test_a_person_drops_what_was_not_sent(books: InMemoryBooks, clock: SettableClock) -> None:
    books.outbox.insert([outbound(1), outbound(2)])
    assert drop_message(books, "message-1", "person:a", clock)
    assert deliver(books, clock)[0].sent == ["message-2"]
    assert not drop_message(books, "message-2", "person:a", clock)
    assert not send_again(books, "message-2", "person:a", clock)


def test_a_channel_that_is_not_set_up_keeps_its_messages(books: InMemoryBooks, clock: SettableClock) -> None:
    books.outbox.insert([outbound(channel=Channel.SMS)])
    assert deliver(books, clock)[0].summary() == {"sent": 0, "to_retry": 0, "uncertain": 0, "dead": 0, "stopped": 0}
    assert books.outbox.rows["message-1"].state is MessageState.QUEUED
