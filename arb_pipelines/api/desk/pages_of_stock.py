"""What the pages about what we own show: positions, listings, money.

What belongs here: from the books to the values of a template.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from arb_pipelines.api.desk.charts_of_trade import chart_ageing, chart_daily_profit, chart_profit_so_far
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.purchase import OPEN_STATES
from arb_pipelines.domain.stores import Books

MOST_ROWS = 300


def positions_page(books: Books, currency: str, now: datetime) -> dict[str, Any]:
    """Return open purchases, stock on hand and its age."""
    lots = [lot for lot in books.inventory.load() if lot.on_hand]
    ours = [lot for lot in lots if lot.unit_cost.currency == currency]
    under_way = books.purchases.load(sorted(OPEN_STATES))
    reserved = sum(one.reserved.minor for one in under_way if one.reserved.currency == currency)
    tiles = [
        ("units on hand", sum(lot.on_hand for lot in lots)),
        ("their cost", Money(sum(lot.unit_cost.minor * lot.on_hand for lot in ours), currency)),
        ("reserved for open purchases", Money(reserved, currency)),
        ("on the way", len(books.purchases.load_in_transit())),
    ]
    oldest_first = sorted(lots, key=lambda lot: (lot.received_at, lot.lot_id))[:MOST_ROWS]
    return {
        "tiles": tiles,
        "ageing": chart_ageing(ours, currency, now),
        "open_purchases": sorted(under_way, key=lambda one: one.changed_at)[:MOST_ROWS],
        "lots": oldest_first,
    }


def listings_page(books: Books) -> dict[str, Any]:
    """Return the newest listings and how many there are in each state."""
    rows = sorted(books.listings.load(), key=lambda one: one.listed_at, reverse=True)
    return {"rows": rows[:MOST_ROWS], "states": sorted(Counter(one.state.value for one in rows).items())}


def money_page(books: Books, currency: str) -> dict[str, Any]:
    """Return profit and loss by day with its totals, held against the ledger."""
    from arb_pipelines.reports.profit_and_loss import build_daily, summarise

    orders = books.orders.load()
    returned = books.returns.load()
    daily = build_daily(orders, currency, returned)
    totals = summarise(orders, books.ledger.balances(), currency, returned)
    tiles = [
        ("profit", totals.profit),
        ("revenue", totals.revenue),
        ("fees", totals.fees),
        ("cost of goods", totals.cost_of_goods),
        ("orders", totals.orders),
        ("with a fee still estimated", totals.estimated_fees),
    ]
    return {
        "tiles": tiles,
        "difference": totals.ledger_difference if totals.ledger_difference.minor else None,
        "daily": chart_daily_profit(daily, currency),
        "total": chart_profit_so_far(daily, currency),
    }
