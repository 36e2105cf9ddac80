"""Turning open alerts into messages by the operator's rules.

What belongs here: reading what is open, planning (`domain/alert_plan.py`) and queueing. Alerts are raised by
`notifications.py`; what is queued here is sent by `delivering.py`.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from arb_pipelines.domain.alert_plan import RULE, AlertPlan, Recipients, plan_alerts
from arb_pipelines.domain.alert_rules import AlertBook
from arb_pipelines.domain.message import Channel
from arb_pipelines.domain.ports import Clock
from arb_pipelines.domain.stores import Books

HOUR = timedelta(hours=1)


def route_alerts(books: Books, book: AlertBook, recipients: Recipients, clock: Clock) -> AlertPlan:
    """Queue what the open alerts call for and return it; a second call right after it queues nothing more.

    Two processes that plan at once queue each message once: its key is made of what it tells and to whom.
    """
    plan = plan_now(books, book, recipients, clock)
    if plan.messages:
        books.outbox.insert(plan.messages, sorted(plan.told))
    elif plan.told:
        books.alerts.mark_told(sorted(plan.told), clock.now())
    return plan


def plan_now(books: Books, book: AlertBook, recipients: Recipients, clock: Clock) -> AlertPlan:
    """Return what the open alerts call for, without queueing it."""
    now = clock.now()

    def said(rule: str, channel: Channel, recipient: str) -> int:
        return books.outbox.count_since(channel, recipient, now - HOUR, created_by=f"{RULE}{rule}")

    plan = plan_alerts(books.alerts.load_open(), book, recipients, said, now)
    # Where one recipient must wait for the next hour, what the others were told is planned again.
    fresh = [message for message in plan.messages if books.outbox.load_one(message.message_id) is None]
    return replace(plan, messages=fresh)
