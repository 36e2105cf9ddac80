"""How a visit went: pages that had not changed, and what it asked of the shop."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("site_visits") as table:
        table.add_column(sa.Column("unchanged", sa.Integer(), nullable=False, server_default="0"))
        table.add_column(sa.Column("manners", sa.JSON()))


def downgrade() -> None:
    with op.batch_alter_table("site_visits") as table:
        table.drop_column("manners")
        table.drop_column("unchanged")
