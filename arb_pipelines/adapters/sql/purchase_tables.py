"""Tables of deciding and buying: opportunities, approvals, purchases and the budgets that bound them.

What belongs here: table definitions, with the constraints that hold even when the code above them is wrong.
Money is whole minor units beside its currency.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
    text,
)

from arb_pipelines.adapters.sql.column_types import ExactDecimal, RowNumber, UtcTime
from arb_pipelines.adapters.sql.tables import metadata, one_of
from arb_pipelines.domain.purchase import OPEN_STATES, PurchaseState

# An offer with a purchase in one of these is not bought again. NOT_PLACED is among them: an order can still show
# up and is then adopted, so a second purchase would be a double one.
TAKEN_STATES = OPEN_STATES | {PurchaseState.BOUGHT, PurchaseState.NOT_PLACED}


opportunities = Table(
    "opportunities",
    metadata,
    Column("opportunity_id", String, primary_key=True),
    Column("offer_key", String, nullable=False),
    Column("site", String, nullable=False),
    Column("url", String, nullable=False),
    Column("sku", String),
    Column("title", String, nullable=False),
    Column("product_id", String, nullable=False),
    Column("condition", String, nullable=False),
    Column("outlet", String, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("item_price_minor", BigInteger, nullable=False),
    Column("landed_cost_minor", BigInteger, nullable=False),
    Column("expected_sale_minor", BigInteger, nullable=False),
    Column("expected_net_minor", BigInteger, nullable=False),
    Column("expected_profit_minor", BigInteger, nullable=False),
    Column("max_cost_minor", BigInteger, nullable=False),
    Column("roi", ExactDecimal, nullable=False),
    Column("days_to_sell", Float, nullable=False),
    Column("profit_per_day", ExactDecimal, nullable=False),
    Column("model_version", String, nullable=False),
    Column("scrape_id", String, nullable=False),
    Column("observed_at", UtcTime, nullable=False),
    Column("decided_at", UtcTime, nullable=False),
    Column("record", JSON, nullable=False),
    Column("brand", String),
    Column("category", String),
    Column("horizon_days", Integer),
    Column("sold_within_horizon", Float),
    Column("risk_flags", JSON),
    # What pages are sorted by; a float, because it is compared and never paid.
    Column("profit_per_dollar_day", Float, nullable=False, server_default="0"),
    Index(None, "offer_key", "decided_at"),
    Index(None, "profit_per_dollar_day", "opportunity_id"),
    Index(None, "site", "profit_per_dollar_day", "opportunity_id"),
    Index(None, "category", "profit_per_dollar_day", "opportunity_id"),
    Index(None, "expected_profit_minor", "opportunity_id"),
    Index(None, "decided_at", "opportunity_id"),
)

# One row an offer and reason: thousands of offers are refused every ten minutes for the reason of last time.
refused_offers = Table(
    "refused_offers",
    metadata,
    Column("offer_key", String, nullable=False),
    Column("code", String, nullable=False),
    Column("detail", String, nullable=False),
    Column("first_decided_at", UtcTime, nullable=False),
    Column("decided_at", UtcTime, nullable=False),
    Column("times", BigInteger, nullable=False),
    PrimaryKeyConstraint("offer_key", "code"),
)

approvals = Table(
    "approvals",
    metadata,
    Column("approval_id", String, primary_key=True),
    Column("opportunity_id", String, ForeignKey("opportunities.opportunity_id"), nullable=False, unique=True),
    Column("offer_key", String, nullable=False, index=True),
    Column("site", String, nullable=False),
    Column("url", String, nullable=False),
    Column("sku", String),
    Column("product_id", String, nullable=False),
    Column("condition", String, nullable=False),
    Column("title", String, nullable=False),
    Column("ceiling_minor", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("approved_by", String, nullable=False),
    Column("approved_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False, index=True),
    Column("used_at", UtcTime),
    # What one person could approve alone when it was given; null where no such amount was set.
    Column("two_person_above_minor", BigInteger),
    CheckConstraint("quantity > 0 AND ceiling_minor > 0", name="something_is_approved"),
)

purchases = Table(
    "purchases",
    metadata,
    Column("purchase_id", String, primary_key=True),
    Column("approval_id", String, ForeignKey("approvals.approval_id"), nullable=False, unique=True),
    Column("opportunity_id", String, ForeignKey("opportunities.opportunity_id"), nullable=False),
    Column("offer_key", String, nullable=False),
    Column("site", String, nullable=False),
    Column("url", String, nullable=False),
    Column("sku", String),
    Column("product_id", String, nullable=False),
    Column("condition", String, nullable=False),
    Column("title", String, nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("reserved_minor", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    # What counts against the limits: the reservation while open, what was paid once bought, else nothing.
    Column("committed_minor", BigInteger, nullable=False),
    # The time of the claiming transaction: rolling windows go by it, whatever the caller wrote into claimed_at.
    Column("reserved_at", UtcTime, nullable=False, index=True),
    Column("state", String, nullable=False),
    Column("claimed_at", UtcTime, nullable=False),
    Column("changed_at", UtcTime, nullable=False),
    Column("shop_order_id", String),
    Column("total_minor", BigInteger),
    Column("reason", String),
    Column("delivered_at", UtcTime),
    # Of a bid only: until when it stands, which auctions it competes with, how many of them may be won, the most that
    # was told.
    Column("auction_ends_at", UtcTime),
    Column("bid_group", String),
    Column("bid_minor", BigInteger),
    Column("bid_wanted", Integer),
    CheckConstraint(one_of("state", PurchaseState), name="state_known"),
    CheckConstraint("quantity > 0 AND reserved_minor > 0 AND committed_minor >= 0", name="amounts"),
    CheckConstraint("state <> 'bought' OR total_minor IS NOT NULL", name="bought_has_a_total"),
    Index("uq_purchases_shop_order", "site", "shop_order_id", unique=True),
    Index(
        "uq_purchases_taken_offer",
        "offer_key",
        unique=True,
        sqlite_where=text(one_of("state", TAKEN_STATES)),
        postgresql_where=text(one_of("state", TAKEN_STATES)),
    ),
    Index(None, "site", "reserved_at"),
    Index(None, "product_id", "reserved_at"),
    Index(None, "state"),
)

purchase_events = Table(
    "purchase_events",
    metadata,
    Column("event_id", RowNumber, primary_key=True, autoincrement=True),
    Column("purchase_id", String, ForeignKey("purchases.purchase_id"), nullable=False, index=True),
    Column("old_state", String),
    Column("state", String, nullable=False),
    Column("reason", String),
    Column("at", UtcTime, nullable=False),
)

# One row a scope, window and currency, as the last claim left it: locked by every claim that it binds.
budgets = Table(
    "budgets",
    metadata,
    Column("budget_key", String, primary_key=True),
    Column("scope", String, nullable=False),
    Column("window_s", BigInteger),
    Column("currency", String(3), nullable=False),
    Column("limit_minor", BigInteger, nullable=False),
    Column("used_minor", BigInteger, nullable=False),
    Column("window_start_at", UtcTime),
    Column("changed_at", UtcTime, nullable=False),
    CheckConstraint("used_minor >= 0 AND used_minor <= limit_minor", name="used_within_limit"),
)
