"""Talks with sellers.

What belongs here: the negotiations repository; every stage is compare-and-set by its version.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Engine, RowMapping, select, update

from arb_pipelines.adapters.sql.engine import money_transaction
from arb_pipelines.adapters.sql.frames import fields_for, insert_into
from arb_pipelines.adapters.sql.outbox import keep_message
from arb_pipelines.adapters.sql.outbox_tables import negotiations
from arb_pipelines.domain.message import OutboundMessage
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.talks import Negotiation

KEPT = negotiations.c
PLAIN = (
    "negotiation_id", "opportunity_id", "outlet", "recipient", "title", "deadline_at", "opened_at", "thread_id",
    "refused", "last_message_id", "version", "closed_code",
)  # fmt: skip


class SqlNegotiations:
    """Fulfils `domain.people_stores.Negotiations`."""

    def __init__(self, engine: Engine) -> None:
        """Keep the engine."""
        self._engine = engine

    def open(self, negotiation: Negotiation) -> bool:
        """Keep talks; False if there are talks under this id."""
        with money_transaction(self._engine) as connection:
            insert = insert_into(connection, negotiations).values(**_as_row(negotiation))
            return connection.execute(insert.on_conflict_do_nothing()).rowcount == 1

    def record(self, negotiation: Negotiation, expected_version: int, message: OutboundMessage | None = None) -> bool:
        """Keep the next stage of talks with the message that makes it; False: somebody else was first."""
        unchanged = (KEPT.negotiation_id == negotiation.negotiation_id) & (KEPT.version == expected_version)
        values = {**_as_row(negotiation), "version": expected_version + 1}
        with money_transaction(self._engine) as connection:
            if connection.execute(update(negotiations).where(unchanged).values(**values)).rowcount != 1:
                return False
            if message is not None:
                keep_message(connection, message)
        return True

    def load(self, *, also_closed: bool = False) -> list[Negotiation]:
        """Return talks, the newest first."""
        return self._load(*([] if also_closed else [KEPT.closed_code.is_(None)]))

    def load_one(self, negotiation_id: str) -> Negotiation | None:
        """Return one."""
        return next(iter(self._load(KEPT.negotiation_id == negotiation_id)), None)

    def _load(self, *conditions: ColumnElement[bool]) -> list[Negotiation]:
        query = select(negotiations).where(*conditions).order_by(KEPT.opened_at.desc(), KEPT.negotiation_id)
        with self._engine.connect() as connection:
            return [_as_negotiation(row) for row in connection.execute(query).mappings()]


def _as_row(negotiation: Negotiation) -> dict[str, Any]:
    amounts = {name: getattr(negotiation, name) for name in ("asking", "walk_away", "average", "counter")}
    return {
        **fields_for(negotiations, negotiation),
        **{f"{name}_minor": money.minor if money else None for name, money in amounts.items()},
        "currency": negotiation.asking.currency,
        "offers": [offer.minor for offer in negotiation.offers],
    }


def _as_negotiation(row: RowMapping) -> Negotiation:
    def money(minor: int | None) -> Money | None:
        return None if minor is None else Money(minor, row["currency"])

    return Negotiation(
        **{name: row[name] for name in PLAIN},
        asking=Money(row["asking_minor"], row["currency"]),
        walk_away=Money(row["walk_away_minor"], row["currency"]),
        average=money(row["average_minor"]),
        counter=money(row["counter_minor"]),
        offers=tuple(Money(minor, row["currency"]) for minor in row["offers"]),
    )
