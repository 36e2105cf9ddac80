"""Stock, selling and the books."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# A migration keeps its own words: the package's types may change after it ran.
UTC_TIME = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")
ROW_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _inventory_lots()
    _listings()
    _price_changes()
    _orders()
    _order_lots()
    _ledger_transactions()
    _ledger_entries()
    _switches()
    _switch_changes()
    _book_mode()


def downgrade() -> None:
    op.drop_table("book_mode")
    op.drop_table("switch_changes")
    op.drop_table("switches")
    op.drop_table("ledger_entries")
    op.drop_table("ledger_transactions")
    op.drop_table("order_lots")
    op.drop_table("orders")
    op.drop_table("price_changes")
    op.drop_table("listings")
    op.drop_table("inventory_lots")


def _inventory_lots() -> None:
    op.create_table(
        "inventory_lots",
        sa.Column("lot_id", sa.String(), nullable=False),
        sa.Column("purchase_id", sa.String(), nullable=False),
        sa.Column("product_id", sa.String(), nullable=False),
        sa.Column("sku", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("condition", sa.String(), nullable=False),
        sa.Column("received", sa.Integer(), nullable=False),
        sa.Column("on_hand", sa.Integer(), nullable=False),
        sa.Column("unit_cost_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("received_at", UTC_TIME, nullable=False),
        sa.CheckConstraint("on_hand >= 0 AND on_hand <= received", name=op.f("ck_inventory_lots_on_hand_was_received")),
        sa.ForeignKeyConstraint(["purchase_id"], ["purchases.purchase_id"], name="fk_inventory_lots_purchase_id"),
        sa.PrimaryKeyConstraint("lot_id", name="pk_inventory_lots"),
        sa.UniqueConstraint("purchase_id", name="uq_inventory_lots_purchase_id"),
    )
    op.create_index("ix_inventory_lots_sku", "inventory_lots", ["sku"], unique=False)


def _listings() -> None:
    op.create_table(
        "listings",
        sa.Column("listing_id", sa.String(), nullable=False),
        sa.Column("sku", sa.String(), nullable=False),
        sa.Column("lot_id", sa.String(), nullable=False),
        sa.Column("product_id", sa.String(), nullable=False),
        sa.Column("outlet", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("condition", sa.String(), nullable=False),
        sa.Column("gtin", sa.String()),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("price_minor", sa.BigInteger(), nullable=False),
        sa.Column("floor_minor", sa.BigInteger(), nullable=False),
        sa.Column("ceiling_minor", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("outlet_listing_id", sa.String()),
        sa.Column("listed_at", UTC_TIME, nullable=False),
        sa.Column("repriced_at", UTC_TIME, nullable=False),
        sa.CheckConstraint(
            "floor_minor <= price_minor AND price_minor <= ceiling_minor", name=op.f("ck_listings_price_within_bounds")
        ),
        sa.CheckConstraint("floor_minor > 0 AND quantity >= 0", name=op.f("ck_listings_amounts")),
        sa.ForeignKeyConstraint(["lot_id"], ["inventory_lots.lot_id"], name="fk_listings_lot_id"),
        sa.PrimaryKeyConstraint("listing_id", name="pk_listings"),
    )
    op.create_index("ix_listings_sku", "listings", ["sku"], unique=False)
    op.create_index(
        "uq_listings_open_sku",
        "listings",
        ["sku"],
        unique=True,
        sqlite_where=sa.text("state IN ('active', 'pending')"),
        postgresql_where=sa.text("state IN ('active', 'pending')"),
    )


def _price_changes() -> None:
    op.create_table(
        "price_changes",
        sa.Column("change_id", ROW_NUMBER, autoincrement=True, nullable=False),
        sa.Column("listing_id", sa.String(), nullable=False),
        sa.Column("sku", sa.String(), nullable=False),
        sa.Column("old_minor", sa.BigInteger(), nullable=False),
        sa.Column("new_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("at", UTC_TIME, nullable=False),
        sa.ForeignKeyConstraint(["listing_id"], ["listings.listing_id"], name="fk_price_changes_listing_id"),
        sa.PrimaryKeyConstraint("change_id", name="pk_price_changes"),
    )
    op.create_index("ix_price_changes_listing_id", "price_changes", ["listing_id"], unique=False)


def _orders() -> None:
    op.create_table(
        "orders",
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("outlet", sa.String(), nullable=False),
        sa.Column("outlet_order_id", sa.String(), nullable=False),
        sa.Column("line_item_id", sa.String(), nullable=False),
        sa.Column("sku", sa.String(), nullable=False),
        sa.Column("product_id", sa.String(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("revenue_minor", sa.BigInteger(), nullable=False),
        sa.Column("tax_minor", sa.BigInteger(), nullable=False),
        sa.Column("fee_minor", sa.BigInteger(), nullable=False),
        sa.Column("fee_estimated", sa.Boolean(), nullable=False),
        sa.Column("cost_of_goods_minor", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("ordered_at", UTC_TIME, nullable=False),
        sa.Column("tracking_number", sa.String()),
        sa.Column("shipped_at", UTC_TIME),
        sa.PrimaryKeyConstraint("order_id", name="pk_orders"),
        sa.UniqueConstraint(
            "outlet", "outlet_order_id", "line_item_id", name="uq_orders_outlet_outlet_order_id_line_item_id"
        ),
    )
    op.create_index("ix_orders_outlet_ordered_at", "orders", ["outlet", "ordered_at"], unique=False)
    op.create_index("ix_orders_state", "orders", ["state"], unique=False)


def _order_lots() -> None:
    op.create_table(
        "order_lots",
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("lot_id", sa.String(), nullable=False),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.Column("unit_cost_minor", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("units > 0", name=op.f("ck_order_lots_units_taken")),
        sa.ForeignKeyConstraint(["lot_id"], ["inventory_lots.lot_id"], name="fk_order_lots_lot_id"),
        sa.ForeignKeyConstraint(["order_id"], ["orders.order_id"], name="fk_order_lots_order_id"),
        sa.PrimaryKeyConstraint("order_id", "lot_id", name="pk_order_lots"),
    )
    op.create_index("ix_order_lots_lot_id", "order_lots", ["lot_id"], unique=False)


def _ledger_transactions() -> None:
    op.create_table(
        "ledger_transactions",
        sa.Column("transaction_id", sa.String(), nullable=False),
        sa.Column("occurred_at", UTC_TIME, nullable=False),
        sa.Column("memo", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("transaction_id", name="pk_ledger_transactions"),
    )
    op.create_index("ix_ledger_transactions_occurred_at", "ledger_transactions", ["occurred_at"], unique=False)


def _ledger_entries() -> None:
    op.create_table(
        "ledger_entries",
        sa.Column("transaction_id", sa.String(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.ForeignKeyConstraint(
            ["transaction_id"], ["ledger_transactions.transaction_id"], name="fk_ledger_entries_transaction_id"
        ),
        sa.PrimaryKeyConstraint("transaction_id", "line", name="pk_ledger_entries"),
    )
    op.create_index("ix_ledger_entries_account_currency", "ledger_entries", ["account", "currency"], unique=False)


def _switches() -> None:
    op.create_table(
        "switches",
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("set_by", sa.String(), nullable=False),
        sa.Column("changed_at", UTC_TIME, nullable=False),
        sa.CheckConstraint("state IN ('active', 'halted', 'reducing')", name=op.f("ck_switches_state_known")),
        sa.PrimaryKeyConstraint("action", name="pk_switches"),
    )


def _switch_changes() -> None:
    op.create_table(
        "switch_changes",
        sa.Column("change_id", ROW_NUMBER, autoincrement=True, nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("set_by", sa.String(), nullable=False),
        sa.Column("at", UTC_TIME, nullable=False),
        sa.PrimaryKeyConstraint("change_id", name="pk_switch_changes"),
    )


def _book_mode() -> None:
    op.create_table(
        "book_mode",
        sa.Column("only_row", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("mode", sa.String(), nullable=False),
        sa.CheckConstraint("only_row = 1", name=op.f("ck_book_mode_one_row")),
        sa.PrimaryKeyConstraint("only_row", name="pk_book_mode"),
    )
