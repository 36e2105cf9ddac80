"""What must always hold in the books in memory, under the names of `adapters/sql/invariants.py`.

What belongs here: the numbered invariants over dicts, fast enough to be asked after every step of the simulator.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from arb_pipelines.domain.listing import Listing, ListingState
from arb_pipelines.domain.order import IN_HOUSE
from arb_pipelines.domain.purchase import HELD_STATES, OPEN_STATES, PurchaseState
from arb_pipelines.domain.return_case import ReturnState
from arb_pipelines_tests.fakes.buying_books import TAKEN_STATES

if TYPE_CHECKING:
    from arb_pipelines_tests.fakes.books import InMemoryBooks

STUCK_AFTER = timedelta(hours=25)
UNSETTLED = (PurchaseState.SUBMITTING, PurchaseState.UNCERTAIN)
OPEN_LISTINGS = (ListingState.PENDING, ListingState.ACTIVE, ListingState.ENDING)


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
    bids = Counter(p.bid_group for p in rows if p.bid_group is not None and p.state in HELD_STATES)
    wanted = {p.bid_group: p.bid_wanted or 0 for p in rows if p.bid_group is not None}
    found["I1_bids_within_their_group"] += sum(count > wanted[group] for group, count in bids.items())
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
        if now is not None and p.state in UNSETTLED and p.waiting_since() < now - STUCK_AFTER:
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
    fees, refunds = Counter[str](), Counter[str]()
    for order in books.orders.rows.values():
        stock[order.cost_of_goods.currency] -= order.cost_of_goods.minor
        fees[order.fee.currency] += order.fee.minor
    for case in books.returns.rows.values():
        stock[case.cost.currency] += case.cost.minor if case.state is ReturnState.RESTOCKED else 0
        refunds[case.cost.currency] += case.refund.minor if case.refund else 0
        fees[case.cost.currency] -= case.fee_back.minor if case.fee_back else 0
    balances = books.ledger.balances()
    for currency in {currency for _, currency in balances}:
        found["I3_fees_are_booked"] += balances.get(("selling_fees", currency), 0) != fees[currency]
        found["I3_refunds_are_booked"] += balances.get(("refunds", currency), 0) != refunds[currency]
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
    by_sku: dict[str, list[Listing]] = {}
    for one in offered:
        by_sku.setdefault(one.sku, []).append(one)
    for sku, several in by_sku.items():
        shared = all(one.shared_buffer for one in several)
        found["I5_one_outlet_a_unit"] += len(several) > 1 and not shared
        shown = max((one.quantity + (one.shared_buffer or 0) for one in several if one.quantity), default=0)
        together = 0 if shared else sum(one.quantity for one in several)
        found["I5_listed_units_are_owned"] += max(shown, together) > on_hand[sku]
    for one in offered:
        lot = lots.get(one.lot_id)
        inside = 0 < one.floor.minor <= one.price.minor <= one.ceiling.minor
        covers = lot is None or lot.unit_cost.currency != one.floor.currency or one.floor >= lot.unit_cost
        found["I9_price_within_bounds"] += not (inside and covers)
        basis = one.floor_basis
        rests = basis is not None and one.floor >= basis.total and basis.margin.minor >= 0
        paid = lot is None or basis is None or lot.unit_cost.currency != basis.cost.currency
        found["I9_floor_covers_cost_fees_margin"] += not (rests and (paid or basis.cost >= lot.unit_cost))
    for order in books.orders.rows.values():
        half = (order.tracking_number is None) != (order.shipped_at is None)
        found["I6_shipped_once"] += half or (order.state in IN_HOUSE and order.shipped_at is not None)
    _judge_returns(books, found)


def _judge_returns(books: InMemoryBooks, found: Counter[str]) -> None:
    units, refunded = Counter[str](), Counter[str]()
    for case in books.returns.rows.values():
        units[case.order_id] += 0 if case.state is ReturnState.CLOSED else case.units
        refunded[case.order_id] += case.refund.minor if case.refund else 0
        happened = {
            "restock": case.state is ReturnState.RESTOCKED,
            "write-off": case.state is ReturnState.WRITTEN_OFF,
            "refund": case.refunded_at is not None,
        }
        for kind, done in happened.items():
            found["I6_return_is_posted"] += done != (f"{kind}:{case.return_id}" in books.ledger.transactions)
    for order_id in units:
        order = books.orders.rows[order_id]
        found["I6_returned_units_were_sold"] += units[order_id] > order.quantity
        found["I3_refund_within_paid"] += refunded[order_id] > order.revenue.minor
