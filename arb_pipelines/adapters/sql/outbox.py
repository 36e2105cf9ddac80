"""The outbox: every message that leaves, sent by whoever claims it.

What belongs here: the outbox repository. A message is `sending` before its first byte leaves, and every change of
state is compare-and-set. What follows a failure is decided in `domain/delivery.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, RowMapping, and_, func, or_, select, update

from arb_pipelines.adapters.sql.alerts import mark_told_in
from arb_pipelines.adapters.sql.engine import money_transaction
from arb_pipelines.adapters.sql.frames import fields_for, insert_into
from arb_pipelines.adapters.sql.outbox_tables import outbox_messages
from arb_pipelines.domain.message import WAITING, Channel, MessageState, OutboundMessage

KEPT = outbox_messages.c


class SqlOutbox:
    """Fulfils `domain.people_stores.Outbox`."""

    def __init__(self, engine: Engine) -> None:
        """Keep the engine."""
        self._engine = engine

    def insert(self, messages: Sequence[OutboundMessage], told: Sequence[int] = ()) -> int:
        """Keep messages, each dedupe key once, and mark the alerts they tell of as told; return how many are new."""
        with money_transaction(self._engine) as connection:
            new = sum(keep_message(connection, message) for message in messages)
            if messages and told:
                mark_told_in(connection, told, messages[0].created_at)
            return new

    def claim_next(self, now: datetime, channels: Sequence[Channel]) -> OutboundMessage | None:
        """Move the oldest message that is due to `sending` and return it; committed before anything is sent."""
        in_time = or_(KEPT.expires_at.is_(None), KEPT.expires_at > now)
        due = and_(KEPT.state.in_(WAITING), KEPT.due_at <= now, KEPT.channel.in_(list(channels)), in_time)
        query = select(outbox_messages).where(due).order_by(KEPT.due_at, KEPT.message_id).limit(1)
        with money_transaction(self._engine) as connection:
            row = connection.execute(query.with_for_update(skip_locked=True)).mappings().first()
            if row is None:
                return None
            message = _as_message(row)
            claimed = {"state": MessageState.SENDING, "attempts": message.attempts + 1, "sending_at": now}
            _set(connection, KEPT.message_id == message.message_id, claimed)
        return replace(message, state=MessageState.SENDING, attempts=message.attempts + 1, sending_at=now)

    def settle(
        self,
        message: OutboundMessage,
        state: MessageState,
        now: datetime,
        *,
        due_at: datetime | None = None,
        vendor_id: str | None = None,
        error: str | None = None,
    ) -> bool:
        """Record how a try ended; False if the message is not in this same try any more."""
        this_try = and_(
            KEPT.message_id == message.message_id,
            KEPT.state == MessageState.SENDING,
            KEPT.attempts == message.attempts,
            KEPT.sending_at == message.sending_at,
        )
        sent_at = now if state is MessageState.SENT else None
        fields = {"state": state, "sent_at": sent_at, "vendor_id": vendor_id, "error": error}
        with money_transaction(self._engine) as connection:
            return _set(connection, this_try, fields if due_at is None else {**fields, "due_at": due_at})

    def move(
        self,
        message_id: str,
        *,
        expected: Sequence[MessageState],
        state: MessageState,
        by: str,
        now: datetime,
        error: str | None = None,
    ) -> bool:
        """Let a person send again (at once, with all tries) or drop; False if the state was another."""
        here = and_(KEPT.message_id == message_id, KEPT.state.in_(list(expected)))
        fields: dict[str, Any] = {"state": state, "released_by": by, "error": error}
        if state is MessageState.QUEUED:
            fields |= {"due_at": now, "attempts": 0}
        with money_transaction(self._engine) as connection:
            return _set(connection, here, fields)

    def load(self, states: Sequence[MessageState] = (), most: int = 1000) -> list[OutboundMessage]:
        """Return messages in the given states or all, the newest first."""
        return self._load(*([KEPT.state.in_(list(states))] if states else []), most=most)

    def load_one(self, message_id: str) -> OutboundMessage | None:
        """Return one message."""
        return next(iter(self._load(KEPT.message_id == message_id)), None)

    def load_expired(self, now: datetime) -> list[OutboundMessage]:
        """Return waiting messages that are no longer worth sending."""
        return self._load(KEPT.state.in_([*WAITING, MessageState.DRAFT]), KEPT.expires_at <= now)

    def load_stuck(self, since: datetime) -> list[OutboundMessage]:
        """Return messages that have been `sending` since before then: their sender died."""
        return self._load(KEPT.state == MessageState.SENDING, KEPT.sending_at < since)

    def count_since(self, channel: Channel, recipient: str, since: datetime, created_by: str | None = None) -> int:
        """Return how many messages to a recipient were made since then, by one maker or by all."""
        made = and_(KEPT.channel == channel, KEPT.recipient == recipient, KEPT.created_at > since)
        made = made if created_by is None else and_(made, KEPT.created_by == created_by)
        with self._engine.connect() as connection:
            return connection.scalar(select(func.count()).where(made)) or 0

    def _load(self, *conditions: ColumnElement[bool], most: int = 1000) -> list[OutboundMessage]:
        newest = (KEPT.created_at.desc(), KEPT.message_id.desc())
        query = select(outbox_messages).where(*conditions).order_by(*newest).limit(most)
        with self._engine.connect() as connection:
            return [_as_message(row) for row in connection.execute(query).mappings()]


def _set(connection: Connection, condition: ColumnElement[bool], fields: dict[str, Any]) -> bool:
    return connection.execute(update(outbox_messages).where(condition).values(**fields)).rowcount == 1


def keep_message(connection: Connection, message: OutboundMessage) -> bool:
    """Keep a message in the caller's transaction; False if its dedupe key is there."""
    insert = insert_into(connection, outbox_messages).on_conflict_do_nothing()
    return connection.execute(insert, _as_row(message)).rowcount == 1


def _as_row(message: OutboundMessage) -> dict[str, Any]:
    return {**fields_for(outbox_messages, message), "details": dict(message.details)}


def _as_message(row: RowMapping) -> OutboundMessage:
    return OutboundMessage(**{**row, "channel": Channel(row["channel"]), "state": MessageState(row["state"])})
