"""Table of what people said about matches.

What belongs here: the table definition only. Its repository is `products.py`.
"""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, PrimaryKeyConstraint, String, Table

from arb_pipelines.adapters.sql.column_types import UtcTime
from arb_pipelines.adapters.sql.tables import metadata

# The texts are kept as they stood when the person judged: an offer may say something else tomorrow.
match_feedback = Table(
    "match_feedback",
    metadata,
    Column("offer_key", String, nullable=False),
    Column("product_id", String, nullable=False),
    Column("verdict", String, nullable=False),
    Column("offer_title", String),
    Column("product_title", String),
    Column("given_by", String, nullable=False),
    Column("given_at", UtcTime, nullable=False),
    PrimaryKeyConstraint("offer_key", "product_id"),
    CheckConstraint("verdict IN ('right', 'wrong')", name="verdict_known"),
)
