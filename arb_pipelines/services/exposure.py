"""How much money is out: in approvals, open purchases, parcels and stock, by what it is in.

What belongs here: the sums, each over what the decision says of a purchase. Dividing what is left is
`domain/allocation.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime

from arb_pipelines.domain.allocation import scopes_of
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.opportunity import Opportunity
from arb_pipelines.domain.purchase import OPEN_STATES, Purchase, PurchaseState
from arb_pipelines.domain.stores import Books

Out = tuple[str, Money]  # the opportunity_id of the decision and the amount


def load_exposure(books: Books, currency: str, now: datetime) -> dict[str, int]:
    """Return minor units of `currency` that are out at `now`, by scope (`total`, `site:<key>`, `product:<id>` ...)."""
    exposed: Counter[str] = Counter()
    decisions: dict[str, Opportunity | None] = {}
    for opportunity_id, amount in _money_out(books, now):
        if amount.currency != currency:
            continue
        if opportunity_id not in decisions:
            decisions[opportunity_id] = books.opportunities.load_one(opportunity_id)
        for scope in _scopes(decisions[opportunity_id]):
            exposed[scope] += amount.minor
    return dict(exposed)


def _money_out(books: Books, now: datetime) -> Iterator[Out]:
    for approval in books.approvals.load_usable(now):
        yield approval.opportunity_id, approval.ceiling * approval.quantity
    for purchase in books.purchases.load(sorted(OPEN_STATES)):
        yield purchase.opportunity_id, purchase.reserved
    bought = {purchase.purchase_id: purchase for purchase in books.purchases.load([PurchaseState.BOUGHT])}
    lots = books.inventory.load()
    yield from _not_in_stock(bought.values(), {lot.purchase_id for lot in lots})
    for lot in lots:
        paid = bought.get(lot.purchase_id)
        if lot.on_hand:
            yield paid.opportunity_id if paid else "", lot.unit_cost * lot.on_hand


def _not_in_stock(bought: Iterable[Purchase], received: Collection[str]) -> Iterator[Out]:
    """What is on its way, and what arrived and is not taken into stock yet (or cannot be)."""
    for purchase in bought:
        if purchase.purchase_id not in received and purchase.total is not None:
            yield purchase.opportunity_id, purchase.total


def _scopes(decision: Opportunity | None) -> Iterable[str]:
    """Money whose decision is not known counts in the total alone."""
    if decision is None:
        return ("total",)
    one = decision
    return scopes_of(one.site, one.product_id, one.outlet, one.brand, one.category).values()
