"""What the reports of the trade are made of, loaded once.

What belongs here: reading the books into plain values. What is made of them is one module a report.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

from arb_pipelines.domain.inventory import InventoryLot
from arb_pipelines.domain.listing import Listing
from arb_pipelines.domain.opportunity import Opportunity
from arb_pipelines.domain.order import Order
from arb_pipelines.domain.return_case import ReturnCase
from arb_pipelines.domain.stores import Books

DAY = timedelta(days=1)
MOST_DECISIONS = 2_000  # each costs one look into the books


@dataclass(frozen=True)
class TradeData:
    """The books as the reports need them: everything in one currency.

    `days_a_day` is how many selling days pass in one calendar day. `decisions` holds what the newest sold or held lots
    were bought on, by opportunity id; `bought_on` that id by SKU. `left_out` counts orders in other currencies.
    """

    currency: str
    now: datetime
    orders: Sequence[Order] = ()
    returns: Sequence[ReturnCase] = ()
    listings: Sequence[Listing] = ()
    lots: Sequence[InventoryLot] = ()
    balances: Mapping[tuple[str, str], int] = field(default_factory=dict)
    decisions: Mapping[str, Opportunity] = field(default_factory=dict)
    bought_on: Mapping[str, str] = field(default_factory=dict)
    left_out: int = 0
    days_a_day: float = 1.0

    @cached_property
    def returns_of(self) -> dict[str, list[ReturnCase]]:
        """Return the returns by order id."""
        found: dict[str, list[ReturnCase]] = defaultdict(list)
        for case in self.returns:
            found[case.order_id].append(case)
        return found

    def days_to_sell(self, order: Order) -> float | None:
        """Return the selling days from the listing to the order; None where no listing is known."""
        listed = [at for at in self._listed_at.get(order.sku, ()) if at <= order.ordered_at]
        if not listed:
            return None
        return (order.ordered_at - max(listed)) / DAY * self.days_a_day

    @cached_property
    def _listed_at(self) -> dict[str, list[datetime]]:
        found: dict[str, list[datetime]] = defaultdict(list)
        for listing in self.listings:
            found[listing.sku].append(listing.listed_at)
        return found

    def titles(self) -> dict[str, str]:
        """Return a title for each product, the newest."""
        found = {lot.product_id: lot.title for lot in self.lots}
        return found | {listing.product_id: listing.title for listing in self.listings}


def load_trade_data(books: Books, currency: str, now: datetime, *, days_a_day: float = 1.0) -> TradeData:
    """Read the books; what is in another currency is counted and left out.

    Args:
        books: our books.
        currency: of the reports.
        now: aware UTC.
        days_a_day: selling days in one calendar day (the sandbox world runs faster).
    """
    all_orders = books.orders.load()
    orders = [order for order in all_orders if order.revenue.currency == currency]
    ours = {order.order_id for order in orders}
    lots = [lot for lot in books.inventory.load() if lot.unit_cost.currency == currency]
    decided = {purchase.purchase_id: purchase.opportunity_id for purchase in books.purchases.load()}
    listings = books.listings.load()
    # A lot that was offered again has a new SKU; what it sold before is known by its listings.
    purchase_of = {lot.lot_id: lot.purchase_id for lot in lots}
    skus = [
        *((one.sku, purchase_of.get(one.lot_id)) for one in listings),
        *((lot.sku, lot.purchase_id) for lot in lots),
    ]
    bought_on = {sku: decided[purchase_id] for sku, purchase_id in skus if purchase_id and purchase_id in decided}
    decisions = {}
    for opportunity_id in dict.fromkeys(reversed(list(bought_on.values())[-MOST_DECISIONS:])):
        decision = books.opportunities.load_one(opportunity_id)
        if decision is not None and decision.expected_profit.currency == currency:
            decisions[opportunity_id] = decision
    return TradeData(
        currency=currency,
        now=now,
        orders=orders,
        returns=[case for case in books.returns.load() if case.order_id in ours],
        listings=listings,
        lots=lots,
        balances=books.ledger.balances(),
        decisions=decisions,
        bought_on=bought_on,
        left_out=len(all_orders) - len(orders),
        days_a_day=days_a_day,
    )
