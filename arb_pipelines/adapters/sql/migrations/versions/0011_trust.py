"""What buying for real keeps: what a floor rests on, and until when a bid stands."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

# A migration keeps its own words: the package's types may change after it ran.
UTC_TIME = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")
LISTING_COLUMNS = ("floor_cost_minor", "floor_fees_minor", "floor_margin_minor")
PURCHASE_COLUMNS: dict[str, sa.types.TypeEngine[Any]] = {
    "auction_ends_at": UTC_TIME,
    "bid_group": sa.String(),
    "bid_minor": sa.BigInteger(),
    "bid_wanted": sa.Integer(),
}
# An older listing kept no basis: all that its floor leaves above the cost of the lot counts as fees.
OLD_BASIS = """
UPDATE listings SET floor_margin_minor = 0,
  floor_cost_minor = (SELECT unit_cost_minor FROM inventory_lots WHERE inventory_lots.lot_id = listings.lot_id),
  floor_fees_minor = floor_minor -
    (SELECT unit_cost_minor FROM inventory_lots WHERE inventory_lots.lot_id = listings.lot_id)
"""


NEW_WORDS = "permission IN ('allowed', 'approval_required', 'not_eligible', 'unknown')"
OLD_WORDS = "permission IN ('allowed', 'approval_required', 'not_eligible')"


def upgrade() -> None:
    for name in LISTING_COLUMNS:
        op.add_column("listings", sa.Column(name, sa.BigInteger()))
    op.execute(OLD_BASIS)
    for name, kind in PURCHASE_COLUMNS.items():
        op.add_column("purchases", sa.Column(name, kind))
    _renew_eligibility(NEW_WORDS)


def downgrade() -> None:
    _renew_eligibility(OLD_WORDS)
    for name in reversed(PURCHASE_COLUMNS):
        op.drop_column("purchases", name)
    for name in reversed(LISTING_COLUMNS):
        op.drop_column("listings", name)


def _renew_eligibility(words: str) -> None:
    """Make the table anew: an answer is good for a day only, and SQLite changes no CHECK in place."""
    op.drop_table("product_eligibility")
    op.create_table(
        "product_eligibility",
        sa.Column("product_id", sa.String(), nullable=False),
        sa.Column("condition", sa.String(), nullable=False),
        sa.Column("outlet", sa.String(), nullable=False),
        sa.Column("permission", sa.String(), nullable=False),
        sa.Column("checked_at", UTC_TIME, nullable=False),
        sa.CheckConstraint(words, name=op.f("ck_product_eligibility_permission_known")),
        sa.PrimaryKeyConstraint("product_id", "condition", "outlet", name="pk_product_eligibility"),
    )
