"""Leave to spend.

What belongs here: the approvals repository. An approval is used by `claims.py`, inside the claim.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, Engine, RowMapping, and_, func, select

from arb_pipelines.adapters.sql.engine import money_transaction
from arb_pipelines.adapters.sql.frames import fields_for, insert_into
from arb_pipelines.adapters.sql.purchase_tables import approvals
from arb_pipelines.domain.approval import Approval
from arb_pipelines.domain.money import Money


class SqlApprovals:
    """Fulfils `domain.stores.Approvals`."""

    def __init__(self, engine: Engine) -> None:
        """Keep the engine."""
        self._engine = engine

    def insert(self, approval: Approval) -> bool:
        """Keep an approval; False if the opportunity already has one.

        Raises:
            sqlalchemy.exc.IntegrityError: the opportunity is not stored, or nothing is approved.
        """
        values = fields_for(approvals, approval)
        values |= {"ceiling_minor": approval.ceiling.minor, "currency": approval.ceiling.currency}
        with money_transaction(self._engine) as connection:
            insert = insert_into(connection, approvals).on_conflict_do_nothing()
            return connection.execute(insert, values).rowcount == 1

    def load_usable(self, now: datetime) -> list[Approval]:
        """Return unused approvals that have not expired, oldest first."""
        query = select(approvals).where(_usable(now)).order_by(approvals.c.approved_at, approvals.c.approval_id)
        with self._engine.connect() as connection:
            return [approval_of(row) for row in connection.execute(query).mappings()]

    def count_open(self, now: datetime) -> int:
        """Return how many usable approvals there are."""
        with self._engine.connect() as connection:
            return connection.scalar(select(func.count()).select_from(approvals).where(_usable(now))) or 0


def _usable(now: datetime) -> ColumnElement[bool]:
    return and_(approvals.c.used_at.is_(None), approvals.c.expires_at > now)


def approval_of(row: RowMapping) -> Approval:
    """Return the approval that a row keeps."""
    values = dict(row)
    ceiling = Money(values.pop("ceiling_minor"), values.pop("currency"))
    return Approval(**values, ceiling=ceiling)
