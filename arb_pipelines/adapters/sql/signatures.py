"""Two people's signatures under one approval.

What belongs here: the statements by which the first proposes and the second confirms, each compare-and-set inside the
caller's transaction. Which amounts need two people is decided in `services/approvals.py`.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, exists, select, update

from arb_pipelines.adapters.sql.frames import insert_into
from arb_pipelines.adapters.sql.purchase_tables import approvals
from arb_pipelines.adapters.sql.risk_tables import approval_proposals
from arb_pipelines.domain.approval import Approval
from arb_pipelines.domain.spend_limit import Refusal


def propose_in(connection: Connection, approval: Approval, now: datetime) -> bool:
    """Keep the first signature; False if an unexpired one is there. An expired one is replaced."""
    values = {
        "ceiling_minor": approval.ceiling.minor,
        "currency": approval.ceiling.currency,
        "quantity": approval.quantity,
        "proposed_by": approval.approved_by,
        "proposed_at": now,
        "expires_at": approval.expires_at,
    }
    proposed = insert_into(connection, approval_proposals).values(opportunity_id=approval.opportunity_id, **values)
    expired = and_(approval_proposals.c.confirmed_by.is_(None), approval_proposals.c.expires_at <= now)
    proposed = proposed.on_conflict_do_update(index_elements=["opportunity_id"], set_=values, where=expired)
    return connection.execute(proposed).rowcount == 1


def confirm_in(connection: Connection, approval: Approval, now: datetime) -> bool:
    """Add the second signature; False unless another person proposed the same terms, unexpired and unconfirmed."""
    kept = approval_proposals.c
    open_for_me = and_(
        kept.opportunity_id == approval.opportunity_id,
        kept.confirmed_by.is_(None),
        kept.expires_at > now,
        kept.proposed_by != approval.approved_by,
        kept.ceiling_minor == approval.ceiling.minor,
        kept.currency == approval.ceiling.currency,
        kept.quantity == approval.quantity,
    )
    confirmed = update(approval_proposals).where(open_for_me)
    return connection.execute(confirmed.values(confirmed_by=approval.approved_by, confirmed_at=now)).rowcount == 1


def explain_in(connection: Connection, approval: Approval) -> Refusal:
    """Return why the second signature was not taken."""
    query = select(approval_proposals).where(approval_proposals.c.opportunity_id == approval.opportunity_id)
    row = connection.execute(query).mappings().one()
    if row["confirmed_by"] is not None:
        return Refusal("already_approved", f"{approval.opportunity_id} was confirmed by {row['confirmed_by']}")
    if row["proposed_by"] == approval.approved_by:
        detail = f"{approval.approved_by} proposed it already; another person must approve it"
        return Refusal("same_person", detail, row["expires_at"])
    proposed = f"{row['quantity']} at {row['ceiling_minor']} minor units of {row['currency']} each"
    return Refusal("terms_differ", f"{row['proposed_by']} proposed {proposed}; approve the same", row["expires_at"])


def two_signed() -> ColumnElement[bool]:
    """Return the condition that an approval's row has the signatures of two people under the same terms."""
    kept = approval_proposals.c
    return exists().where(
        kept.opportunity_id == approvals.c.opportunity_id,
        kept.confirmed_by == approvals.c.approved_by,
        kept.proposed_by != kept.confirmed_by,
        kept.ceiling_minor == approvals.c.ceiling_minor,
        kept.currency == approvals.c.currency,
        kept.quantity == approvals.c.quantity,
    )
