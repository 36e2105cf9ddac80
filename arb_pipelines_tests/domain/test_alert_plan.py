"""Which messages the open alerts call for."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from arb_pipelines.domain.alert import Alert, RaisedAlert, Severity
from arb_pipelines.domain.alert_plan import AlertPlan, plan_alerts
from arb_pipelines.domain.alert_rules import parse_alert_book
from arb_pipelines.domain.message import Channel
from arb_pipelines_tests.domain.test_alert_rules import QUIET, RULE
from arb_pipelines_tests.fakes.clock import START

MAIL = {Channel.EMAIL: ["a@example.test"]}


def alerts(count: int, severity: Severity = Severity.WARNING) -> list[RaisedAlert]:
    return [RaisedAlert(n, Alert("odd", f"Subject {n}", "", severity), START, START) for n in range(1, count + 1)]


def plan(
    found: list[RaisedAlert], said: int = 0, recipients: dict[Channel, list[str]] = MAIL, **rule: object
) -> AlertPlan:
    book = parse_alert_book({"rules": [{**RULE, **rule}]})
    return plan_alerts(found, book, recipients, lambda *_: said, START)


def test_one_message_an_alert_and_recipient() -> None:
    planned = plan(alerts(2), recipients={Channel.EMAIL: ["a@example.test", "b@example.test"]})
    assert planned.told == {1, 2}
    assert len({message.dedupe_key for message in planned.messages}) == 4
    assert planned.messages[0].subject == "[warning] Subject 1"


def test_planning_twice_makes_the_same_messages() -> None:
    assert plan(alerts(2)).messages == plan(alerts(2)).messages
    reminded = [replace(one, told_at=START - timedelta(hours=9)) for one in alerts(2)]
    again = {message.dedupe_key for message in plan(reminded).messages}
    assert not again & {message.dedupe_key for message in plan(alerts(2)).messages}


def test_the_last_message_of_the_hour_sums_up_the_rest() -> None:
    planned = plan(alerts(40), said=4, most_an_hour=6)
    assert [message.kind for message in planned.messages] == ["odd", "digest"]
    assert planned.messages[1].subject == "[warning] 39 alerts: Subject 2 and others"
    assert "Subject 40" in planned.messages[1].body
    assert planned.told == set(range(1, 41))
    assert plan(alerts(40), said=6, most_an_hour=6) == AlertPlan()


def test_the_worst_come_first() -> None:
    found = [*alerts(3), RaisedAlert(9, Alert("bad", "Worst", "", Severity.CRITICAL), START, START)]
    planned = plan(found, most_an_hour=2)
    assert planned.messages[0].kind == "bad"
    assert planned.messages[0].details["severity"] == "critical"


def test_a_long_digest_says_how_many_are_left_out() -> None:
    (message,) = plan(alerts(70), most_an_hour=1).messages
    assert message.body.endswith("- and 20 more, see the desk")


def test_nobody_to_tell_leaves_them_untold() -> None:
    assert plan(alerts(2), recipients={}) == AlertPlan()


def test_a_text_message_is_short_waits_for_the_day_and_grows_stale() -> None:
    book = parse_alert_book({"rules": [{**RULE, "channels": ["sms"]}], "quiet": QUIET})
    night = START.replace(hour=23)
    long = [RaisedAlert(1, Alert("odd", "S" * 190, "D" * 3_000), night, night, times=3)]
    (message,) = plan_alerts(long, book, {Channel.SMS: ["+15550100"]}, lambda *_: 0, night).messages
    assert len(message.body) <= 300
    assert (message.due_at.hour, message.due_at.day) == (7, night.day + 1)
    assert message.expires_at == message.due_at + timedelta(hours=6)


def test_the_story_tells_since_when() -> None:
    seen = RaisedAlert(1, Alert("odd", "Subject", "Detail"), START, START + timedelta(hours=1), times=7)
    (message,) = plan([seen]).messages
    assert message.subject == "[warning] Subject (seen 7 times)"
    assert "7 times" in message.body
    assert "Detail" in message.body
