"""Tables of what metered interfaces cost.

What belongs here: table definitions, with the constraints that hold even when the code above them is wrong.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, Float, Index, Integer, String, Table

from arb_pipelines.adapters.sql.column_types import UtcTime
from arb_pipelines.adapters.sql.tables import metadata, one_of
from arb_pipelines.domain.api_budget import ChargeState

# A row an interface: its lock (`claims` counts up in every claim), and what the vendor said is left.
api_meters = Table(
    "api_meters",
    metadata,
    Column("api", String, primary_key=True),
    Column("claims", BigInteger, nullable=False),
    Column("pool_left", Integer),
    Column("refill_a_minute", Float),
    Column("pool_at", UtcTime),
)

api_charges = Table(
    "api_charges",
    metadata,
    Column("charge_id", String, primary_key=True),
    Column("api", String, nullable=False),
    Column("operation", String, nullable=False),
    Column("reserved", BigInteger, nullable=False),
    Column("actual", BigInteger),
    Column("state", String, nullable=False),
    Column("made_at", UtcTime, nullable=False),
    CheckConstraint(one_of("state", ChargeState), name="state_known"),
    CheckConstraint("reserved >= 0 AND (actual IS NULL OR actual >= 0)", name="not_negative"),
    CheckConstraint("(state = 'settled') = (actual IS NOT NULL)", name="settled_at_a_cost"),
    Index(None, "api", "made_at"),
)
