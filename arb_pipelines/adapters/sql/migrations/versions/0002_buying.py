"""Deciding and buying: opportunities, approvals, purchases, budgets."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# A migration keeps its own words: the package's types may change after it ran.
UTC_TIME = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")
ROW_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _opportunities()
    _refused_offers()
    _approvals()
    _purchases()
    _purchase_events()
    _budgets()


def downgrade() -> None:
    op.drop_table("budgets")
    op.drop_table("purchase_events")
    op.drop_table("purchases")
    op.drop_table("approvals")
    op.drop_table("refused_offers")
    op.drop_table("opportunities")


def _opportunities() -> None:
    op.create_table(
        "opportunities",
        sa.Column("opportunity_id", sa.String(), nullable=False),
        sa.Column("offer_key", sa.String(), nullable=False),
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("sku", sa.String()),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("product_id", sa.String(), nullable=False),
        sa.Column("condition", sa.String(), nullable=False),
        sa.Column("outlet", sa.String(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("item_price_minor", sa.BigInteger(), nullable=False),
        sa.Column("landed_cost_minor", sa.BigInteger(), nullable=False),
        sa.Column("expected_sale_minor", sa.BigInteger(), nullable=False),
        sa.Column("expected_net_minor", sa.BigInteger(), nullable=False),
        sa.Column("expected_profit_minor", sa.BigInteger(), nullable=False),
        sa.Column("max_cost_minor", sa.BigInteger(), nullable=False),
        sa.Column("roi", sa.String(), nullable=False),
        sa.Column("days_to_sell", sa.Float(), nullable=False),
        sa.Column("profit_per_day", sa.String(), nullable=False),
        sa.Column("model_version", sa.String(), nullable=False),
        sa.Column("scrape_id", sa.String(), nullable=False),
        sa.Column("observed_at", UTC_TIME, nullable=False),
        sa.Column("decided_at", UTC_TIME, nullable=False),
        sa.Column("record", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("opportunity_id", name="pk_opportunities"),
    )
    op.create_index("ix_opportunities_offer_key_decided_at", "opportunities", ["offer_key", "decided_at"], unique=False)


def _refused_offers() -> None:
    op.create_table(
        "refused_offers",
        sa.Column("offer_key", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("first_decided_at", UTC_TIME, nullable=False),
        sa.Column("decided_at", UTC_TIME, nullable=False),
        sa.Column("times", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("offer_key", "code", name="pk_refused_offers"),
    )


def _approvals() -> None:
    op.create_table(
        "approvals",
        sa.Column("approval_id", sa.String(), nullable=False),
        sa.Column("opportunity_id", sa.String(), nullable=False),
        sa.Column("offer_key", sa.String(), nullable=False),
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("sku", sa.String()),
        sa.Column("product_id", sa.String(), nullable=False),
        sa.Column("condition", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("ceiling_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("approved_by", sa.String(), nullable=False),
        sa.Column("approved_at", UTC_TIME, nullable=False),
        sa.Column("expires_at", UTC_TIME, nullable=False),
        sa.Column("used_at", UTC_TIME),
        sa.CheckConstraint("quantity > 0 AND ceiling_minor > 0", name=op.f("ck_approvals_something_is_approved")),
        sa.ForeignKeyConstraint(
            ["opportunity_id"], ["opportunities.opportunity_id"], name="fk_approvals_opportunity_id"
        ),
        sa.PrimaryKeyConstraint("approval_id", name="pk_approvals"),
        sa.UniqueConstraint("opportunity_id", name="uq_approvals_opportunity_id"),
    )
    op.create_index("ix_approvals_expires_at", "approvals", ["expires_at"], unique=False)
    op.create_index("ix_approvals_offer_key", "approvals", ["offer_key"], unique=False)


def _purchases() -> None:
    op.create_table(
        "purchases",
        sa.Column("purchase_id", sa.String(), nullable=False),
        sa.Column("approval_id", sa.String(), nullable=False),
        sa.Column("opportunity_id", sa.String(), nullable=False),
        sa.Column("offer_key", sa.String(), nullable=False),
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("sku", sa.String()),
        sa.Column("product_id", sa.String(), nullable=False),
        sa.Column("condition", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("reserved_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("committed_minor", sa.BigInteger(), nullable=False),
        sa.Column("reserved_at", UTC_TIME, nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("claimed_at", UTC_TIME, nullable=False),
        sa.Column("changed_at", UTC_TIME, nullable=False),
        sa.Column("shop_order_id", sa.String()),
        sa.Column("total_minor", sa.BigInteger()),
        sa.Column("reason", sa.String()),
        sa.Column("delivered_at", UTC_TIME),
        sa.CheckConstraint(
            "state <> 'bought' OR total_minor IS NOT NULL", name=op.f("ck_purchases_bought_has_a_total")
        ),
        sa.CheckConstraint(
            "state IN ('bought', 'claimed', 'not_placed', 'refused', 'released', 'submitting', 'uncertain')",
            name=op.f("ck_purchases_state_known"),
        ),
        sa.CheckConstraint(
            "quantity > 0 AND reserved_minor > 0 AND committed_minor >= 0", name=op.f("ck_purchases_amounts")
        ),
        sa.ForeignKeyConstraint(["approval_id"], ["approvals.approval_id"], name="fk_purchases_approval_id"),
        sa.ForeignKeyConstraint(
            ["opportunity_id"], ["opportunities.opportunity_id"], name="fk_purchases_opportunity_id"
        ),
        sa.PrimaryKeyConstraint("purchase_id", name="pk_purchases"),
        sa.UniqueConstraint("approval_id", name="uq_purchases_approval_id"),
    )
    op.create_index("ix_purchases_product_id_reserved_at", "purchases", ["product_id", "reserved_at"], unique=False)
    op.create_index("ix_purchases_reserved_at", "purchases", ["reserved_at"], unique=False)
    op.create_index("ix_purchases_site_reserved_at", "purchases", ["site", "reserved_at"], unique=False)
    op.create_index("ix_purchases_state", "purchases", ["state"], unique=False)
    op.create_index("uq_purchases_shop_order", "purchases", ["site", "shop_order_id"], unique=True)
    op.create_index(
        "uq_purchases_taken_offer",
        "purchases",
        ["offer_key"],
        unique=True,
        sqlite_where=sa.text("state IN ('bought', 'claimed', 'not_placed', 'submitting', 'uncertain')"),
        postgresql_where=sa.text("state IN ('bought', 'claimed', 'not_placed', 'submitting', 'uncertain')"),
    )


def _purchase_events() -> None:
    op.create_table(
        "purchase_events",
        sa.Column("event_id", ROW_NUMBER, autoincrement=True, nullable=False),
        sa.Column("purchase_id", sa.String(), nullable=False),
        sa.Column("old_state", sa.String()),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String()),
        sa.Column("at", UTC_TIME, nullable=False),
        sa.ForeignKeyConstraint(["purchase_id"], ["purchases.purchase_id"], name="fk_purchase_events_purchase_id"),
        sa.PrimaryKeyConstraint("event_id", name="pk_purchase_events"),
    )
    op.create_index("ix_purchase_events_purchase_id", "purchase_events", ["purchase_id"], unique=False)


def _budgets() -> None:
    op.create_table(
        "budgets",
        sa.Column("budget_key", sa.String(), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("window_s", sa.BigInteger()),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("limit_minor", sa.BigInteger(), nullable=False),
        sa.Column("used_minor", sa.BigInteger(), nullable=False),
        sa.Column("window_start_at", UTC_TIME),
        sa.Column("changed_at", UTC_TIME, nullable=False),
        sa.CheckConstraint("used_minor >= 0 AND used_minor <= limit_minor", name=op.f("ck_budgets_used_within_limit")),
        sa.PrimaryKeyConstraint("budget_key", name="pk_budgets"),
    )
