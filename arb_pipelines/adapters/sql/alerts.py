"""Alerts that are open or were: what the desk shows and the rules read.

What belongs here: the alerts repository. Whom an alert is told is decided in `domain/alert_rules.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, RowMapping, and_, case, null, select, update

from arb_pipelines.adapters.sql.engine import money_transaction
from arb_pipelines.adapters.sql.frames import insert_into
from arb_pipelines.adapters.sql.outbox_tables import alerts
from arb_pipelines.domain.alert import Alert, RaisedAlert, Severity

KEPT = alerts.c
WORDS = ("kind", "subject", "detail", "dedupe_key")


class SqlAlerts:
    """Fulfils `domain.people_stores.Alerts`."""

    def __init__(self, engine: Engine) -> None:
        """Keep the engine."""
        self._engine = engine

    def open_or_count(self, alert: Alert, now: datetime, quiet_since: datetime) -> bool:
        """Open the alert and return True; while it is open already, count the sight and return False."""
        mine = and_(KEPT.dedupe_key == alert.dedupe_key, KEPT.closed_at.is_(None))
        row = {name: getattr(alert, name) for name in WORDS}
        row |= {"severity": alert.severity, "raised_at": now, "last_raised_at": now, "times": 1}
        with money_transaction(self._engine) as connection:
            quiet = update(alerts).where(mine, KEPT.last_raised_at < quiet_since)
            connection.execute(quiet.values(closed_at=now, closed_by="quiet"))
            insert = insert_into(connection, alerts).values(**row)
            conflict = insert.on_conflict_do_update(
                index_elements=[KEPT.dedupe_key], index_where=KEPT.closed_at.is_(None), set_=_seen_again(alert, now)
            )
            times: int = connection.execute(conflict.returning(KEPT.times)).scalar_one()
            return times == 1

    def load_open(self, most: int = 1000) -> list[RaisedAlert]:
        """Return the alerts that are open, the newest first."""
        return self._load(KEPT.closed_at.is_(None), most)

    def load_recent(self, since: datetime, most: int = 1000) -> list[RaisedAlert]:
        """Return alerts seen since then, open or closed, the newest first."""
        return self._load(KEPT.last_raised_at >= since, most)

    def mark_told(self, alert_ids: Sequence[int], now: datetime) -> int:
        """Record that a rule passed them on."""
        with money_transaction(self._engine) as connection:
            return mark_told_in(connection, alert_ids, now)

    def close(self, dedupe_key: str, by: str, now: datetime) -> bool:
        """Close an open alert: its cause has gone, or a person has seen it; False if none is open."""
        opened = and_(KEPT.dedupe_key == dedupe_key, KEPT.closed_at.is_(None))
        with money_transaction(self._engine) as connection:
            closed = connection.execute(update(alerts).where(opened).values(closed_at=now, closed_by=by))
            return closed.rowcount == 1

    def _load(self, condition: ColumnElement[bool], most: int) -> list[RaisedAlert]:
        query = select(alerts).where(condition).order_by(KEPT.last_raised_at.desc(), KEPT.alert_id.desc()).limit(most)
        with self._engine.connect() as connection:
            return [_as_alert(row) for row in connection.execute(query).mappings()]


def mark_told_in(connection: Connection, alert_ids: Sequence[int], now: datetime) -> int:
    """Record that alerts were passed on, inside the caller's transaction."""
    return connection.execute(update(alerts).where(KEPT.alert_id.in_(list(alert_ids))).values(told_at=now)).rowcount


def _seen_again(alert: Alert, now: datetime) -> dict[str, Any]:
    lower = [severity.value for severity in Severity if severity.rank < alert.severity.rank]
    worse = case((KEPT.severity.in_(lower), alert.severity.value), else_=KEPT.severity)
    # What was told as a warning has not been told as what it is now.
    told_at = case((KEPT.severity.in_(lower), null()), else_=KEPT.told_at)
    seen = {"times": KEPT.times + 1, "last_raised_at": now, "detail": alert.detail}
    return {**seen, "severity": worse, "told_at": told_at}


def _as_alert(row: RowMapping) -> RaisedAlert:
    words = {name: row[name] for name in WORDS}
    names = ("alert_id", "raised_at", "last_raised_at", "times", "told_at", "closed_at", "closed_by")
    alert = Alert(**words, severity=Severity(row["severity"]))
    return RaisedAlert(alert=alert, **{name: row[name] for name in names})
