"""What people said about matches."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# A migration keeps its own words: the package's types may change after it ran.
UTC_TIME = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "match_feedback",
        sa.Column("offer_key", sa.String(), nullable=False),
        sa.Column("product_id", sa.String(), nullable=False),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("offer_title", sa.String(), nullable=True),
        sa.Column("product_title", sa.String(), nullable=True),
        sa.Column("given_by", sa.String(), nullable=False),
        sa.Column("given_at", UTC_TIME, nullable=False),
        sa.CheckConstraint("verdict IN ('right', 'wrong')", name=op.f("ck_match_feedback_verdict_known")),
        sa.PrimaryKeyConstraint("offer_key", "product_id", name="pk_match_feedback"),
    )


def downgrade() -> None:
    op.drop_table("match_feedback")
