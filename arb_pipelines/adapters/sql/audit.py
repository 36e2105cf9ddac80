"""The audit log: who did what, appended only, each entry tied to the one before by its hash.

What belongs here: appending inside a caller's transaction or in one of its own, reading, and checking the chain. That
no row can be changed or removed is held by triggers of the database (migration 0009).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, RowMapping, insert, select, text

from arb_pipelines.adapters.sql.access_tables import audit_log
from arb_pipelines.adapters.sql.engine import money_transaction
from arb_pipelines.domain.access import GENESIS, AuditEntry, broken_entries, hash_of
from arb_pipelines.domain.approval import Approval

CHAIN_LOCK = 4_727_666  # any number: PostgreSQL's name for "somebody adds to the chain"


class SqlAuditLog:
    """Fulfils `domain.access_stores.AuditLog`."""

    def __init__(self, engine: Engine) -> None:
        """Keep the engine."""
        self._engine = engine

    def append(self, actor: str, act: str, subject: str, detail: Mapping[str, object], at: datetime) -> AuditEntry:
        """Add an entry to the end of the chain."""
        with money_transaction(self._engine) as connection:
            return append_in(connection, actor, act, subject, detail, at)

    def load(self, before: int | None = None, limit: int = 100) -> list[AuditEntry]:
        """Return entries, the newest first, those before a sequence number only where one is named."""
        query = select(audit_log).order_by(audit_log.c.sequence.desc()).limit(limit)
        if before is not None:
            query = query.where(audit_log.c.sequence < before)
        with self._engine.connect() as connection:
            return [_entry(row) for row in connection.execute(query).mappings()]

    def count_broken(self) -> int:
        """Return how many entries are not what was written (0 = the chain holds)."""
        with self._engine.connect() as connection:
            return count_broken_links(connection)


def append_in(
    connection: Connection, actor: str, act: str, subject: str, detail: Mapping[str, object], at: datetime
) -> AuditEntry:
    """Add an entry inside the caller's writing transaction, so that an act and its trace are kept or lost together."""
    hold_chain(connection)
    newest = select(audit_log.c.sequence, audit_log.c.entry_hash).order_by(audit_log.c.sequence.desc()).limit(1)
    last = connection.execute(newest).one_or_none()
    sequence, previous = (0, GENESIS) if last is None else (last.sequence, last.entry_hash)
    entry = AuditEntry(sequence + 1, at, actor, act, subject, dict(detail), previous)
    entry = replace(entry, entry_hash=hash_of(entry))
    values = {name: getattr(entry, name) for name in audit_log.c.keys()}  # noqa: SIM118 - columns, no dict
    connection.execute(insert(audit_log), values | {"detail": json.dumps(entry.detail, sort_keys=True)})
    return entry


def hold_chain(connection: Connection) -> None:
    """Let nobody else add to the chain until the transaction ends; SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": CHAIN_LOCK})


def audit_approval(connection: Connection, act: str, approval: Approval) -> None:
    """Add who approved what, with which ceiling and for how long, in the transaction that keeps the approval."""
    terms = {"ceiling": approval.ceiling.text, "currency": approval.ceiling.currency, "quantity": approval.quantity}
    terms |= {"site": approval.site, "expires_at": approval.expires_at.isoformat()}
    append_in(connection, approval.approved_by, act, approval.opportunity_id, terms, approval.approved_at)


def count_broken_links(connection: Connection) -> int:
    """Return how many entries of the chain are not what was written."""
    return len(broken_entries(_entries(connection)))


def _entries(connection: Connection) -> Iterator[AuditEntry]:
    query = select(audit_log).order_by(audit_log.c.sequence)
    for row in connection.execution_options(yield_per=1000).execute(query).mappings():
        yield _entry(row)


def _entry(row: RowMapping) -> AuditEntry:
    values: dict[str, Any] = dict(row)
    try:
        detail = json.loads(values["detail"])
    except ValueError:
        detail = {"unreadable": values["detail"]}  # somebody changed it: the hash will say so
    return AuditEntry(**(values | {"detail": detail}))
