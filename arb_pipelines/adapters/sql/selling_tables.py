"""Tables of what follows a sale and of what a listing says: returns, settled fees, price suggestions, sheets.

What belongs here: table definitions, with the constraints that hold even when the code above them is wrong. Lots,
listings and orders are `sale_tables.py`.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
)

from arb_pipelines.adapters.sql.column_types import UtcTime
from arb_pipelines.adapters.sql.tables import metadata, one_of
from arb_pipelines.domain.return_case import ReturnState

order_returns = Table(
    "order_returns",
    metadata,
    Column("return_id", String, primary_key=True),
    Column("order_id", String, ForeignKey("orders.order_id"), nullable=False, index=True),
    Column("units", Integer, nullable=False),
    Column("reason", String, nullable=False),
    Column("state", String, nullable=False),
    Column("cost_minor", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("requested_at", UtcTime, nullable=False),
    Column("received_at", UtcTime),
    Column("inspected_at", UtcTime),
    Column("refund_minor", BigInteger),
    Column("fee_back_minor", BigInteger),
    Column("refunded_at", UtcTime),
    CheckConstraint(one_of("state", ReturnState), name="state_known"),
    CheckConstraint("units > 0 AND cost_minor >= 0", name="amounts"),
    CheckConstraint("(refund_minor IS NULL) = (refunded_at IS NULL)", name="refunded_at_a_time"),
)

# Which units come back: those that the order took last, so that each has its own cost.
return_lots = Table(
    "return_lots",
    metadata,
    Column("return_id", String, ForeignKey("order_returns.return_id"), nullable=False),
    Column("lot_id", String, ForeignKey("inventory_lots.lot_id"), nullable=False, index=True),
    Column("units", Integer, nullable=False),
    Column("unit_cost_minor", BigInteger, nullable=False),
    PrimaryKeyConstraint("return_id", "lot_id"),
    CheckConstraint("units > 0", name="units_returned"),
)

fee_settlements = Table(
    "fee_settlements",
    metadata,
    Column("order_id", String, ForeignKey("orders.order_id"), nullable=False),
    Column("statement_id", String, nullable=False),
    Column("fee_minor", BigInteger, nullable=False),
    Column("correction_minor", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("settled_at", UtcTime, nullable=False),
    PrimaryKeyConstraint("order_id", "statement_id"),
)

reprice_rules = Table(
    "reprice_rules",
    metadata,
    Column("outlet", String, nullable=False),
    Column("rule", String, nullable=False),
    Column("first_run_at", UtcTime, nullable=False),
    PrimaryKeyConstraint("outlet", "rule"),
)

price_suggestions = Table(
    "price_suggestions",
    metadata,
    Column("outlet", String, nullable=False),
    Column("rule", String, nullable=False),
    Column("sku", String, nullable=False),
    Column("old_minor", BigInteger, nullable=False),
    Column("new_minor", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("reason", String, nullable=False),
    PrimaryKeyConstraint("outlet", "rule", "sku"),
)

product_sheets = Table(
    "product_sheets",
    metadata,
    Column("product_id", String, ForeignKey("products.product_id"), primary_key=True),
    Column("title", String),
    Column("description", Text),
    Column("photos", JSON, nullable=False),
    Column("changed_by", String, nullable=False),
    Column("changed_at", UtcTime, nullable=False),
)
