"""The terms of every simulated company: its sites, products, limits, policy, and which steps write.

What belongs here: constants, and what is read once.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from functools import cache

import polars as pl

from arb_pipelines.domain.approval import ApprovalPolicy
from arb_pipelines.domain.fees import FeeSchedules, load_schedules
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.outlet import OutletTerms
from arb_pipelines.domain.spend_limit import SpendLimit
from arb_pipelines.services import listing_drafts
from arb_pipelines.transforms.product_matching import PRODUCT_SCHEMA
from arb_pipelines_tests.simulation.weather import DAY_S, HOUR_S

SITES = ("shop-1", "shop-2")
PRODUCTS = 6
JUMPS_S = (HOUR_S, -HOUR_S, DAY_S, -DAY_S)
DAY = timedelta(days=1)
JOBS = (
    "approve", "approve", "buy", "buy", "buy", "reconcile", "reconcile", "receive", "list", "reprice",
    "import", "import", "ship",
)  # fmt: skip
SETTLING = ("reconcile", "receive", "import", "ship")


def usd(minor: int) -> Money:
    """Return cents of a dollar."""
    return Money(minor, "USD")


LIMITS = (
    SpendLimit("total", usd(12_000), DAY),
    SpendLimit("site:*", usd(8_000), DAY),
    SpendLimit("product:*", usd(12_000), None),
    SpendLimit("order", usd(8_000), None),
    SpendLimit("total", usd(40_000), None),
)
POLICY = ApprovalPolicy("simulated", usd(3_500), 10, timedelta(minutes=45))
TERMS = OutletTerms(other_category="most")
RULES = listing_drafts.ListingRules(TERMS, min_roi=Decimal("0.10"))
WRITES = frozenset(
    {
        "purchases.claim", "purchases.advance", "purchases.mark_delivered", "inventory.receive", "listings.insert",
        "listings.advance", "listings.store_price", "orders.import_order", "orders.mark_shipped", "outlet.list_item",
        "outlet.update_price", "outlet.confirm_shipment", "settlements.settle_fee",
    }
)  # fmt: skip


@cache
def schedules() -> FeeSchedules:
    """Return the fee schedules, read once."""
    return load_schedules()


@cache
def products() -> pl.DataFrame:
    """Return the known products, made once."""
    rows = [{"product_id": f"product-{n}", "title": f"Thing {n}", "category": "Kitchen"} for n in range(PRODUCTS)]
    return pl.DataFrame(rows, schema=PRODUCT_SCHEMA)
