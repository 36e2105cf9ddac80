"""Leave to spend.

What belongs here: the approvals repository, with the signatures of two people above a set amount. An approval is used
by `claims.py`, inside the claim.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Engine, RowMapping, and_, exists, func, select

from arb_pipelines.adapters.sql.audit import audit_approval, hold_chain
from arb_pipelines.adapters.sql.denials import denied_in
from arb_pipelines.adapters.sql.engine import money_transaction
from arb_pipelines.adapters.sql.frames import fields_for, insert_into
from arb_pipelines.adapters.sql.purchase_tables import approvals
from arb_pipelines.adapters.sql.signatures import confirm_in, explain_in, propose_in, two_signed
from arb_pipelines.domain.approval import Approval
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.spend_limit import Refusal


class SqlApprovals:
    """Fulfils `domain.stores.Approvals`."""

    def __init__(self, engine: Engine) -> None:
        """Keep the engine."""
        self._engine = engine

    def insert(self, approval: Approval, *, most_open: int | None = None) -> bool:
        """Keep an approval; False if the opportunity already has one, or as many as may be wait already.

        Raises:
            sqlalchemy.exc.IntegrityError: the opportunity is not stored, or nothing is approved.
        """
        with money_transaction(self._engine) as connection:
            if most_open is not None and _is_full(connection, approval, most_open):
                return False
            return _insert(connection, approval)

    def sign(self, approval: Approval, now: datetime) -> Refusal | None:
        """Keep the first person's signature, or with the second person's the approval itself.

        Both sign the same ceiling and quantity. Returns None when the approval is now kept; else `one_more_person`
        (until when), `same_person`, `terms_differ` or `already_approved`.

        Raises:
            sqlalchemy.exc.IntegrityError: the opportunity is not stored, or nothing is approved.
        """
        with money_transaction(self._engine) as connection:
            if connection.scalar(select(exists().where(approvals.c.opportunity_id == approval.opportunity_id))):
                return Refusal("already_approved", f"{approval.opportunity_id} has an approval")
            if denied_in(connection, approval):
                return Refusal("denied", f"the offer of {approval.opportunity_id} was denied")
            if propose_in(connection, approval, now):
                audit_approval(connection, "propose", approval)
                detail = "kept; above the set amount one more person must approve the same ceiling and quantity"
                return Refusal("one_more_person", detail, approval.expires_at)
            if not confirm_in(connection, approval, now):
                return explain_in(connection, approval)
            if _insert(connection, approval):
                return None
            return Refusal("already_approved", f"{approval.opportunity_id} was approved meanwhile")

    def load_usable(self, now: datetime) -> list[Approval]:
        """Return unused approvals that have not expired, oldest first."""
        query = select(approvals).where(_usable(now)).order_by(approvals.c.approved_at, approvals.c.approval_id)
        with self._engine.connect() as connection:
            return [approval_of(row) for row in connection.execute(query).mappings()]

    def count_open(self, now: datetime) -> int:
        """Return how many usable approvals there are."""
        with self._engine.connect() as connection:
            return _count(connection, now)


def _count(connection: Connection, now: datetime) -> int:
    return connection.scalar(select(func.count()).select_from(approvals).where(_usable(now))) or 0


def _is_full(connection: Connection, approval: Approval, most_open: int) -> bool:
    """Every approval ends in the audit chain, so those of two runs are counted one after the other.

    The opportunity is held first, as whoever approves in person does, or the two would wait for each other.
    """
    denied = denied_in(connection, approval)
    hold_chain(connection)
    return denied or _count(connection, approval.approved_at) >= most_open


def _insert(connection: Connection, approval: Approval) -> bool:
    alone = approval.two_person_above
    values = fields_for(approvals, approval)
    values |= {"ceiling_minor": approval.ceiling.minor, "currency": approval.ceiling.currency}
    values |= {"two_person_above_minor": None if alone is None else alone.minor}
    insert = insert_into(connection, approvals).on_conflict_do_nothing()
    if denied_in(connection, approval) or connection.execute(insert, values).rowcount != 1:
        return False
    audit_approval(connection, "approve", approval)
    return True


def lacks_second_person(connection: Connection, row: RowMapping) -> bool:
    """Return whether an approval is above what one person may approve alone, and no other one proposed it."""
    alone = row["two_person_above_minor"]
    if alone is None or row["ceiling_minor"] * row["quantity"] <= alone:
        return False
    query = select(exists().where(approvals.c.approval_id == row["approval_id"], two_signed()))
    return not connection.scalar(query)


def _usable(now: datetime) -> ColumnElement[bool]:
    return and_(approvals.c.used_at.is_(None), approvals.c.expires_at > now)


def approval_of(row: RowMapping) -> Approval:
    """Return the approval that a row keeps."""
    values = dict(row)
    ceiling = Money(values.pop("ceiling_minor"), values.pop("currency"))
    alone = values.pop("two_person_above_minor")
    two_person_above = None if alone is None else Money(alone, ceiling.currency)
    return Approval(**values, ceiling=ceiling, two_person_above=two_person_above)
