"""Tables of the limits on risk: first signatures, locks, and what outlets let us sell.

What belongs here: table definitions, with the constraints that hold even when the code above them is wrong.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
    UniqueConstraint,
)

from arb_pipelines.adapters.sql.column_types import RowNumber, UtcTime
from arb_pipelines.adapters.sql.tables import metadata, one_of
from arb_pipelines.domain.eligibility import Permission

# What the first of two people proposed; the approval itself exists only once the second has confirmed.
approval_proposals = Table(
    "approval_proposals",
    metadata,
    Column("opportunity_id", String, ForeignKey("opportunities.opportunity_id"), primary_key=True),
    Column("ceiling_minor", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("proposed_by", String, nullable=False),
    Column("proposed_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    Column("confirmed_by", String),
    Column("confirmed_at", UtcTime),
    CheckConstraint("confirmed_by IS NULL OR confirmed_by <> proposed_by", name="two_people"),
    CheckConstraint("(confirmed_by IS NULL) = (confirmed_at IS NULL)", name="confirmed_at_a_time"),
)

risk_locks = Table(
    "risk_locks",
    metadata,
    Column("lock_id", RowNumber, primary_key=True, autoincrement=True),
    Column("scope", String, nullable=False),
    Column("code", String, nullable=False),
    Column("detail", String, nullable=False),
    Column("starts_at", UtcTime, nullable=False),
    Column("ends_at", UtcTime, nullable=False),
    UniqueConstraint("scope", "code", "starts_at"),
    CheckConstraint("ends_at > starts_at", name="ends"),
    Index(None, "ends_at"),
)

product_eligibility = Table(
    "product_eligibility",
    metadata,
    Column("product_id", String, nullable=False),
    Column("condition", String, nullable=False),
    Column("outlet", String, nullable=False),
    Column("permission", String, nullable=False),
    Column("checked_at", UtcTime, nullable=False),
    PrimaryKeyConstraint("product_id", "condition", "outlet"),
    CheckConstraint(one_of("permission", Permission), name="permission_known"),
)
