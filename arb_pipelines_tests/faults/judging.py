"""The books against what really happened at the shops and at the outlet.

What belongs here: counting each kind of violation; a count of 0 everywhere is the claim under test.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import text

from arb_pipelines.adapters.sql.books import SqlBooks
from arb_pipelines.domain.listing import ListingState
from arb_pipelines.domain.purchase import OPEN_STATES, PurchaseState

UNTRACED = """
    SELECT count(*) FROM purchases p
    LEFT JOIN opportunities o ON o.opportunity_id = p.opportunity_id
    LEFT JOIN price_points s ON s.scrape_id = o.scrape_id AND s.offer_key = p.offer_key
    WHERE s.scrape_id IS NULL OR o.model_version = '' OR o.model_version IS NULL
"""


@dataclass(slots=True)
class Verdict:
    """How many orders there were, and every violation by kind."""

    orders: int = 0
    double_purchases: int = 0
    lost_purchases: int = 0  # at a shop, but not bought in our books
    imagined_purchases: int = 0  # bought in our books, but at no shop
    spent_over_limit_minor: int = 0
    left_open: int = 0
    book_differs_minor: int = 0  # between what the shops charged and what the books hold as bought
    untraced_purchases: int = 0
    listings: int = 0
    units_listed_twice: int = 0
    untracked_listings: int = 0  # live at the outlet and not active in our books, or the other way round
    untracked: dict[str, list[str]] = field(default_factory=dict)  # their SKUs: at the outlet, and states in our books
    broken_invariants: dict[str, int] = field(default_factory=dict)

    def violations(self) -> dict[str, Any]:
        """Return what is not zero of what must be zero."""
        fields = {
            name: value for name, value in asdict(self).items() if name not in ("orders", "listings", "untracked")
        }
        return {name: value for name, value in fields.items() if value}


def judge(books: SqlBooks, truth: Mapping[str, Any], limit_minor: int) -> Verdict:
    """Compare the books with the truth of the marketplace process."""
    orders = truth["orders"]
    items = Counter((one["site"], one["sku"]) for one in orders)
    purchases = books.purchases.load()
    bought = [one for one in purchases if one.state is PurchaseState.BOUGHT]
    at_shops = {one["order_id"] for one in orders}
    in_books = {one.shop_order_id for one in bought}
    spent = sum(one["total_minor"] for one in orders)
    booked = sum(one.total.minor for one in bought if one.total is not None)
    balances = books.ledger.balances()
    cash, stock = (balances.get((account, "USD"), 0) for account in ("cash", "inventory"))
    active = {one.sku for one in books.listings.load((ListingState.ACTIVE,))}
    live = [one["sku"] for one in truth["listings"]]
    units = Counter(_lot_sku(sku) for sku in live)
    with books._engine.connect() as connection:
        untraced = connection.scalar(text(UNTRACED)) or 0
    return Verdict(
        orders=len(orders),
        double_purchases=sum(items.values()) - len(items),
        lost_purchases=len(at_shops - in_books),
        imagined_purchases=len(in_books - at_shops),
        spent_over_limit_minor=max(0, spent - limit_minor),
        left_open=sum(one.state in OPEN_STATES for one in purchases),
        book_differs_minor=max(abs(spent - booked), abs(spent - stock), abs(spent + cash)),
        untraced_purchases=untraced,
        listings=len(live),
        units_listed_twice=sum(units.values()) - len(units),
        untracked_listings=len(set(live) ^ active),
        untracked={sku: _said_of(sku, live, books) for sku in set(live) ^ active},
        broken_invariants=books.broken_invariants(),
    )


def _said_of(sku: str, live: Sequence[str], books: SqlBooks) -> list[str]:
    states = [one.state.value for one in books.listings.load() if one.sku == sku]
    return ["live" if sku in live else "not live", *states]


def _lot_sku(sku: str) -> str:
    """Return our SKU of a lot; the listing baseline adds a word of its own to it."""
    return "-".join(sku.split("-")[:2])
