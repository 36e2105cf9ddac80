"""An index for what pages ask about visits: the last day of a table that grows by 144,000 rows a day."""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_site_visits_started_at", "site_visits", ["started_at"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_site_visits_started_at", table_name="site_visits")
