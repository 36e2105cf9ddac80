"""Tables of the double-entry books, the kill switches and the mode of this database.

What belongs here: table definitions only.
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
)

from arb_pipelines.adapters.sql.column_types import RowNumber, UtcTime
from arb_pipelines.adapters.sql.tables import metadata

ledger_transactions = Table(
    "ledger_transactions",
    metadata,
    Column("transaction_id", String, primary_key=True),
    Column("occurred_at", UtcTime, nullable=False, index=True),
    Column("memo", String, nullable=False),
)

ledger_entries = Table(
    "ledger_entries",
    metadata,
    Column("transaction_id", String, ForeignKey("ledger_transactions.transaction_id"), nullable=False),
    Column("line", Integer, nullable=False),
    Column("account", String, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    PrimaryKeyConstraint("transaction_id", "line"),
    Index(None, "account", "currency"),
)

switches = Table(
    "switches",
    metadata,
    Column("action", String, primary_key=True),
    Column("state", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("set_by", String, nullable=False),
    Column("changed_at", UtcTime, nullable=False),
    CheckConstraint("state IN ('active', 'halted', 'reducing')", name="state_known"),
)

switch_changes = Table(
    "switch_changes",
    metadata,
    Column("change_id", RowNumber, primary_key=True, autoincrement=True),
    Column("action", String, nullable=False),
    Column("state", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("set_by", String, nullable=False),
    Column("at", UtcTime, nullable=False),
)

# A single row: paper and live books must never be one database.
book_mode = Table(
    "book_mode",
    metadata,
    Column("only_row", Integer, primary_key=True, autoincrement=False),
    Column("mode", String, nullable=False),
    CheckConstraint("only_row = 1", name="one_row"),
)
