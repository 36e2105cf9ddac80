"""Alerts and the outbox in memory: the rules of the SQL stores over dicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from arb_pipelines.domain.alert import Alert, RaisedAlert
from arb_pipelines.domain.message import WAITING, Channel, MessageState, OutboundMessage


class FakeAlerts:
    """Alerts by number."""

    def __init__(self) -> None:
        self.rows: dict[int, RaisedAlert] = {}

    def open_or_count(self, alert: Alert, now: datetime, quiet_since: datetime) -> bool:
        kept = self._open(alert.dedupe_key)
        if kept is not None and kept.last_raised_at < quiet_since:
            self.rows[kept.alert_id] = replace(kept, closed_at=now, closed_by="quiet")
            kept = None
        if kept is None:
            number = len(self.rows) + 1
            self.rows[number] = RaisedAlert(number, alert, now, now)
            return True
        worse = max(kept.alert.severity, alert.severity, key=lambda severity: severity.rank)
        again = replace(kept.alert, detail=alert.detail, severity=worse)
        told_at = kept.told_at if worse is kept.alert.severity else None
        self.rows[kept.alert_id] = replace(kept, alert=again, last_raised_at=now, times=kept.times + 1, told_at=told_at)
        return False

    def _open(self, key: str) -> RaisedAlert | None:
        return next((row for row in self.load_open() if row.alert.dedupe_key == key), None)

    def load_open(self, most: int = 1000) -> list[RaisedAlert]:
        return [row for row in self._newest() if row.closed_at is None][:most]

    def load_recent(self, since: datetime, most: int = 1000) -> list[RaisedAlert]:
        return [row for row in self._newest() if row.last_raised_at >= since][:most]

    def _newest(self) -> list[RaisedAlert]:
        return sorted(self.rows.values(), key=lambda row: (row.last_raised_at, row.alert_id), reverse=True)

    def mark_told(self, alert_ids: Sequence[int], now: datetime) -> int:
        known = [number for number in alert_ids if number in self.rows]
        self.rows |= {number: replace(self.rows[number], told_at=now) for number in known}
        return len(known)

    def close(self, dedupe_key: str, by: str, now: datetime) -> bool:
        kept = self._open(dedupe_key)
        if kept is not None:
            self.rows[kept.alert_id] = replace(kept, closed_at=now, closed_by=by)
        return kept is not None


class FakeOutbox:
    """Messages by id."""

    def __init__(self, alerts: FakeAlerts) -> None:
        self.rows: dict[str, OutboundMessage] = {}
        self._alerts = alerts

    def insert(self, messages: Sequence[OutboundMessage], told: Sequence[int] = ()) -> int:
        before = len(self.rows)
        for message in messages:
            if message.dedupe_key not in {row.dedupe_key for row in self.rows.values()}:
                self.rows.setdefault(message.message_id, message)
        if messages and told:
            self._alerts.mark_told(told, messages[0].created_at)
        return len(self.rows) - before

    def claim_next(self, now: datetime, channels: Sequence[Channel]) -> OutboundMessage | None:
        late = {row.message_id for row in self.load_expired(now)}
        due = [
            row
            for row in self.rows.values()
            if row.state in WAITING and row.due_at <= now and row.channel in channels and row.message_id not in late
        ]
        if not due:
            return None
        first = min(due, key=lambda row: (row.due_at, row.message_id))
        claimed = replace(first, state=MessageState.SENDING, attempts=first.attempts + 1, sending_at=now)
        self.rows[first.message_id] = claimed
        return claimed

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
        kept = self.rows[message.message_id]
        tried = (kept.state, kept.attempts, kept.sending_at)
        if tried != (MessageState.SENDING, message.attempts, message.sending_at):
            return False
        sent_at = now if state is MessageState.SENT else None
        settled = replace(kept, state=state, sent_at=sent_at, vendor_id=vendor_id, error=error)
        self.rows[message.message_id] = replace(settled, due_at=due_at or kept.due_at)
        return True

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
        kept = self.rows.get(message_id)
        if kept is None or kept.state not in expected:
            return False
        moved = replace(kept, state=state, released_by=by, error=error)
        again = {"due_at": now, "attempts": 0} if state is MessageState.QUEUED else {}
        self.rows[message_id] = replace(moved, **again)  # type: ignore[arg-type]  # two fields of known types
        return True

    def load(self, states: Sequence[MessageState] = (), most: int = 1000) -> list[OutboundMessage]:
        wanted = [row for row in self.rows.values() if not states or row.state in states]
        return sorted(wanted, key=lambda row: (row.created_at, row.message_id), reverse=True)[:most]

    def load_one(self, message_id: str) -> OutboundMessage | None:
        return self.rows.get(message_id)

    def load_expired(self, now: datetime) -> list[OutboundMessage]:
        waiting = self.load([*WAITING, MessageState.DRAFT])
        return [row for row in waiting if row.expires_at is not None and row.expires_at <= now]

    def load_stuck(self, since: datetime) -> list[OutboundMessage]:
        return [row for row in self.load([MessageState.SENDING]) if row.sending_at and row.sending_at < since]

    def count_since(self, channel: Channel, recipient: str, since: datetime, created_by: str | None = None) -> int:
        mine = [row for row in self.rows.values() if (row.channel, row.recipient) == (channel, recipient)]
        return sum(row.created_at > since and created_by in (None, row.created_by) for row in mine)
