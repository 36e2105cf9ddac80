"""What must always hold in the books in memory, under the names of `adapters/sql/invariants.py`.

What belongs here: the numbered invariants over dicts, fast enough to be asked after every step of the simulator.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from arb_pipelines.domain.listing import ListingState
from arb_pipelines.domain.order import OrderState
from arb_pipelines.domain.purchase import OPEN_STATES, PurchaseState
from arb_pipelines_tests.fakes.buying_books import TAKEN_STATES

if TYPE_CHECKING:
    from arb_pipelines_tests.fakes.books import InMemoryBooks

STUCK_AFTER = timedelta(hours=25)
UNSETTLED = (PurchaseState.SUBMITTING, PurchaseState.UNCERTAIN)
OPEN_LISTINGS = (ListingState.PENDING, ListingState.ACTIVE)


def broken_rules(books: InMemoryBooks, now: datetime | None) -> dict[str, int]:
    """Return how often each invariant is broken; those that hold are left out."""
    found = Counter[str]()
    _judge_purchases(books, now, found)
    _judge_money(books, found)
    _judge_stock(books, found)
    return {name: count for name, count in found.items() if count}


def broken_money(books: InMemoryBooks) -> dict[str, int]:
    """Return where the ledger differs from the purchases and sales: cheap enough to ask after every write."""
    found = Counter[str]()
    _judge_money(books, found)
    return {name: count for name, count in found.items() if count}


def _judge_purchases(books: InMemoryBooks, now: datetime | None, found: Counter[str]) -> None:
    rows = books.purchases.rows.values()
    taken = [p.offer_key for p in rows if p.state in TAKEN_STATES]
    found["I1_one_purchase_an_offer"] += len(taken) - len(set(taken))
    orders = [(p.site, p.shop_order_id) for p in rows if p.shop_order_id is not None]
    found["I1_one_purchase_a_shop_order"] += len(orders) - len(set(orders))
    for p in rows:
        leave = books.approvals.rows.get(p.approval_id)
        # Plain tests, no Counter arithmetic: this loop is most of what a simulated day costs.
        used = leave is not None and leave.used_at is not None and leave.used_at < leave.expires_at
        bound = leave is not None and p.reserved.minor <= leave.ceiling.minor * p.quantity
        if leave is None or not used or not bound or p.quantity > leave.quantity:
            found["I10_approval_bound_and_used_once"] += 1
        basis = books.opportunities.found.get(p.opportunity_id)
        if basis is None or not (basis.scrape_id and basis.model_version):
            found["I4_purchase_has_evidence"] += 1
        if now is not None and p.state in UNSETTLED and p.changed_at < now - STUCK_AFTER:
            found["I7_nothing_stuck"] += 1
    alone = sum(books.approvals.lacks_second_person(one) for one in books.approvals.rows.values())
    found["I10_two_people_above_the_amount"] += alone
    approvals = Counter(p.approval_id for p in rows)
    found["I10_approval_bound_and_used_once"] += sum(count - 1 for count in approvals.values())
    spent = [leave.approval_id for leave in books.approvals.rows.values() if leave.used_at is not None]
    found["I10_used_approval_has_a_purchase"] += sum(one not in approvals for one in spent)


def _judge_money(books: InMemoryBooks, found: Counter[str]) -> None:
    reserved, stock = Counter[str](), Counter[str]()
    for p in books.purchases.rows.values():
        if p.state in OPEN_STATES:
            reserved[p.reserved.currency] += p.reserved.minor
        elif p.total is not None and p.state is PurchaseState.BOUGHT:
            stock[p.reserved.currency] += p.total.minor
    for order in books.orders.rows.values():
        stock[order.cost_of_goods.currency] -= order.cost_of_goods.minor
    balances = books.ledger.balances()
    sums = Counter[str]()
    for (account, currency), minor in balances.items():
        sums[currency] += minor
        found["I3_reserved_is_open_purchases"] += account == "reserved" and minor != reserved[currency]
        found["I3_inventory_is_bought_less_sold"] += account == "inventory" and minor != stock[currency]
    found["I3_transactions_balance"] += sum(minor != 0 for minor in sums.values())
    found["I3_reserved_is_open_purchases"] += sum(
        minor != 0 and ("reserved", currency) not in balances for currency, minor in reserved.items()
    )


def _judge_stock(books: InMemoryBooks, found: Counter[str]) -> None:
    lots = books.inventory.rows
    on_hand, sold = Counter[str](), books.orders.taken
    for lot in lots.values():
        on_hand[lot.sku] += lot.on_hand
        found["I6_units_leave_once"] += lot.received - lot.on_hand != sold[lot.lot_id] or lot.on_hand < 0
    offered = [one for one in books.listings.rows.values() if one.state in OPEN_LISTINGS]
    listings = Counter(one.sku for one in offered)
    for one in offered:
        found["I5_listed_units_are_owned"] += listings[one.sku] > 1 or one.quantity > on_hand[one.sku]
        lot = lots.get(one.lot_id)
        inside = 0 < one.floor.minor <= one.price.minor <= one.ceiling.minor
        covers = lot is None or lot.unit_cost.currency != one.floor.currency or one.floor >= lot.unit_cost
        found["I9_price_within_bounds"] += not (inside and covers)
    for order in books.orders.rows.values():
        half = (order.tracking_number is None) != (order.shipped_at is None)
        found["I6_shipped_once"] += half or (order.state is OrderState.NEW and order.shipped_at is not None)
