"""The index of an offer's readings holds what a history shows, so that the table itself is not read.

At 50 million readings each of the 210 points of a history lay on a page of its own.
"""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    columns = ["offer_key", "observed_at", "price_minor", "currency"]
    op.create_index("ix_price_points_offer_history", "price_points", columns, unique=False)
    op.drop_index("ix_price_points_offer_key_observed_at", table_name="price_points")


def downgrade() -> None:
    op.create_index("ix_price_points_offer_key_observed_at", "price_points", ["offer_key", "observed_at"], unique=False)
    op.drop_index("ix_price_points_offer_history", table_name="price_points")
