"""The chance that an item sells within 60 and 90 days, beside that of 30."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

COLUMNS = ("sold_within_60_days", "sold_within_90_days")


def upgrade() -> None:
    for name in COLUMNS:
        op.add_column("price_predictions", sa.Column(name, sa.Float()))


def downgrade() -> None:
    for name in reversed(COLUMNS):
        op.drop_column("price_predictions", name)
