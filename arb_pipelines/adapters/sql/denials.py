"""What people said no to, and the events that vendors told us of.

What belongs here: the denials and webhook events repositories, and the reading of a denial inside an approval.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Select, bindparam, exists, func, select

from arb_pipelines.adapters.sql.access_tables import denials, webhook_events
from arb_pipelines.adapters.sql.audit import append_in
from arb_pipelines.adapters.sql.column_types import UtcTime
from arb_pipelines.adapters.sql.engine import money_transaction
from arb_pipelines.adapters.sql.frames import insert_into
from arb_pipelines.adapters.sql.purchase_tables import approvals, opportunities
from arb_pipelines.domain.access_stores import Denial, WebhookEvent
from arb_pipelines.domain.approval import Approval
from arb_pipelines.domain.spend_limit import Refusal


class SqlDenials:
    """Fulfils `domain.access_stores.Denials`."""

    def __init__(self, engine: Engine) -> None:
        """Keep the engine."""
        self._engine = engine

    def put(self, denial: Denial) -> Refusal | None:
        """Keep a denial, with its audit entry; refused if the opportunity has an approval or a denial already."""
        with money_transaction(self._engine) as connection:
            _hold(connection, denial.opportunity_id)
            if connection.scalar(select(exists().where(approvals.c.opportunity_id == denial.opportunity_id))):
                return Refusal("already_approved", f"{denial.opportunity_id} has an approval; it cannot be denied")
            kept = insert_into(connection, denials).on_conflict_do_nothing()
            if connection.execute(kept, asdict(denial)).rowcount != 1:
                return Refusal("already_denied", f"{denial.opportunity_id} was denied before")
            detail = {"reason": denial.reason, "until_at": denial.until_at.isoformat()}
            append_in(connection, denial.denied_by, "deny", denial.opportunity_id, detail, denial.denied_at)
        return None

    def find(self, opportunity_id: str) -> Denial | None:
        """Return the denial of an opportunity."""
        with self._engine.connect() as connection:
            query = select(denials).where(denials.c.opportunity_id == opportunity_id)
            row = connection.execute(query).mappings().one_or_none()
            return None if row is None else Denial(**row)


class SqlWebhookEvents:
    """Fulfils `domain.access_stores.WebhookEvents`."""

    def __init__(self, engine: Engine) -> None:
        """Keep the engine."""
        self._engine = engine

    def insert(self, events: Sequence[WebhookEvent]) -> int:
        """Keep events; return how many were new."""
        with money_transaction(self._engine) as connection:
            kept = insert_into(connection, webhook_events).on_conflict_do_nothing()
            return sum(connection.execute(kept, asdict(event)).rowcount for event in events)

    def first_received(self, provider: str, event_ids: Sequence[str]) -> datetime | None:
        """Return when the newest of these events came first; None if none of them is kept."""
        these = (webhook_events.c.provider == provider) & webhook_events.c.event_id.in_(event_ids)
        with self._engine.connect() as connection:
            return connection.scalar(select(func.max(webhook_events.c.received_at)).where(these))

    def load(self, provider: str, limit: int = 100) -> list[WebhookEvent]:
        """Return a provider's events, the newest first."""
        query = select(webhook_events).where(webhook_events.c.provider == provider)
        newest = query.order_by(webhook_events.c.received_at.desc(), webhook_events.c.event_id).limit(limit)
        with self._engine.connect() as connection:
            return [WebhookEvent(**row) for row in connection.execute(newest).mappings()]


def offer_denied(now: datetime) -> ColumnElement[bool]:
    """Return the condition that an opportunity's offer is denied at `now`."""
    return exists().where(denials.c.offer_key == opportunities.c.offer_key, denials.c.until_at > now)


def denied_in(connection: Connection, approval: Approval) -> bool:
    """Return whether an approval's offer is denied, and hold its opportunity until the transaction ends.

    Held, because of an approval and a denial that come at the same moment only one may be kept.
    """
    _hold(connection, approval.opportunity_id)
    return bool(connection.scalar(_denied(), {"offer_key": approval.offer_key, "now": approval.approved_at}))


def _hold(connection: Connection, opportunity_id: str) -> None:
    connection.execute(_held(), {"opportunity_id": opportunity_id})


# Both are made once: making them took longer than the database needs for their answers.
@cache
def _denied() -> Select[Any]:
    until = denials.c.until_at > bindparam("now", type_=UtcTime)
    return select(exists().where(denials.c.offer_key == bindparam("offer_key"), until))


@cache
def _held() -> Select[Any]:
    wanted = opportunities.c.opportunity_id == bindparam("opportunity_id")
    return select(opportunities.c.opportunity_id).where(wanted).with_for_update()
