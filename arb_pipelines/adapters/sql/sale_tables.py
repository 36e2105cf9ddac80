"""Tables of stock and selling: lots, listings, price changes, orders.

What belongs here: table definitions, with the constraints that hold even when the code above them is wrong.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from arb_pipelines.adapters.sql.column_types import RowNumber, UtcTime
from arb_pipelines.adapters.sql.tables import metadata, one_of
from arb_pipelines.domain.listing import ListingState

# One that is ending counts as open: until the outlet has heard of it, a buyer may still take a unit there.
OPEN_LISTING_STATES = frozenset({ListingState.PENDING, ListingState.ACTIVE, ListingState.ENDING})

inventory_lots = Table(
    "inventory_lots",
    metadata,
    Column("lot_id", String, primary_key=True),
    Column("purchase_id", String, ForeignKey("purchases.purchase_id"), nullable=False, unique=True),
    Column("product_id", String, nullable=False),
    Column("sku", String, nullable=False, index=True),
    Column("title", String, nullable=False),
    Column("condition", String, nullable=False),
    Column("received", Integer, nullable=False),
    Column("on_hand", Integer, nullable=False),
    Column("unit_cost_minor", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("received_at", UtcTime, nullable=False),
    CheckConstraint("on_hand >= 0 AND on_hand <= received", name="on_hand_was_received"),
)

listings = Table(
    "listings",
    metadata,
    Column("listing_id", String, primary_key=True),
    Column("sku", String, nullable=False, index=True),
    Column("lot_id", String, ForeignKey("inventory_lots.lot_id"), nullable=False),
    Column("product_id", String, nullable=False),
    Column("outlet", String, nullable=False),
    Column("title", String, nullable=False),
    Column("category", String, nullable=False),
    Column("condition", String, nullable=False),
    Column("gtin", String),
    Column("quantity", Integer, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("price_minor", BigInteger, nullable=False),
    Column("floor_minor", BigInteger, nullable=False),
    Column("ceiling_minor", BigInteger, nullable=False),
    Column("state", String, nullable=False),
    Column("outlet_listing_id", String),
    Column("listed_at", UtcTime, nullable=False),
    Column("repriced_at", UtcTime, nullable=False),
    Column("brand", String),
    Column("mpn", String),
    Column("description", Text),
    Column("photos", JSON(none_as_null=True)),
    # How many units are held back from every outlet that shows them; NULL is on one outlet only.
    Column("shared_buffer", Integer),
    # What the floor rests on, a unit; NULL only in a row that nobody drafted.
    Column("floor_cost_minor", BigInteger),
    Column("floor_fees_minor", BigInteger),
    Column("floor_margin_minor", BigInteger),
    CheckConstraint("floor_minor <= price_minor AND price_minor <= ceiling_minor", name="price_within_bounds"),
    CheckConstraint("floor_minor > 0 AND quantity >= 0", name="amounts"),
    Index(
        "uq_listings_open_sku",
        "sku",
        "outlet",
        unique=True,
        sqlite_where=text(one_of("state", OPEN_LISTING_STATES)),
        postgresql_where=text(one_of("state", OPEN_LISTING_STATES)),
    ),
)

price_changes = Table(
    "price_changes",
    metadata,
    Column("change_id", RowNumber, primary_key=True, autoincrement=True),
    Column("listing_id", String, ForeignKey("listings.listing_id"), nullable=False, index=True),
    Column("sku", String, nullable=False),
    Column("old_minor", BigInteger, nullable=False),
    Column("new_minor", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("reason", String, nullable=False),
    Column("at", UtcTime, nullable=False),
)

orders = Table(
    "orders",
    metadata,
    Column("order_id", String, primary_key=True),
    Column("outlet", String, nullable=False),
    Column("outlet_order_id", String, nullable=False),
    Column("line_item_id", String, nullable=False),
    Column("sku", String, nullable=False),
    Column("product_id", String, nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("revenue_minor", BigInteger, nullable=False),
    Column("tax_minor", BigInteger, nullable=False),
    Column("fee_minor", BigInteger, nullable=False),
    Column("fee_estimated", Boolean, nullable=False),
    Column("cost_of_goods_minor", BigInteger, nullable=False),
    Column("state", String, nullable=False, index=True),
    Column("ordered_at", UtcTime, nullable=False),
    Column("tracking_number", String),
    Column("shipped_at", UtcTime),
    Column("carrier", String),
    Column("ship_by", UtcTime),
    Column("estimated_fee_minor", BigInteger),
    Column("postage_minor", BigInteger),
    UniqueConstraint("outlet", "outlet_order_id", "line_item_id"),
    Index(None, "outlet", "ordered_at"),
)

order_lots = Table(
    "order_lots",
    metadata,
    Column("order_id", String, ForeignKey("orders.order_id"), nullable=False),
    Column("lot_id", String, ForeignKey("inventory_lots.lot_id"), nullable=False, index=True),
    Column("units", Integer, nullable=False),
    Column("unit_cost_minor", BigInteger, nullable=False),
    PrimaryKeyConstraint("order_id", "lot_id"),
    CheckConstraint("units > 0", name="units_taken"),
)
