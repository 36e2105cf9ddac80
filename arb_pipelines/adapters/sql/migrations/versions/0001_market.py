"""What we see in the market: visits, price history, products, sold prices, predictions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# A migration keeps its own words: the package's types may change after it ran.
UTC_TIME = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")


def upgrade() -> None:
    _site_visits()
    _site_last_visits()
    _offer_descriptions()
    _price_points()
    _offers()
    _quarantined_points()
    _reader_cursors()
    _products()
    _offer_matches()
    _sold_prices()
    _price_predictions()


def downgrade() -> None:
    op.drop_table("price_predictions")
    op.drop_table("sold_prices")
    op.drop_table("offer_matches")
    op.drop_table("products")
    op.drop_table("reader_cursors")
    op.drop_table("quarantined_points")
    op.drop_table("offers")
    op.drop_table("price_points")
    op.drop_table("offer_descriptions")
    op.drop_table("site_last_visits")
    op.drop_table("site_visits")


def _site_visits() -> None:
    op.create_table(
        "site_visits",
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("tick_id", sa.String(), nullable=False),
        sa.Column("started_at", UTC_TIME, nullable=False),
        sa.Column("finished_at", UTC_TIME, nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("reason", sa.String()),
        sa.Column("pages", sa.Integer(), nullable=False),
        sa.Column("offers", sa.Integer(), nullable=False),
        sa.Column("bytes_received", sa.BigInteger(), nullable=False),
        sa.Column("latency_ms", sa.Integer()),
        sa.PrimaryKeyConstraint("tick_id", "site", name="pk_site_visits"),
    )


def _site_last_visits() -> None:
    op.create_table(
        "site_last_visits",
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("started_at", UTC_TIME, nullable=False),
        sa.PrimaryKeyConstraint("site", name="pk_site_last_visits"),
    )


def _offer_descriptions() -> None:
    op.create_table(
        "offer_descriptions",
        sa.Column("offer_key", sa.String(), nullable=False),
        sa.Column("description_id", sa.BigInteger(), nullable=False),
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("title", sa.String()),
        sa.Column("sku", sa.String()),
        sa.Column("gtin", sa.String()),
        sa.Column("mpn", sa.String()),
        sa.Column("brand", sa.String()),
        sa.Column("category", sa.String()),
        sa.PrimaryKeyConstraint("offer_key", "description_id", name="pk_offer_descriptions"),
    )


def _price_points() -> None:
    op.create_table(
        "price_points",
        sa.Column("scrape_id", sa.String(), nullable=False),
        sa.Column("offer_key", sa.String(), nullable=False),
        sa.Column("description_id", sa.BigInteger(), nullable=False),
        sa.Column("price_minor", sa.BigInteger(), nullable=False),
        sa.Column("shipping_minor", sa.BigInteger()),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("availability", sa.String()),
        sa.Column("condition", sa.String()),
        sa.Column("observed_at", UTC_TIME, nullable=False),
        sa.PrimaryKeyConstraint("scrape_id", name="pk_price_points"),
    )
    op.create_index("ix_price_points_observed_at", "price_points", ["observed_at"], unique=False)
    op.create_index("ix_price_points_offer_key_observed_at", "price_points", ["offer_key", "observed_at"], unique=False)


def _offers() -> None:
    op.create_table(
        "offers",
        sa.Column("offer_key", sa.String(), nullable=False),
        sa.Column("scrape_id", sa.String(), nullable=False),
        sa.Column("description_id", sa.BigInteger(), nullable=False),
        sa.Column("price_minor", sa.BigInteger(), nullable=False),
        sa.Column("shipping_minor", sa.BigInteger()),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("availability", sa.String()),
        sa.Column("condition", sa.String()),
        sa.Column("observed_at", UTC_TIME, nullable=False),
        sa.PrimaryKeyConstraint("offer_key", name="pk_offers"),
    )
    op.create_index("ix_offers_observed_at", "offers", ["observed_at"], unique=False)


def _quarantined_points() -> None:
    op.create_table(
        "quarantined_points",
        sa.Column("scrape_id", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("offer_key", sa.String(), nullable=False),
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("detail", sa.String()),
        sa.Column("observed_at", UTC_TIME, nullable=False),
        sa.PrimaryKeyConstraint("scrape_id", "reason", name="pk_quarantined_points"),
    )
    op.create_index("ix_quarantined_points_observed_at", "quarantined_points", ["observed_at"], unique=False)


def _reader_cursors() -> None:
    op.create_table(
        "reader_cursors",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("cursor", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_reader_cursors"),
    )


def _products() -> None:
    op.create_table(
        "products",
        sa.Column("product_id", sa.String(), nullable=False),
        sa.Column("gtin", sa.String()),
        sa.Column("brand", sa.String()),
        sa.Column("mpn", sa.String()),
        sa.Column("title", sa.String()),
        sa.Column("category", sa.String()),
        sa.Column("pack_quantity", sa.BigInteger()),
        sa.Column("created_at", UTC_TIME, nullable=False),
        sa.PrimaryKeyConstraint("product_id", name="pk_products"),
    )
    op.create_index("ix_products_gtin", "products", ["gtin"], unique=False)


def _offer_matches() -> None:
    op.create_table(
        "offer_matches",
        sa.Column("offer_key", sa.String(), nullable=False),
        sa.Column("product_id", sa.String()),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("score", sa.Float()),
        sa.Column("matched_at", UTC_TIME, nullable=False),
        sa.CheckConstraint(
            "(outcome = 'same') = (product_id IS NOT NULL)", name=op.f("ck_offer_matches_only_same_names_a_product")
        ),
        sa.CheckConstraint("outcome IN ('same', 'different', 'unsure')", name=op.f("ck_offer_matches_outcome_known")),
        sa.ForeignKeyConstraint(["product_id"], ["products.product_id"], name="fk_offer_matches_product_id"),
        sa.PrimaryKeyConstraint("offer_key", name="pk_offer_matches"),
    )
    op.create_index("ix_offer_matches_product_id", "offer_matches", ["product_id"], unique=False)


def _sold_prices() -> None:
    op.create_table(
        "sold_prices",
        sa.Column("sale_id", sa.String(), nullable=False),
        sa.Column("outlet", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("gtin", sa.String()),
        sa.Column("category", sa.String()),
        sa.Column("condition", sa.String()),
        sa.Column("price_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("sold_at", UTC_TIME, nullable=False),
        sa.Column("days_to_sell", sa.Float()),
        sa.PrimaryKeyConstraint("sale_id", name="pk_sold_prices"),
    )
    op.create_index("ix_sold_prices_outlet_sold_at", "sold_prices", ["outlet", "sold_at"], unique=False)
    op.create_index("ix_sold_prices_sold_at", "sold_prices", ["sold_at"], unique=False)


def _price_predictions() -> None:
    op.create_table(
        "price_predictions",
        sa.Column("product_id", sa.String(), nullable=False),
        sa.Column("condition", sa.String(), nullable=False),
        sa.Column("outlet", sa.String(), nullable=False),
        sa.Column("low_minor", sa.BigInteger()),
        sa.Column("middle_minor", sa.BigInteger()),
        sa.Column("high_minor", sa.BigInteger()),
        sa.Column("currency", sa.String(length=3)),
        sa.Column("days_to_sell", sa.Float()),
        sa.Column("sold_within_30_days", sa.Float()),
        sa.Column("model_version", sa.String(), nullable=False),
        sa.Column("predicted_at", UTC_TIME, nullable=False),
        sa.Column("abstained", sa.String()),
        sa.PrimaryKeyConstraint("product_id", "condition", "outlet", name="pk_price_predictions"),
    )
