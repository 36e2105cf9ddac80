"""Raising, routing and clearing alerts."""

from __future__ import annotations

from datetime import timedelta

import pytest

from arb_pipelines.domain.alert import Alert, Severity
from arb_pipelines.domain.alert_rules import load_alert_book, parse_alert_book
from arb_pipelines.domain.message import Channel
from arb_pipelines.domain.spend_limit import Action, ActionState
from arb_pipelines.services.alerting import route_alerts
from arb_pipelines.services.notifications import clear_alert, raise_alert
from arb_pipelines_tests.domain.test_alert_rules import RULE
from arb_pipelines_tests.fakes.books import InMemoryBooks
from arb_pipelines_tests.fakes.clock import SettableClock

FAULT = Alert("outlet_down", "The outlet does not answer", severity=Severity.CRITICAL)
PEOPLE = {Channel.EMAIL: ["a@example.test"], Channel.SMS: ["+15550100"]}
ALL = parse_alert_book({"rules": [RULE]})


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture
def books(clock: SettableClock) -> InMemoryBooks:
    return InMemoryBooks(clock.now)


def test_news_once_until_it_is_over(books: InMemoryBooks, clock: SettableClock) -> None:
    assert raise_alert(books, FAULT, clock)
    clock.advance(hours=1)
    assert not raise_alert(books, FAULT, clock)
    assert clear_alert(books, FAULT.dedupe_key, clock)
    assert raise_alert(books, FAULT, clock)
    clock.advance(hours=7)
    assert raise_alert(books, FAULT, clock)


def test_routing_says_each_thing_once(books: InMemoryBooks, clock: SettableClock) -> None:
    raise_alert(books, FAULT, clock)
    assert len(route_alerts(books, load_alert_book(), PEOPLE, clock).messages) == 2
    assert route_alerts(books, load_alert_book(), PEOPLE, clock).messages == []
    assert len(books.outbox.load()) == 2


def test_a_storm_is_bounded(books: InMemoryBooks, clock: SettableClock) -> None:
    """500 different faults in an hour are at most 6 messages to a person, and none is lost."""
    for number in range(500):
        raise_alert(books, Alert("site_down", f"Site {number} is down"), clock)
        clock.advance(seconds=7)
        route_alerts(books, ALL, {Channel.EMAIL: ["a@example.test"]}, clock)
    assert books.outbox.count_since(Channel.EMAIL, "a@example.test", clock.now() - timedelta(hours=1)) <= 6
    clock.advance(hours=1)
    route_alerts(books, ALL, {Channel.EMAIL: ["a@example.test"]}, clock)
    assert all(row.told_at for row in books.alerts.load_open())


def test_warnings_do_not_keep_back_what_cannot_wait(books: InMemoryBooks, clock: SettableClock) -> None:
    """Six warnings in the hour, then money is at risk: by mail and by telephone, at once."""
    for number in range(6):
        raise_alert(books, Alert("site_down", f"Site {number} is down"), clock)
        route_alerts(books, load_alert_book(), PEOPLE, clock)
    raise_alert(books, FAULT, clock)
    urgent = route_alerts(books, load_alert_book(), PEOPLE, clock).messages
    assert {message.channel for message in urgent} == {Channel.EMAIL, Channel.SMS}


def test_what_grows_worse_is_told_again_at_once(books: InMemoryBooks, clock: SettableClock) -> None:
    """A warning that was told is not the critical alert that it became; as itself it is told once."""
    raise_alert(books, Alert("late", "An order is late"), clock)
    told = [message.channel for message in route_alerts(books, load_alert_book(), PEOPLE, clock).messages]
    clock.advance(minutes=5)
    worse = Alert("late", "An order is late", severity=Severity.CRITICAL)
    raise_alert(books, worse, clock)
    told += [message.channel for message in route_alerts(books, load_alert_book(), PEOPLE, clock).messages]
    raise_alert(books, worse, clock)
    told += [message.channel for message in route_alerts(books, load_alert_book(), PEOPLE, clock).messages]
    assert sorted(told) == [Channel.EMAIL, Channel.EMAIL, Channel.SMS]


def test_who_has_heard_enough_hears_of_it_in_the_next_hour(books: InMemoryBooks, clock: SettableClock) -> None:
    """And nobody else hears it twice for that."""
    early, late = {Channel.EMAIL: ["a@example.test"]}, {Channel.EMAIL: ["a@example.test", "b@example.test"]}
    for number in range(6):
        raise_alert(books, Alert("site_down", f"Site {number} is down"), clock)
        route_alerts(books, ALL, early, clock)
    raise_alert(books, FAULT, clock)
    assert [message.recipient for message in route_alerts(books, ALL, late, clock).messages] == ["b@example.test"]
    assert route_alerts(books, ALL, late, clock).messages == []
    clock.advance(minutes=61)
    assert [message.recipient for message in route_alerts(books, ALL, late, clock).messages] == ["a@example.test"]
    assert route_alerts(books, ALL, late, clock).messages == []
    assert all(row.told_at for row in books.alerts.load_open())


def test_a_halted_house_calls_for_help(books: InMemoryBooks, clock: SettableClock) -> None:
    books.switches.put(Action.MESSAGE, ActionState.HALTED, "test", "a", clock.now())
    raise_alert(books, FAULT, clock)
    assert route_alerts(books, ALL, PEOPLE, clock).messages
