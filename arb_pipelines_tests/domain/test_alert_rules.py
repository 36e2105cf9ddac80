"""The operator's rules: reading them, and which alert is due when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from arb_pipelines.domain.alert import Alert, RaisedAlert, Severity
from arb_pipelines.domain.alert_rules import AlertRulesError, load_alert_book, parse_alert_book
from arb_pipelines.domain.message import Channel
from arb_pipelines_tests.fakes.clock import START

HOUR = timedelta(hours=1)
RULE: dict[str, Any] = {
    "name": "all",
    "kinds": ["*"],
    "least_severity": "info",
    "channels": ["email"],
    "remind_after_h": 4,
    "most_an_hour": 6,
    "digest_every_h": 0,
}
QUIET = {"channels": ["sms"], "from": "22:00", "until": "07:00", "time_zone": "UTC", "critical_passes": True}


def raised(severity: Severity = Severity.WARNING, kind: str = "outlet_down", **changes: Any) -> RaisedAlert:
    fields = {"raised_at": START, "last_raised_at": START} | changes
    return RaisedAlert(1, Alert(kind, "Subject", "Detail", severity), **fields)


def test_the_shipped_rules_reach_a_person_for_each_severity() -> None:
    book = load_alert_book()
    rules = {severity: book.rule_for(raised(severity)) for severity in Severity}
    names = [rule.name if rule else None for rule in rules.values()]
    assert names == ["daily digest", "today", "at once"]


def test_the_first_rule_that_fits_counts() -> None:
    book = parse_alert_book(
        {"rules": [{**RULE, "name": "locks", "kinds": ["lock_*"]}, {**RULE, "least_severity": "critical"}]}
    )
    fitting = [
        book.rule_for(raised(kind="lock_drawdown")),
        book.rule_for(raised()),
        book.rule_for(raised(Severity.CRITICAL)),
    ]
    assert [rule.name if rule else None for rule in fitting] == ["locks", None, "all"]


def test_it_is_told_once_and_again_only_while_it_goes_on() -> None:
    (rule,) = parse_alert_book({"rules": [RULE]}).rules
    assert rule.is_due(raised(), START)
    told = {"told_at": START}
    assert not rule.is_due(raised(last_raised_at=START + HOUR, **told), START + 3 * HOUR)
    assert rule.is_due(raised(last_raised_at=START + HOUR, **told), START + 4 * HOUR)
    assert not rule.is_due(raised(**told), START + 4 * HOUR)
    (never,) = parse_alert_book({"rules": [{**RULE, "remind_after_h": 0}]}).rules
    assert not never.is_due(raised(last_raised_at=START + HOUR, **told), START + 99 * HOUR)


def test_a_digest_waits_for_the_end_of_its_day() -> None:
    (rule,) = parse_alert_book({"rules": [{**RULE, "digest_every_h": 24}]}).rules
    midnight = START.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    assert not rule.is_due(raised(), midnight - timedelta(seconds=1))
    assert rule.is_due(raised(), midnight)


@pytest.mark.parametrize(
    "hour, due_hour, day",
    [(21, 21, 5), (22, 7, 6), (23, 7, 6), (3, 7, 5), (7, 7, 5)],
)
def test_quiet_hours_hold_back(hour: int, due_hour: int, day: int) -> None:
    quiet = parse_alert_book({"rules": [], "quiet": QUIET}).quiet
    assert quiet is not None
    now = datetime(2026, 1, 5, hour, tzinfo=UTC)
    assert quiet.due_at(Channel.SMS, Severity.WARNING, now) == datetime(2026, 1, day, due_hour, tzinfo=UTC)
    assert quiet.due_at(Channel.EMAIL, Severity.WARNING, now) == now
    assert quiet.due_at(Channel.SMS, Severity.CRITICAL, now) == now


def test_quiet_hours_follow_the_clock_of_their_place() -> None:
    quiet = parse_alert_book({"rules": [], "quiet": {**QUIET, "time_zone": "America/New_York"}}).quiet
    assert quiet is not None
    night = datetime(2026, 7, 1, 4, 0, tzinfo=UTC)  # midnight there
    assert quiet.due_at(Channel.SMS, Severity.INFO, night) == datetime(2026, 7, 1, 11, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "table, said",
    [
        ({}, "[[rules]] is missing"),
        ({"rules": [], "quite": {}}, "no 'quite'"),
        ({"rules": [1]}, "must be a table"),
        ({"rules": [{**RULE, "chanels": []}]}, "has no 'chanels'"),
        ({"rules": [{k: v for k, v in RULE.items() if k != "kinds"}]}, "lacks 'kinds'"),
        ({"rules": [{**RULE, "channels": ["marketplace"]}]}, "cannot go by 'marketplace'"),
        ({"rules": [{**RULE, "channels": "email"}]}, "list of texts"),
        ({"rules": [{**RULE, "least_severity": "loud"}]}, "not 'loud'"),
        ({"rules": [{**RULE, "most_an_hour": 0}]}, "from 1 to"),
        ({"rules": [{**RULE, "remind_after_h": True}]}, "whole number"),
        ({"rules": [RULE, RULE]}, "one name"),
        ({"rules": [], "quiet": {**QUIET, "from": "25:00"}}, "times such as"),
        ({"rules": [], "quiet": {**QUIET, "time_zone": "Nowhere/Land"}}, "time zone"),
        ({"rules": [], "quiet": {**QUIET, "critical_passes": 1}}, "true or false"),
    ],
)
def test_a_wrong_file_says_what_is_wrong(table: dict[str, Any], said: str) -> None:
    with pytest.raises(AlertRulesError) as told:
        parse_alert_book(table)
    assert said in str(told.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(AlertRulesError, match=r"own\.toml cannot be read"):
        load_alert_book(tmp_path / "own.toml")
    (tmp_path / "own.toml").write_bytes(b"rules = \xff")
    with pytest.raises(AlertRulesError, match=r"own\.toml"):
        load_alert_book(tmp_path / "own.toml")
