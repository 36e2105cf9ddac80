"""Who may do what at the desk, the audit chain, denials, webhook events, and what the API sorts by."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

# A migration keeps its own words: the package's types may change after it ran.
UTC_TIME = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")
ROLES = "role IN ('admin', 'approver', 'operator', 'viewer')"
GROWS_ONLY = "the audit log can only grow"
SQLITE_TRIGGER = (
    "CREATE TRIGGER audit_log_no_{0} BEFORE {0} ON audit_log BEGIN SELECT RAISE(ABORT, '" + GROWS_ONLY + "'); END"
)
POSTGRESQL_FUNCTION = (
    "CREATE FUNCTION audit_log_grows_only() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION '" + GROWS_ONLY + "'; END $$"
)
POSTGRESQL_TRIGGERS = (
    "CREATE TRIGGER audit_log_no_change BEFORE UPDATE OR DELETE ON audit_log "
    "FOR EACH ROW EXECUTE FUNCTION audit_log_grows_only()",
    "CREATE TRIGGER audit_log_no_truncate BEFORE TRUNCATE ON audit_log "
    "FOR EACH STATEMENT EXECUTE FUNCTION audit_log_grows_only()",
)
RANK = "profit_per_dollar_day"
INDEXES = {  # each ends in the key, so that a page can begin exactly behind the one before
    "ix_opportunities_profit_per_dollar_day_opportunity_id": [RANK, "opportunity_id"],
    "ix_opportunities_site_profit_per_dollar_day_opportunity_id": ["site", RANK, "opportunity_id"],
    "ix_opportunities_category_profit_per_dollar_day_opportunity_id": ["category", RANK, "opportunity_id"],
    "ix_opportunities_expected_profit_minor_opportunity_id": ["expected_profit_minor", "opportunity_id"],
    "ix_opportunities_decided_at_opportunity_id": ["decided_at", "opportunity_id"],
}


def upgrade() -> None:
    _people()
    _audit_log()
    _denials()
    _webhook_events()
    op.add_column("opportunities", sa.Column(RANK, sa.Float(), nullable=False, server_default="0"))
    op.execute(
        "UPDATE opportunities SET profit_per_dollar_day = CAST(profit_per_day AS FLOAT) * 100 / landed_cost_minor "
        "WHERE landed_cost_minor > 0"
    )
    for name, columns in INDEXES.items():
        op.create_index(name, "opportunities", columns)


def downgrade() -> None:
    for name in reversed(INDEXES):
        op.drop_index(name, table_name="opportunities")
    op.drop_column("opportunities", RANK)
    for table in ("webhook_events", "denials", "audit_log", "sessions", "api_keys", "users"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION audit_log_grows_only()")


def _people() -> None:
    op.create_table(
        "users",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column("created_at", UTC_TIME, nullable=False),
        sa.Column("disabled_at", UTC_TIME),
        sa.CheckConstraint(ROLES, name=op.f("ck_users_role_known")),
        sa.PrimaryKeyConstraint("name", name="pk_users"),
    )
    op.create_table(
        "api_keys",
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("user_name", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("secret_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", UTC_TIME, nullable=False),
        sa.Column("expires_at", UTC_TIME),
        sa.Column("revoked_at", UTC_TIME),
        sa.CheckConstraint(ROLES, name=op.f("ck_api_keys_role_known")),
        sa.ForeignKeyConstraint(["user_name"], ["users.name"], name="fk_api_keys_user_name"),
        sa.PrimaryKeyConstraint("key_id", name="pk_api_keys"),
    )
    op.create_index("ix_api_keys_user_name", "api_keys", ["user_name"])
    op.create_table(
        "sessions",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("user_name", sa.String(), nullable=False),
        sa.Column("created_at", UTC_TIME, nullable=False),
        sa.Column("expires_at", UTC_TIME, nullable=False),
        sa.ForeignKeyConstraint(["user_name"], ["users.name"], name="fk_sessions_user_name"),
        sa.PrimaryKeyConstraint("token_hash", name="pk_sessions"),
    )
    op.create_index("ix_sessions_user_name", "sessions", ["user_name"])
    op.create_index("ix_sessions_expires_at", "sessions", ["expires_at"])


def _audit_log() -> None:
    op.create_table(
        "audit_log",
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", UTC_TIME, nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("act", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("previous_hash", sa.String(length=64), nullable=False),
        sa.Column("entry_hash", sa.String(length=64), nullable=False),
        sa.CheckConstraint("sequence > 0", name=op.f("ck_audit_log_sequence_counts")),
        sa.PrimaryKeyConstraint("sequence", name="pk_audit_log"),
        sa.UniqueConstraint("previous_hash", name=op.f("uq_audit_log_previous_hash")),
    )
    if op.get_bind().dialect.name == "postgresql":
        for statement in (POSTGRESQL_FUNCTION, *POSTGRESQL_TRIGGERS):
            op.execute(statement)
    else:
        for change in ("UPDATE", "DELETE"):
            op.execute(SQLITE_TRIGGER.format(change))


def _denials() -> None:
    op.create_table(
        "denials",
        sa.Column("opportunity_id", sa.String(), nullable=False),
        sa.Column("offer_key", sa.String(), nullable=False),
        sa.Column("denied_by", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("denied_at", UTC_TIME, nullable=False),
        sa.Column("until_at", UTC_TIME, nullable=False),
        sa.ForeignKeyConstraint(["opportunity_id"], ["opportunities.opportunity_id"], name="fk_denials_opportunity_id"),
        sa.PrimaryKeyConstraint("opportunity_id", name="pk_denials"),
    )
    op.create_index("ix_denials_offer_key_until_at", "denials", ["offer_key", "until_at"])


def _webhook_events() -> None:
    op.create_table(
        "webhook_events",
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("received_at", UTC_TIME, nullable=False),
        sa.PrimaryKeyConstraint("provider", "event_id", name="pk_webhook_events"),
    )
    op.create_index("ix_webhook_events_provider_received_at", "webhook_events", ["provider", "received_at"])
