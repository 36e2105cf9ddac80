"""The limits on risk: what a decision is counted by, second signatures, locks, what outlets let us sell."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# A migration keeps its own words: the package's types may change after it ran.
UTC_TIME = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")
ROW_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
OPPORTUNITY_COLUMNS: dict[str, sa.types.TypeEngine[Any]] = {
    "brand": sa.String(),
    "category": sa.String(),
    "horizon_days": sa.Integer(),
    "sold_within_horizon": sa.Float(),
    "risk_flags": sa.JSON(),
}


def upgrade() -> None:
    for name, kind in OPPORTUNITY_COLUMNS.items():
        op.add_column("opportunities", sa.Column(name, kind))
    op.add_column("approvals", sa.Column("two_person_above_minor", sa.BigInteger()))
    _approval_proposals()
    _risk_locks()
    _product_eligibility()


def downgrade() -> None:
    op.drop_table("product_eligibility")
    op.drop_table("risk_locks")
    op.drop_table("approval_proposals")
    op.drop_column("approvals", "two_person_above_minor")
    for name in reversed(OPPORTUNITY_COLUMNS):
        op.drop_column("opportunities", name)


def _approval_proposals() -> None:
    op.create_table(
        "approval_proposals",
        sa.Column("opportunity_id", sa.String(), nullable=False),
        sa.Column("ceiling_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("proposed_by", sa.String(), nullable=False),
        sa.Column("proposed_at", UTC_TIME, nullable=False),
        sa.Column("expires_at", UTC_TIME, nullable=False),
        sa.Column("confirmed_by", sa.String()),
        sa.Column("confirmed_at", UTC_TIME),
        sa.CheckConstraint(
            "confirmed_by IS NULL OR confirmed_by <> proposed_by", name=op.f("ck_approval_proposals_two_people")
        ),
        sa.CheckConstraint(
            "(confirmed_by IS NULL) = (confirmed_at IS NULL)", name=op.f("ck_approval_proposals_confirmed_at_a_time")
        ),
        sa.ForeignKeyConstraint(
            ["opportunity_id"], ["opportunities.opportunity_id"], name="fk_approval_proposals_opportunity_id"
        ),
        sa.PrimaryKeyConstraint("opportunity_id", name="pk_approval_proposals"),
    )


def _risk_locks() -> None:
    op.create_table(
        "risk_locks",
        sa.Column("lock_id", ROW_NUMBER, autoincrement=True, nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("starts_at", UTC_TIME, nullable=False),
        sa.Column("ends_at", UTC_TIME, nullable=False),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_risk_locks_ends")),
        sa.PrimaryKeyConstraint("lock_id", name="pk_risk_locks"),
        sa.UniqueConstraint("scope", "code", "starts_at", name=op.f("uq_risk_locks_scope_code_starts_at")),
    )
    op.create_index("ix_risk_locks_ends_at", "risk_locks", ["ends_at"])


def _product_eligibility() -> None:
    op.create_table(
        "product_eligibility",
        sa.Column("product_id", sa.String(), nullable=False),
        sa.Column("condition", sa.String(), nullable=False),
        sa.Column("outlet", sa.String(), nullable=False),
        sa.Column("permission", sa.String(), nullable=False),
        sa.Column("checked_at", UTC_TIME, nullable=False),
        sa.CheckConstraint(
            "permission IN ('allowed', 'approval_required', 'not_eligible')",
            name=op.f("ck_product_eligibility_permission_known"),
        ),
        sa.PrimaryKeyConstraint("product_id", "condition", "outlet", name="pk_product_eligibility"),
    )
