"""What selling keeps beside listings and orders: what a listing says, returns, settled fees, price suggestions."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

# A migration keeps its own words: the package's types may change after it ran.
UTC_TIME = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")
LISTING_COLUMNS: dict[str, sa.types.TypeEngine[Any]] = {
    "brand": sa.String(),
    "mpn": sa.String(),
    "description": sa.Text(),
    "photos": sa.JSON(),
    "shared_buffer": sa.Integer(),
}
ORDER_COLUMNS: dict[str, sa.types.TypeEngine[Any]] = {
    "carrier": sa.String(),
    "ship_by": UTC_TIME,
    "estimated_fee_minor": sa.BigInteger(),
    "postage_minor": sa.BigInteger(),
}
OPEN = "state IN ('active', 'pending')"
OFFERED = "state IN ('active', 'ending', 'pending')"
STATES = "state IN ('closed', 'received', 'requested', 'restocked', 'written_off')"


def upgrade() -> None:
    for name, kind in LISTING_COLUMNS.items():
        op.add_column("listings", sa.Column(name, kind))
    _index_open(["sku", "outlet"], OFFERED)
    for name, kind in ORDER_COLUMNS.items():
        op.add_column("orders", sa.Column(name, kind))
    op.execute("UPDATE orders SET estimated_fee_minor = fee_minor WHERE fee_estimated")
    _order_returns()
    _return_lots()
    _fee_settlements()
    _reprice_rules()
    _price_suggestions()
    _product_sheets()


def downgrade() -> None:
    for name in (
        "product_sheets",
        "price_suggestions",
        "reprice_rules",
        "fee_settlements",
        "return_lots",
        "order_returns",
    ):
        op.drop_table(name)
    for name in reversed(ORDER_COLUMNS):
        op.drop_column("orders", name)
    _index_open(["sku"], OPEN)
    for name in reversed(LISTING_COLUMNS):
        op.drop_column("listings", name)


def _index_open(columns: list[str], condition: str) -> None:
    op.drop_index("uq_listings_open_sku", table_name="listings")
    where = sa.text(condition)
    op.create_index(
        "uq_listings_open_sku", "listings", columns, unique=True, sqlite_where=where, postgresql_where=where
    )


def _order_returns() -> None:
    op.create_table(
        "order_returns",
        sa.Column("return_id", sa.String(), nullable=False),
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("cost_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("requested_at", UTC_TIME, nullable=False),
        sa.Column("received_at", UTC_TIME),
        sa.Column("inspected_at", UTC_TIME),
        sa.Column("refund_minor", sa.BigInteger()),
        sa.Column("fee_back_minor", sa.BigInteger()),
        sa.Column("refunded_at", UTC_TIME),
        sa.CheckConstraint(STATES, name=op.f("ck_order_returns_state_known")),
        sa.CheckConstraint("units > 0 AND cost_minor >= 0", name=op.f("ck_order_returns_amounts")),
        sa.CheckConstraint(
            "(refund_minor IS NULL) = (refunded_at IS NULL)", name=op.f("ck_order_returns_refunded_at_a_time")
        ),
        sa.ForeignKeyConstraint(["order_id"], ["orders.order_id"], name="fk_order_returns_order_id"),
        sa.PrimaryKeyConstraint("return_id", name="pk_order_returns"),
    )
    op.create_index("ix_order_returns_order_id", "order_returns", ["order_id"], unique=False)


def _return_lots() -> None:
    op.create_table(
        "return_lots",
        sa.Column("return_id", sa.String(), nullable=False),
        sa.Column("lot_id", sa.String(), nullable=False),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.Column("unit_cost_minor", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("units > 0", name=op.f("ck_return_lots_units_returned")),
        sa.ForeignKeyConstraint(["return_id"], ["order_returns.return_id"], name="fk_return_lots_return_id"),
        sa.ForeignKeyConstraint(["lot_id"], ["inventory_lots.lot_id"], name="fk_return_lots_lot_id"),
        sa.PrimaryKeyConstraint("return_id", "lot_id", name="pk_return_lots"),
    )
    op.create_index("ix_return_lots_lot_id", "return_lots", ["lot_id"], unique=False)


def _fee_settlements() -> None:
    op.create_table(
        "fee_settlements",
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("statement_id", sa.String(), nullable=False),
        sa.Column("fee_minor", sa.BigInteger(), nullable=False),
        sa.Column("correction_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("settled_at", UTC_TIME, nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders.order_id"], name="fk_fee_settlements_order_id"),
        sa.PrimaryKeyConstraint("order_id", "statement_id", name="pk_fee_settlements"),
    )


def _reprice_rules() -> None:
    op.create_table(
        "reprice_rules",
        sa.Column("outlet", sa.String(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("first_run_at", UTC_TIME, nullable=False),
        sa.PrimaryKeyConstraint("outlet", "rule", name="pk_reprice_rules"),
    )


def _price_suggestions() -> None:
    op.create_table(
        "price_suggestions",
        sa.Column("outlet", sa.String(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("sku", sa.String(), nullable=False),
        sa.Column("old_minor", sa.BigInteger(), nullable=False),
        sa.Column("new_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("outlet", "rule", "sku", name="pk_price_suggestions"),
    )


def _product_sheets() -> None:
    op.create_table(
        "product_sheets",
        sa.Column("product_id", sa.String(), nullable=False),
        sa.Column("title", sa.String()),
        sa.Column("description", sa.Text()),
        sa.Column("photos", sa.JSON(), nullable=False),
        sa.Column("changed_by", sa.String(), nullable=False),
        sa.Column("changed_at", UTC_TIME, nullable=False),
        sa.ForeignKeyConstraint(["product_id"], ["products.product_id"], name="fk_product_sheets_product_id"),
        sa.PrimaryKeyConstraint("product_id", name="pk_product_sheets"),
    )
