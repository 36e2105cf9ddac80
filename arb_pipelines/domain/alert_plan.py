"""Which messages the open alerts call for now.

What belongs here: the pure planning, from alerts, rules and what was already said to whom. It writes plain text; a
channel puts that into its own form.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from arb_pipelines.domain.alert import RaisedAlert, Severity
from arb_pipelines.domain.alert_rules import AlertBook, AlertRule
from arb_pipelines.domain.message import Channel, OutboundMessage

MOST_SMS_CHARS = 300  # two parts of a text message
MOST_DIGEST_LINES = 50
RULE = "rule:"  # how `created_by` begins of what a rule queued
SMS_LASTS = timedelta(hours=6)  # a later text message about it would only confuse
SaidLastHour = Callable[[str, Channel, str], int]  # by a rule of this name, on a channel, to a recipient
Recipients = Mapping[Channel, Sequence[str]]


@dataclass(slots=True)
class AlertPlan:
    """The messages to queue, and the numbers of the alerts that they tell of."""

    messages: list[OutboundMessage] = field(default_factory=list)
    told: set[int] = field(default_factory=set)


def plan_alerts(
    alerts: Sequence[RaisedAlert], book: AlertBook, recipients: Recipients, said: SaidLastHour, now: datetime
) -> AlertPlan:
    """Return what has to be said now about open alerts.

    Args:
        alerts: those that are open.
        book: the operator's rules.
        recipients: whom each channel reaches.
        said: how many messages a rule made for a recipient in the last hour; each rule has an allowance of its own,
            or a few warnings would keep the one alert back that cannot wait.
        now: aware UTC.
    """
    plan = AlertPlan()
    for rule in book.rules:
        due = [raised for raised in alerts if book.rule_for(raised) is rule and rule.is_due(raised, now)]
        due.sort(key=lambda raised: (-raised.alert.severity.rank, raised.raised_at, raised.alert_id))
        reached = list(_reached(rule, recipients)) if due else []
        everybody = bool(reached)
        for channel, recipient in reached:
            groups = _groups(due, rule, rule.most_an_hour - said(rule.name, channel, recipient))
            plan.messages += [_message(group, rule, book, channel, recipient, now) for group in groups]
            everybody = everybody and bool(groups)
        # Told is what everybody is told: one who has heard enough this hour hears of it in the next.
        plan.told |= {raised.alert_id for raised in due} if everybody else set()
    return plan


def _reached(rule: AlertRule, recipients: Recipients) -> Iterator[tuple[Channel, str]]:
    return ((channel, one) for channel in rule.channels for one in recipients.get(channel, ()))


def _groups(due: Sequence[RaisedAlert], rule: AlertRule, left: int) -> list[list[RaisedAlert]]:
    """One message an alert; the last that is left sums up the rest, and with none left nothing is said yet."""
    if left < 1:
        return []
    if rule.digest_every is not None:
        return [list(due)]
    if len(due) <= left:
        return [[raised] for raised in due]
    return [[raised] for raised in due[: left - 1]] + [list(due[left - 1 :])]


def _message(
    group: Sequence[RaisedAlert], rule: AlertRule, book: AlertBook, channel: Channel, recipient: str, now: datetime
) -> OutboundMessage:
    severity = max((raised.alert.severity for raised in group), key=lambda one: one.rank)
    # The same alerts at the same stage to the same recipient are one message, however many plan it.
    stages = ",".join(f"{raised.alert_id}@{raised.told_at.timestamp() if raised.told_at else 0}" for raised in group)
    key = hashlib.sha256(f"{rule.name}|{severity}|{channel}|{recipient}|{stages}".encode()).hexdigest()[:32]
    due_at = book.quiet.due_at(channel, severity, now) if book.quiet else now
    return OutboundMessage(
        message_id=f"alert-{key}",
        channel=channel,
        recipient=recipient,
        kind=group[0].alert.kind if len(group) == 1 else "digest",
        subject=subject_of(group, severity),
        body=body_of(group, severity, channel),
        dedupe_key=f"alert-{key}",
        created_at=now,
        due_at=due_at,
        created_by=f"{RULE}{rule.name}",
        details={"severity": severity.value, "alerts": ",".join(str(raised.alert_id) for raised in group)},
        expires_at=due_at + SMS_LASTS if channel is Channel.SMS else None,
    )


def subject_of(group: Sequence[RaisedAlert], severity: Severity) -> str:
    """Return the subject line of one alert or of several."""
    if len(group) == 1:
        again = f" (seen {group[0].times} times)" if group[0].times > 1 else ""
        return f"[{severity}] {group[0].alert.subject}{again}"
    return f"[{severity}] {len(group)} alerts: {group[0].alert.subject} and others"


def body_of(group: Sequence[RaisedAlert], severity: Severity, channel: Channel) -> str:
    """Return the text of one alert or of several, as long as the channel allows."""
    if channel is Channel.SMS:
        return f"arb: {subject_of(group, severity)}"[:MOST_SMS_CHARS]
    if len(group) == 1:
        return _story(group[0])
    lines = [f"- {raised.alert.severity}: {raised.alert.subject}" for raised in group[:MOST_DIGEST_LINES]]
    left = len(group) - len(lines)
    return "\n".join(lines + ([f"- and {left} more, see the desk"] if left else []))


def _story(raised: RaisedAlert) -> str:
    alert = raised.alert
    seen = f"First seen {raised.raised_at:%F %T} UTC, last {raised.last_raised_at:%F %T} UTC, {raised.times} times."
    parts = [alert.subject, alert.detail, seen, f"Code: {alert.kind}"]
    return "\n\n".join(part for part in parts if part)
