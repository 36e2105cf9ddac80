"""Tables of what is said to people: alerts, the outbox and talks with sellers.

What belongs here: table definitions, with the constraints that hold even when the code above them is wrong.
"""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Boolean, CheckConstraint, Column, Index, Integer, String, Table, Text

from arb_pipelines.adapters.sql.column_types import RowNumber, UtcTime
from arb_pipelines.adapters.sql.tables import metadata, one_of
from arb_pipelines.domain.alert import Severity
from arb_pipelines.domain.message import Channel, MessageState

alerts = Table(
    "alerts",
    metadata,
    Column("alert_id", RowNumber, primary_key=True, autoincrement=True),
    Column("kind", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("detail", Text, nullable=False),
    Column("severity", String, nullable=False),
    Column("dedupe_key", String, nullable=False),
    Column("raised_at", UtcTime, nullable=False),
    Column("last_raised_at", UtcTime, nullable=False, index=True),
    Column("times", Integer, nullable=False),
    Column("told_at", UtcTime),
    Column("closed_at", UtcTime),
    Column("closed_by", String),
    CheckConstraint(one_of("severity", Severity), name="severity_known"),
    CheckConstraint("(closed_at IS NULL) = (closed_by IS NULL)", name="closed_by_somebody"),
)
# One open alert a key, whoever races to open it.
Index(
    "uq_alerts_open",
    alerts.c.dedupe_key,
    unique=True,
    sqlite_where=alerts.c.closed_at.is_(None),
    postgresql_where=alerts.c.closed_at.is_(None),
)

outbox_messages = Table(
    "outbox_messages",
    metadata,
    Column("message_id", String, primary_key=True),
    Column("channel", String, nullable=False),
    Column("recipient", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("body", Text, nullable=False),
    Column("dedupe_key", String, nullable=False, unique=True),
    Column("details", JSON, nullable=False),
    Column("state", String, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("created_by", String, nullable=False),
    Column("due_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime),
    Column("sending_at", UtcTime),
    Column("sent_at", UtcTime),
    Column("vendor_id", String),
    Column("error", String),
    Column("released_by", String),
    CheckConstraint(one_of("channel", Channel), name="channel_known"),
    CheckConstraint(one_of("state", MessageState), name="state_known"),
    CheckConstraint("(state = 'sent') = (sent_at IS NOT NULL)", name="sent_at_a_time"),
    CheckConstraint("state <> 'sending' OR sending_at IS NOT NULL", name="sending_at_a_time"),
    Index(None, "state", "due_at"),
    Index(None, "recipient", "created_at"),
)

negotiations = Table(
    "negotiations",
    metadata,
    Column("negotiation_id", String, primary_key=True),
    Column("opportunity_id", String, nullable=False, index=True),
    Column("outlet", String, nullable=False),
    Column("recipient", String, nullable=False),
    Column("thread_id", String),
    Column("title", String, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("asking_minor", BigInteger, nullable=False),
    Column("walk_away_minor", BigInteger, nullable=False),
    Column("average_minor", BigInteger),
    Column("counter_minor", BigInteger),
    Column("offers", JSON, nullable=False),
    Column("refused", Boolean, nullable=False),
    Column("deadline_at", UtcTime, nullable=False),
    Column("opened_at", UtcTime, nullable=False),
    Column("last_message_id", String),
    Column("version", Integer, nullable=False),
    Column("closed_code", String),
)
