"""Tables of what we saw in the market: visits, price history, products, sold prices, predictions.

What belongs here: table definitions only. What we did with it is `purchase_tables.py`, `sale_tables.py` and
`book_tables.py`; how a table comes to be on disk is `migrations/`, and a test holds both equal.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
)

from arb_pipelines.adapters.sql.column_types import UtcTime

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def one_of(column: str, values: Iterable[str]) -> str:
    """Return the SQL condition that `column` holds one of these words (of our own enums)."""
    return f"{column} IN ({', '.join(repr(str(value)) for value in sorted(values))})"


site_visits = Table(
    "site_visits",
    metadata,
    Column("site", String, nullable=False),
    Column("tick_id", String, nullable=False),
    Column("started_at", UtcTime, nullable=False),
    Column("finished_at", UtcTime, nullable=False),
    Column("outcome", String, nullable=False),
    Column("reason", String),
    Column("pages", Integer, nullable=False),
    Column("offers", Integer, nullable=False),
    Column("bytes_received", BigInteger, nullable=False),
    Column("latency_ms", Integer),
    Column("unchanged", Integer, nullable=False, server_default="0"),
    Column("manners", JSON(none_as_null=True)),
    PrimaryKeyConstraint("tick_id", "site"),
    Index(None, "started_at"),
)

# The newest visit of each site: a sensor asks for it every few minutes, over millions of visits.
site_last_visits = Table(
    "site_last_visits",
    metadata,
    Column("site", String, primary_key=True),
    Column("started_at", UtcTime, nullable=False),
)

# What an offer says about itself changes rarely, its price is read 288 times a day: half of a flat row would be
# repetition. `description_id` is a hash of the text columns and is only ever compared within one offer.
offer_descriptions = Table(
    "offer_descriptions",
    metadata,
    Column("offer_key", String, nullable=False),
    Column("description_id", BigInteger, nullable=False),
    Column("site", String, nullable=False),
    Column("url", String, nullable=False),
    Column("title", String),
    Column("sku", String),
    Column("gtin", String),
    Column("mpn", String),
    Column("brand", String),
    Column("category", String),
    PrimaryKeyConstraint("offer_key", "description_id"),
)

price_points = Table(
    "price_points",
    metadata,
    Column("scrape_id", String, primary_key=True),
    Column("offer_key", String, nullable=False),
    Column("description_id", BigInteger, nullable=False),
    Column("price_minor", BigInteger, nullable=False),
    Column("shipping_minor", BigInteger),
    Column("currency", String(3), nullable=False),
    Column("availability", String),
    Column("condition", String),
    Column("observed_at", UtcTime, nullable=False),
    # With what a history shows, so that it never reads the table: an offer's readings lie on as many pages.
    Index("ix_price_points_offer_history", "offer_key", "observed_at", "price_minor", "currency"),
    Index(None, "observed_at"),
)

# The latest reading of each offer, kept beside the history so that "what is offered now" never scans it.
offers = Table(
    "offers",
    metadata,
    Column("offer_key", String, primary_key=True),
    Column("scrape_id", String, nullable=False),
    Column("description_id", BigInteger, nullable=False),
    Column("price_minor", BigInteger, nullable=False),
    Column("shipping_minor", BigInteger),
    Column("currency", String(3), nullable=False),
    Column("availability", String),
    Column("condition", String),
    Column("observed_at", UtcTime, nullable=False),
    Index(None, "observed_at"),
)

quarantined_points = Table(
    "quarantined_points",
    metadata,
    Column("scrape_id", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("offer_key", String, nullable=False),
    Column("site", String, nullable=False),
    Column("url", String, nullable=False),
    Column("detail", String),
    Column("observed_at", UtcTime, nullable=False),
    PrimaryKeyConstraint("scrape_id", "reason"),
    Index(None, "observed_at"),
)

reader_cursors = Table(
    "reader_cursors",
    metadata,
    Column("name", String, primary_key=True),
    Column("cursor", String, nullable=False),
)

products = Table(
    "products",
    metadata,
    Column("product_id", String, primary_key=True),
    Column("gtin", String, index=True),
    Column("brand", String),
    Column("mpn", String),
    Column("title", String),
    Column("category", String),
    Column("pack_quantity", BigInteger),
    Column("created_at", UtcTime, nullable=False),
)

offer_matches = Table(
    "offer_matches",
    metadata,
    Column("offer_key", String, primary_key=True),
    Column("product_id", String, ForeignKey("products.product_id"), index=True),
    Column("outcome", String, nullable=False),
    Column("method", String, nullable=False),
    Column("score", Float),
    Column("matched_at", UtcTime, nullable=False),
    CheckConstraint("outcome IN ('same', 'different', 'unsure')", name="outcome_known"),
    CheckConstraint("(outcome = 'same') = (product_id IS NOT NULL)", name="only_same_names_a_product"),
)

sold_prices = Table(
    "sold_prices",
    metadata,
    Column("sale_id", String, primary_key=True),
    Column("outlet", String, nullable=False),
    Column("title", String, nullable=False),
    Column("gtin", String),
    Column("category", String),
    Column("condition", String),
    Column("price_minor", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("sold_at", UtcTime, nullable=False),
    Column("days_to_sell", Float),
    Index(None, "outlet", "sold_at"),
    Index(None, "sold_at"),
)

price_predictions = Table(
    "price_predictions",
    metadata,
    Column("product_id", String, nullable=False),
    Column("condition", String, nullable=False),
    Column("outlet", String, nullable=False),
    Column("low_minor", BigInteger),
    Column("middle_minor", BigInteger),
    Column("high_minor", BigInteger),
    Column("currency", String(3)),
    Column("days_to_sell", Float),
    Column("sold_within_30_days", Float),
    Column("model_version", String, nullable=False),
    Column("predicted_at", UtcTime, nullable=False),
    Column("abstained", String),
    Column("sold_within_60_days", Float),
    Column("sold_within_90_days", Float),
    PrimaryKeyConstraint("product_id", "condition", "outlet"),
)
