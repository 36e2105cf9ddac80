"""Messages to people, talks with sellers, and what metered interfaces cost."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

# A migration keeps its own words: the package's types may change after it ran.
UTC_TIME = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")
ROW_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _alerts()
    _outbox_messages()
    _negotiations()
    _api_budgets()


def downgrade() -> None:
    op.drop_table("api_charges")
    op.drop_table("api_meters")
    op.drop_table("negotiations")
    op.drop_table("outbox_messages")
    op.drop_table("alerts")


def _alerts() -> None:
    op.create_table(
        "alerts",
        sa.Column("alert_id", ROW_NUMBER, autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("severity", sa.String(), nullable=False),
        sa.Column("dedupe_key", sa.String(), nullable=False),
        sa.Column("raised_at", UTC_TIME, nullable=False),
        sa.Column("last_raised_at", UTC_TIME, nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("told_at", UTC_TIME),
        sa.Column("closed_at", UTC_TIME),
        sa.Column("closed_by", sa.String()),
        sa.CheckConstraint("severity IN ('critical', 'info', 'warning')", name=op.f("ck_alerts_severity_known")),
        sa.CheckConstraint("(closed_at IS NULL) = (closed_by IS NULL)", name=op.f("ck_alerts_closed_by_somebody")),
        sa.PrimaryKeyConstraint("alert_id", name="pk_alerts"),
    )
    op.create_index("ix_alerts_last_raised_at", "alerts", ["last_raised_at"])
    still_open = sa.text("closed_at IS NULL")
    op.create_index(
        "uq_alerts_open",
        "alerts",
        ["dedupe_key"],
        unique=True,
        sqlite_where=still_open,
        postgresql_where=still_open,
    )


def _outbox_messages() -> None:
    op.create_table(
        "outbox_messages",
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("dedupe_key", sa.String(), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", UTC_TIME, nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("due_at", UTC_TIME, nullable=False),
        sa.Column("expires_at", UTC_TIME),
        sa.Column("sending_at", UTC_TIME),
        sa.Column("sent_at", UTC_TIME),
        sa.Column("vendor_id", sa.String()),
        sa.Column("error", sa.String()),
        sa.Column("released_by", sa.String()),
        sa.CheckConstraint(
            "channel IN ('email', 'marketplace', 'sms', 'webhook')", name=op.f("ck_outbox_messages_channel_known")
        ),
        sa.CheckConstraint(
            "state IN ('dead', 'draft', 'failed', 'queued', 'sending', 'sent', 'uncertain')",
            name=op.f("ck_outbox_messages_state_known"),
        ),
        sa.CheckConstraint("(state = 'sent') = (sent_at IS NOT NULL)", name=op.f("ck_outbox_messages_sent_at_a_time")),
        sa.CheckConstraint(
            "state <> 'sending' OR sending_at IS NOT NULL", name=op.f("ck_outbox_messages_sending_at_a_time")
        ),
        sa.PrimaryKeyConstraint("message_id", name="pk_outbox_messages"),
        sa.UniqueConstraint("dedupe_key", name=op.f("uq_outbox_messages_dedupe_key")),
    )
    op.create_index("ix_outbox_messages_state_due_at", "outbox_messages", ["state", "due_at"])
    op.create_index("ix_outbox_messages_recipient_created_at", "outbox_messages", ["recipient", "created_at"])


def _negotiations() -> None:
    op.create_table(
        "negotiations",
        sa.Column("negotiation_id", sa.String(), nullable=False),
        sa.Column("opportunity_id", sa.String(), nullable=False),
        sa.Column("outlet", sa.String(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("thread_id", sa.String()),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("asking_minor", sa.BigInteger(), nullable=False),
        sa.Column("walk_away_minor", sa.BigInteger(), nullable=False),
        sa.Column("average_minor", sa.BigInteger()),
        sa.Column("counter_minor", sa.BigInteger()),
        sa.Column("offers", sa.JSON(), nullable=False),
        sa.Column("refused", sa.Boolean(), nullable=False),
        sa.Column("deadline_at", UTC_TIME, nullable=False),
        sa.Column("opened_at", UTC_TIME, nullable=False),
        sa.Column("last_message_id", sa.String()),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("closed_code", sa.String()),
        sa.PrimaryKeyConstraint("negotiation_id", name="pk_negotiations"),
    )
    op.create_index("ix_negotiations_opportunity_id", "negotiations", ["opportunity_id"])


def _api_budgets() -> None:
    op.create_table(
        "api_meters",
        sa.Column("api", sa.String(), nullable=False),
        sa.Column("claims", sa.BigInteger(), nullable=False),
        sa.Column("pool_left", sa.Integer()),
        sa.Column("refill_a_minute", sa.Float()),
        sa.Column("pool_at", UTC_TIME),
        sa.PrimaryKeyConstraint("api", name="pk_api_meters"),
    )
    op.create_table(
        "api_charges",
        sa.Column("charge_id", sa.String(), nullable=False),
        sa.Column("api", sa.String(), nullable=False),
        sa.Column("operation", sa.String(), nullable=False),
        sa.Column("reserved", sa.BigInteger(), nullable=False),
        sa.Column("actual", sa.BigInteger()),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("made_at", UTC_TIME, nullable=False),
        sa.CheckConstraint("state IN ('released', 'reserved', 'settled')", name=op.f("ck_api_charges_state_known")),
        sa.CheckConstraint(
            "reserved >= 0 AND (actual IS NULL OR actual >= 0)", name=op.f("ck_api_charges_not_negative")
        ),
        sa.CheckConstraint("(state = 'settled') = (actual IS NOT NULL)", name=op.f("ck_api_charges_settled_at_a_cost")),
        sa.PrimaryKeyConstraint("charge_id", name="pk_api_charges"),
    )
    op.create_index("ix_api_charges_api_made_at", "api_charges", ["api", "made_at"])
