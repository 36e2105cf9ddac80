"""Tables of people and what they did: users, keys, sessions, audit log, denials, webhook events.

What belongs here: table definitions, with the constraints that hold even when the code above them is wrong. That
`audit_log` can only grow is held by triggers, which its migration makes.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
)

from arb_pipelines.adapters.sql.column_types import UtcTime
from arb_pipelines.adapters.sql.tables import metadata, one_of
from arb_pipelines.domain.access import Role

users = Table(
    "users",
    metadata,
    Column("name", String, primary_key=True),
    Column("role", String, nullable=False),
    Column("password_hash", String, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("disabled_at", UtcTime),
    CheckConstraint(one_of("role", Role), name="role_known"),
)

# The secret has 256 random bits, so one SHA-256 of it is as good as a slow hash, at a thousandth of its time.
api_keys = Table(
    "api_keys",
    metadata,
    Column("key_id", String, primary_key=True),
    Column("user_name", String, ForeignKey("users.name"), nullable=False, index=True),
    Column("label", String, nullable=False),
    Column("role", String, nullable=False),
    Column("secret_hash", String(64), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime),
    Column("revoked_at", UtcTime),
    CheckConstraint(one_of("role", Role), name="role_known"),
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("user_name", String, ForeignKey("users.name"), nullable=False, index=True),
    Column("created_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False, index=True),
)

# `detail` is JSON as it was hashed: a database that writes JSON its own way would break the chain.
audit_log = Table(
    "audit_log",
    metadata,
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("at", UtcTime, nullable=False),
    Column("actor", String, nullable=False),
    Column("act", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("detail", Text, nullable=False),
    Column("previous_hash", String(64), nullable=False, unique=True),
    Column("entry_hash", String(64), nullable=False),
    CheckConstraint("sequence > 0", name="sequence_counts"),
)

denials = Table(
    "denials",
    metadata,
    Column("opportunity_id", String, ForeignKey("opportunities.opportunity_id"), primary_key=True),
    Column("offer_key", String, nullable=False),
    Column("denied_by", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("denied_at", UtcTime, nullable=False),
    Column("until_at", UtcTime, nullable=False),
    Index(None, "offer_key", "until_at"),
)

webhook_events = Table(
    "webhook_events",
    metadata,
    Column("provider", String, nullable=False),
    Column("event_id", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("payload", JSON, nullable=False),
    Column("received_at", UtcTime, nullable=False),
    PrimaryKeyConstraint("provider", "event_id"),
    Index(None, "provider", "received_at"),
)
