"""Contract P: what every database must do with alerts and with messages that leave."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from arb_pipelines.adapters.sql.books import SqlBooks
from arb_pipelines.domain.alert import Alert, Severity
from arb_pipelines.domain.message import DROPPABLE, RETRIABLE, Channel, MessageState
from arb_pipelines_tests.fakes.clock import START
from arb_pipelines_tests.fakes.messages import outbound as message

HOUR = timedelta(hours=1)
MAIL = [Channel.EMAIL]
FAULT = Alert("outlet_down", "The outlet does not answer", "3 of 3 calls failed")


def test_p01_an_alert_is_news_once(books: SqlBooks) -> None:
    assert books.alerts.open_or_count(FAULT, START, START - HOUR)
    worse = replace(FAULT, detail="9 of 9", severity=Severity.CRITICAL)
    assert not books.alerts.open_or_count(worse, START + HOUR, START)
    assert not books.alerts.open_or_count(replace(FAULT, severity=Severity.INFO), START + HOUR, START)
    (kept,) = books.alerts.load_open()
    assert (kept.times, kept.raised_at, kept.last_raised_at) == (3, START, START + HOUR)
    assert kept.alert == replace(FAULT, severity=Severity.CRITICAL)


def test_p02_an_alert_is_news_again_after_silence_or_closing(books: SqlBooks) -> None:
    books.alerts.open_or_count(FAULT, START, START - HOUR)
    assert books.alerts.open_or_count(FAULT, START + 3 * HOUR, START + HOUR)
    assert books.alerts.close(FAULT.dedupe_key, "person:a", START + 3 * HOUR)
    assert not books.alerts.close(FAULT.dedupe_key, "person:a", START + 3 * HOUR)
    assert books.alerts.load_open() == []
    assert books.alerts.open_or_count(FAULT, START + 4 * HOUR, START)
    recent = books.alerts.load_recent(START)
    assert [row.closed_by for row in recent] == [None, "person:a", "quiet"]


def test_p02_what_grows_worse_is_not_told_yet(books: SqlBooks) -> None:
    warning = replace(FAULT, severity=Severity.WARNING)
    for seen in (warning, replace(warning, severity=Severity.CRITICAL)):
        books.alerts.open_or_count(seen, START, START - HOUR)
        (row,) = books.alerts.load_open()
        assert row.told_at is None
        books.alerts.mark_told([row.alert_id], START)
    books.alerts.open_or_count(warning, START, START - HOUR)
    (row,) = books.alerts.load_open()
    assert (row.alert.severity, row.told_at) == (Severity.CRITICAL, START)


def test_p03_of_many_who_see_a_fault_one_brings_news(books: SqlBooks, open_more: Callable[..., SqlBooks]) -> None:
    racing = [open_more() for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        news = list(pool.map(lambda one: one.alerts.open_or_count(FAULT, START, START - HOUR), racing))
    assert sorted(news) == [False] * 5 + [True]
    assert [row.times for row in books.alerts.load_open()] == [6]


def test_p04_a_message_is_kept_once_and_its_alerts_are_told_with_it(books: SqlBooks) -> None:
    books.alerts.open_or_count(FAULT, START, START - HOUR)
    (alert,) = books.alerts.load_open()
    assert books.outbox.insert([message(1), message(2, dedupe_key="key-1")], told=[alert.alert_id]) == 1
    assert books.outbox.insert([message(3, dedupe_key="key-1")]) == 0
    assert books.outbox.load() == [message(1)]
    assert books.outbox.load_one("message-1") == message(1)
    assert books.outbox.load_one("message-2") is None
    assert [row.told_at for row in books.alerts.load_open()] == [START]


def test_p05_a_claim_is_kept_before_anything_is_sent(books: SqlBooks) -> None:
    books.outbox.insert([message(2), message(1, due_at=START - HOUR), message(3, due_at=START + HOUR)])
    claimed = books.outbox.claim_next(START, MAIL)
    assert claimed is not None
    assert (claimed.message_id, claimed.attempts) == ("message-1", 1)
    assert books.outbox.load([MessageState.SENDING]) == [claimed]
    assert books.outbox.claim_next(START, [Channel.SMS]) is None
    assert [books.outbox.claim_next(START, MAIL) is None for _ in range(2)] == [False, True]


def test_p06_a_try_is_settled_once(books: SqlBooks) -> None:
    books.outbox.insert([message()])
    claimed = books.outbox.claim_next(START, MAIL)
    assert claimed is not None
    later = START + HOUR
    assert books.outbox.settle(claimed, MessageState.FAILED, START, due_at=later, error="vendor_busy: 429")
    assert not books.outbox.settle(claimed, MessageState.SENT, START)
    assert books.outbox.claim_next(START, MAIL) is None
    again = books.outbox.claim_next(later, MAIL)
    assert again is not None
    assert (again.attempts, again.error) == (2, "vendor_busy: 429")
    assert not books.outbox.settle(claimed, MessageState.SENT, later)
    assert books.outbox.settle(again, MessageState.SENT, later, vendor_id="vendor-7")
    (sent,) = books.outbox.load([MessageState.SENT])
    assert (sent.sent_at, sent.vendor_id, sent.error) == (later, "vendor-7", None)


def test_p07_of_many_senders_each_message_has_one(books: SqlBooks, open_more: Callable[..., SqlBooks]) -> None:
    books.outbox.insert([message(number) for number in range(12)])

    def claim_all(mine: SqlBooks) -> list[str]:
        found: list[str] = []
        while (claimed := mine.outbox.claim_next(START, MAIL)) is not None:
            found.append(claimed.message_id)
        return found

    with ThreadPoolExecutor(4) as pool:
        claims = [key for found in pool.map(claim_all, [open_more() for _ in range(4)]) for key in found]
    assert sorted(claims) == sorted(f"message-{number}" for number in range(12))


def test_p08_what_is_late_is_not_sent(books: SqlBooks) -> None:
    books.outbox.insert([message(expires_at=START + HOUR)])
    assert books.outbox.load_expired(START) == []
    assert [row.message_id for row in books.outbox.load_expired(START + HOUR)] == ["message-1"]
    assert books.outbox.claim_next(START + HOUR, MAIL) is None


def test_p09_a_sender_that_died_is_seen(books: SqlBooks) -> None:
    books.outbox.insert([message()])
    books.outbox.claim_next(START, MAIL)
    assert books.outbox.load_stuck(START) == []
    assert [row.message_id for row in books.outbox.load_stuck(START + HOUR)] == ["message-1"]


def test_p10_a_person_sends_again_or_drops(books: SqlBooks) -> None:
    books.outbox.insert([message(state=MessageState.DRAFT)])
    assert books.outbox.claim_next(START, MAIL) is None
    by = {"by": "person:a", "now": START}
    assert books.outbox.move("message-1", expected=RETRIABLE, state=MessageState.QUEUED, **by)
    assert not books.outbox.move("message-1", expected=RETRIABLE, state=MessageState.QUEUED, **by)
    assert books.outbox.move("message-1", expected=DROPPABLE, state=MessageState.DEAD, error="dropped", **by)
    assert not books.outbox.move("unknown", expected=DROPPABLE, state=MessageState.DEAD, **by)
    (kept,) = books.outbox.load()
    assert (kept.state, kept.released_by, kept.error) == (MessageState.DEAD, "person:a", "dropped")


def test_p11_messages_to_one_recipient_are_counted(books: SqlBooks) -> None:
    books.outbox.insert([message(1), message(2, created_at=START + HOUR), message(3, recipient="+15550100")])
    assert books.outbox.count_since(Channel.EMAIL, "operator@example.test", START) == 1
    assert books.outbox.count_since(Channel.EMAIL, "operator@example.test", START - HOUR) == 2
    books.outbox.insert([message(4, created_by="rule:x")])
    assert books.outbox.count_since(Channel.EMAIL, "operator@example.test", START - HOUR, created_by="rule:x") == 1


@pytest.mark.parametrize("text", ["a\x00b", "a\ud800b", "a\u202eb"])
def test_p12_no_text_breaks_the_books(books: SqlBooks, text: str) -> None:
    assert books.alerts.open_or_count(Alert("odd", text, text), START, START - HOUR)
    assert books.alerts.load_open()[0].alert.subject == "ab"
    books.outbox.insert([message(subject=text, body=text)])
    assert books.outbox.load()[0].body == "ab"
