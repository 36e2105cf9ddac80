"""Approved opportunities for what the sandbox's shops have in stock, each with its reading in the price history.

What belongs here: the rows that exist before the first round.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
from sqlalchemy import insert

from arb_pipelines.adapters.sql.books import SqlBooks
from arb_pipelines.adapters.sql.purchase_tables import approvals
from arb_pipelines.transforms.product_matching import PRODUCT_SCHEMA
from arb_pipelines_tests.contracts.trade_records import approval, opportunity, points, usd

MODEL = "model-7"


def seed_books(books: SqlBooks, market_url: str, offers: Sequence[Mapping[str, Any]]) -> int:
    """Store and approve one opportunity an offer; return the sum of the ceilings in cents."""
    now = datetime.now(UTC)
    product = dict.fromkeys(PRODUCT_SCHEMA) | {"product_id": "product-1", "title": "Kettle", "created_at": now}
    books.products.insert(pl.DataFrame([product], schema=PRODUCT_SCHEMA))
    found = [_opportunity(number, one, market_url, now) for number, one in enumerate(offers, 1)]
    readings = [
        {"scrape_id": one.scrape_id, "offer_key": one.offer_key, "site": one.site, "observed_at": one.observed_at}
        for one in found
    ]
    books.price_history.insert(points(*readings))
    books.opportunities.store(found, [])
    leaves = [
        approval(one, now, approval_id=f"ap-{one.opportunity_id}", ceiling=one.max_cost, expires_at=now + timedelta(1))
        for one in found
    ]
    insert_approvals(books, leaves)
    return sum(leave.ceiling.minor for leave in leaves)


def insert_approvals(books: SqlBooks, leaves: Sequence[Any]) -> None:
    """Insert approvals in one transaction: thousands by the repository would be as many waits for the disk."""
    names = [one.name for one in approvals.c if one.name != "currency" and not one.name.endswith("_minor")]
    rows = [
        {name: getattr(leave, name, None) for name in names}
        | {"ceiling_minor": leave.ceiling.minor, "currency": leave.ceiling.currency}
        for leave in leaves
    ]
    with books._engine.begin() as connection:
        connection.execute(insert(approvals), rows)


def _opportunity(number: int, offer: Mapping[str, Any], market_url: str, now: datetime) -> Any:
    total = int(offer["total_minor"])
    return opportunity(
        number,
        offer_key=f"{offer['site']}:{offer['sku']}",
        site=offer["site"],
        sku=offer["sku"],
        url=f"{market_url}/{offer['site']}/p/{offer['sku']}",
        title=offer["title"],
        outlet="sandbox",
        item_price=usd(total),
        landed_cost=usd(total),
        max_cost=usd(total + total // 20),
        model_version=MODEL,
        scrape_id=f"scrape-{number}",
        observed_at=now - timedelta(minutes=3),
        decided_at=now,
    )
