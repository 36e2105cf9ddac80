"""What must always hold between our books and what they stand on: readings, postings, the shops' own histories.

What belongs here: invariants that compare the books with evidence from outside the trade's own tables. They read
only. The others are `invariants.py`, which runs these too, except I8: that one needs the orders as the shops tell them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Select, exists, select

from arb_pipelines.adapters.sql.book_tables import ledger_transactions
from arb_pipelines.adapters.sql.purchase_tables import opportunities, purchases
from arb_pipelines.adapters.sql.sale_tables import orders
from arb_pipelines.adapters.sql.tables import price_points
from arb_pipelines.domain.purchase import PlacedOrder, PurchaseState

I8 = "I8_shop_order_has_a_purchase"


def evidence_queries() -> dict[str, Select[Any]]:
    """Return the invariants that the database alone can answer, each as a query for what breaks it."""
    return {
        "I3_bought_is_posted": _bought_but_not_posted(),
        "I4_scrape_is_in_the_history": _without_reading(),
        "I6_order_is_posted": _sold_but_not_posted(),
    }


def unknown_orders(connection: Connection, seen: Iterable[tuple[str, PlacedOrder]]) -> list[str]:
    """Return the shop order ids (I8) that a shop shows and no purchase of ours explains.

    Args:
        connection: to the books.
        seen: (site, order) pairs of the shops' histories. An order counts as explained by a purchase that holds its
            id, or whose id is the reference it carries; one that was just placed is the latter until it is settled.
    """
    ids = select(purchases.c.site, purchases.c.shop_order_id, purchases.c.purchase_id)
    rows = connection.execute(ids).all()
    by_order = {(row.site, row.shop_order_id) for row in rows}
    by_reference = {(row.site, row.purchase_id) for row in rows}
    return [
        order.shop_order_id
        for site, order in seen
        if (site, order.shop_order_id) not in by_order and (site, order.reference) not in by_reference
    ]


def _without_reading() -> Select[Any]:
    """Books that hold a price history must hold the very reading that each purchase was decided on."""
    reading = exists().where(
        price_points.c.scrape_id == opportunities.c.scrape_id, price_points.c.offer_key == purchases.c.offer_key
    )
    joined = purchases.join(opportunities, opportunities.c.opportunity_id == purchases.c.opportunity_id)
    has_history = exists(select(price_points.c.scrape_id).limit(1))
    return select(purchases.c.purchase_id).select_from(joined).where(has_history, ~reading)


def _bought_but_not_posted() -> Select[Any]:
    posted = exists().where(ledger_transactions.c.transaction_id == "bought:" + purchases.c.purchase_id)
    bought = purchases.c.state == PurchaseState.BOUGHT.value
    return select(purchases.c.purchase_id).where(bought != posted)


def _sold_but_not_posted() -> Select[Any]:
    posted = exists().where(ledger_transactions.c.transaction_id == "sale:" + orders.c.order_id)
    return select(orders.c.order_id).where(~posted)
