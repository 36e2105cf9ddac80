"""Contract I: the books stay whole through any walk, and each invariant fires when it is broken."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from arb_pipelines.adapters.sql.books import SqlBooks
from arb_pipelines.adapters.sql.engine import build_engine
from arb_pipelines.domain.inventory import OutOfStockError
from arb_pipelines.domain.listing import ListingState
from arb_pipelines.domain.purchase import TRANSITIONS, PurchaseState
from arb_pipelines.domain.return_case import TRANSITIONS as RETURN_STEPS
from arb_pipelines.domain.return_case import ReturnRefusedError, ReturnState
from arb_pipelines.domain.settlement import Again
from arb_pipelines.domain.spend_limit import Action, ActionState, SpendLimit
from arb_pipelines_tests.contracts.trade_records import (
    CLAIMED,
    SUBMITTING,
    UNCERTAIN,
    approval,
    approve,
    claim,
    listing,
    lot,
    offer_for_sale,
    opportunity,
    outlet_order,
    purchase,
    step,
    usd,
)
from arb_pipelines_tests.fakes.clock import START, SettableClock

REQUESTED, RECEIVED, RESTOCKED = ReturnState.REQUESTED, ReturnState.RECEIVED, ReturnState.RESTOCKED
# PostgreSQL; on SQLite a pragma turns the checks off.
UNCHECKED = "ALTER TABLE listings DROP CONSTRAINT ck_listings_price_within_bounds"
VIOLATIONS: dict[str, Sequence[str]] = {
    "I1_one_purchase_an_offer": (
        "DROP INDEX uq_purchases_taken_offer",
        "UPDATE purchases SET offer_key = 'offer-1'",
    ),
    "I1_one_purchase_a_shop_order": (
        "DROP INDEX uq_purchases_shop_order",
        "UPDATE purchases SET shop_order_id = 'one'",
    ),
    "I1_bids_within_their_group": ("UPDATE purchases SET bid_group = 'g', bid_wanted = 1",),
    "I2_spent_within_limit": ("UPDATE purchases SET committed_minor = 1000001 WHERE state = 'claimed'",),
    "I3_transactions_balance": ("UPDATE ledger_entries SET amount_minor = amount_minor + 1 WHERE line = 0",),
    "I3_reserved_is_open_purchases": ("UPDATE purchases SET reserved_minor = 2499 WHERE state = 'claimed'",),
    "I3_inventory_is_bought_less_sold": ("UPDATE purchases SET total_minor = 1 WHERE state = 'bought'",),
    "I4_purchase_has_evidence": ("UPDATE opportunities SET scrape_id = ''",),
    "I5_listed_units_are_owned": ("UPDATE listings SET quantity = 99 WHERE state = 'active'",),
    "I5_one_outlet_a_unit": ("UPDATE listings SET sku = 'one', state = 'active', outlet = listing_id",),
    "I3_fees_are_booked": ("UPDATE orders SET fee_minor = fee_minor + 1",),
    "I3_refunds_are_booked": ("UPDATE order_returns SET refund_minor = refund_minor + 1",),
    "I3_refund_within_paid": ("UPDATE order_returns SET refund_minor = 999999",),
    "I6_returned_units_were_sold": ("UPDATE order_returns SET units = 2",),
    "I6_return_is_posted": (
        "DELETE FROM ledger_entries WHERE transaction_id LIKE 'restock:%'",
        "DELETE FROM ledger_transactions WHERE transaction_id LIKE 'restock:%'",
    ),
    "I6_units_leave_once": ("UPDATE order_lots SET units = units + 1",),
    "I6_shipped_once": ("UPDATE orders SET tracking_number = NULL",),
    "I7_nothing_stuck": ("UPDATE purchases SET state = 'uncertain', changed_at = claimed_at WHERE state = 'claimed'",),
    "I9_price_within_bounds": (UNCHECKED, "UPDATE listings SET price_minor = 1"),
    "I9_floor_covers_cost_fees_margin": ("UPDATE listings SET floor_fees_minor = floor_fees_minor + 1000",),
    "I10_approval_bound_and_used_once": ("UPDATE approvals SET used_at = NULL",),
    "I10_used_approval_has_a_purchase": ("UPDATE approvals SET used_at = approved_at",),
    "I10_two_people_above_the_amount": ("UPDATE approvals SET two_person_above_minor = 1",),
    "I10_confirmed_is_approved": (
        "INSERT INTO approval_proposals (opportunity_id, ceiling_minor, currency, quantity, proposed_by, proposed_at, "
        "expires_at, confirmed_by, confirmed_at) SELECT opportunity_id, 1, 'USD', 1, 'person:a', decided_at, "
        "decided_at, 'person:b', decided_at FROM opportunities LIMIT 1",
    ),
    "I3_bought_is_posted": ("UPDATE purchases SET state = 'bought', total_minor = 1 WHERE state = 'claimed'",),
    "I4_scrape_is_in_the_history": (
        "INSERT INTO price_points (scrape_id, offer_key, description_id, price_minor, currency, observed_at) "
        "SELECT 'another', 'offer-1', 1, 1, 'USD', decided_at FROM opportunities LIMIT 1",
    ),
    "I6_order_is_posted": (
        "DELETE FROM ledger_entries WHERE transaction_id LIKE 'sale:%'",
        "DELETE FROM ledger_transactions WHERE transaction_id LIKE 'sale:%'",
    ),
}


def send_back(books: SqlBooks, order_id: str) -> None:
    """Let the buyer return the unit, find it as good as new, and refund it."""
    assert books.returns.open("return-1", order_id, 1, "too loud", START) is not None
    assert books.returns.advance("return-1", expected=[REQUESTED], state=RECEIVED, at=START)
    assert books.returns.advance("return-1", expected=[RECEIVED], state=RESTOCKED, at=START)
    assert books.returns.refund("return-1", usd(5_000), usd(600), START)


def trade_a_little(books: SqlBooks) -> None:
    """Leave one sold, shipped and returned, one listed, one claimed and one approved behind."""
    sku = offer_for_sale(books, 1).sku
    order = books.orders.import_order(outlet_order(sku), usd(700), fee_estimated=False)
    assert order is not None
    books.orders.mark_shipped(order.order_id, "T1", START)
    send_back(books, order.order_id)
    offer_for_sale(books, 2)
    claim(books, 3, [SpendLimit("total", usd(1_000_000), timedelta(days=1))])
    approve(books, 4)


@pytest.mark.parametrize("name", list(VIOLATIONS))
def test_i01_each_invariant_fires(books: SqlBooks, books_url: str, clock: SettableClock, name: str) -> None:
    trade_a_little(books)
    clock.advance(hours=26)
    assert books.broken_invariants() == {}
    engine = build_engine(books_url)
    with engine.connect() as connection:
        for statement in VIOLATIONS[name]:
            if engine.dialect.name == "sqlite" and "CONSTRAINT" in statement:
                statement = "PRAGMA ignore_check_constraints = ON"
            connection.execute(text(statement))
        connection.commit()
    engine.dispose()
    assert books.broken_invariants().get(name, 0) >= 1


def test_i02_every_invariant_has_its_violation() -> None:
    from arb_pipelines.adapters.sql import invariants

    assert set(invariants._queries(START)) == set(VIOLATIONS)


def test_i03_a_day_is_not_stuck_but_a_day_and_an_hour_is(books: SqlBooks, clock: SettableClock) -> None:
    claimed = claim(books)
    step(books, claimed, CLAIMED, SUBMITTING)
    step(books, claimed, SUBMITTING, UNCERTAIN)
    clock.advance(hours=25)
    assert books.broken_invariants() == {}
    clock.advance(seconds=1)
    assert books.broken_invariants() == {"I7_nothing_stuck": 1}


class Walk:
    """A seeded walk over everything that the books can be asked to do, sensible or not."""

    LIMITS = (
        SpendLimit("total", usd(15_000), timedelta(hours=6)),
        SpendLimit("site:*", usd(9_000), timedelta(hours=2)),
        SpendLimit("product:*", usd(90_000), None),
        SpendLimit("order", usd(5_000), None),
    )

    def __init__(self, books: SqlBooks, clock: SettableClock, seed: int) -> None:
        self.books, self.clock, self.draw = books, clock, random.Random(seed)
        self.number = 0
        self.refusals: set[str] = set()
        self.steps: list[Callable[[], None]] = [
            self.approve,
            self.approve,
            self.claim,
            self.claim,
            self.claim,
            self.advance,
            self.advance,
            self.advance,
            self.advance,
            self.deliver,
            self.publish,
            self.reprice,
            self.sell,
            self.sell,
            self.ship,
            self.send_back,
            self.settle,
            self.pull_switch,
            self.wait,
        ]

    def approve(self) -> None:
        self.number += 1
        offer, site = self.draw.randrange(60), f"shop-{self.draw.randrange(3)}"
        found = opportunity(self.number, offer_key=f"offer-{offer}", site=site, decided_at=self.clock.now())
        self.books.opportunities.store([found], [])
        self.books.approvals.insert(approval(found, self.clock.now(), quantity=self.draw.choice([1, 1, 2, 3])))

    def claim(self) -> None:
        now = self.clock.now()
        usable = self.books.approvals.load_usable(now - timedelta(minutes=self.draw.randrange(70)))
        if usable:
            refusal = self.books.purchases.claim(purchase(self.draw.choice(usable), now), self.LIMITS, now)
            self.refusals |= {refusal.code} if refusal else set()

    def advance(self) -> None:
        movable = [one for one in self.books.purchases.load() if TRANSITIONS[one.state]]
        if not movable:
            return
        one = self.draw.choice(movable)
        likely = {PurchaseState.SUBMITTING, PurchaseState.BOUGHT} & TRANSITIONS[one.state]
        state = self.draw.choice([*sorted(TRANSITIONS[one.state]), *sorted(likely) * 2])
        bought = state is PurchaseState.BOUGHT
        # Never above the reservation: that is reported, and has its own case.
        total = usd(self.draw.randrange(1, one.reserved.minor + 1)) if bought else None
        expected = [self.draw.choice([one.state, one.state, PurchaseState.SUBMITTING])]
        if state in TRANSITIONS[expected[0]]:
            order = f"order-{one.purchase_id}" if bought else None
            self.books.purchases.advance(
                one.purchase_id, expected=expected, state=state, now=self.clock.now(), shop_order_id=order, total=total
            )

    def deliver(self) -> None:
        for one in self.books.purchases.load_in_transit()[:2]:
            unit = usd((one.total or usd(0)).minor // one.quantity)
            received = lot(one, self.clock.now(), sku=f"sku-{self.draw.randrange(5)}", unit_cost=unit)
            if self.draw.random() < 0.8:
                self.books.inventory.receive(received)
            self.books.purchases.mark_delivered(one.purchase_id, self.clock.now())

    def publish(self) -> None:
        for one in self.books.inventory.load_unlisted():
            self.books.listings.insert(
                replace(listing(one, self.clock.now()), listing_id=f"l{self.clock.now()}{one.lot_id}")
            )
            state = self.draw.choice([ListingState.ACTIVE, ListingState.ACTIVE, ListingState.WITHDRAWN])
            self.books.listings.advance(one.sku, expected=[ListingState.PENDING], state=state)

    def reprice(self) -> None:
        for one in self.books.listings.load([ListingState.ACTIVE])[:2]:
            new = usd(self.draw.randrange(3_000, 6_001))
            self.books.listings.store_price(one.sku, one.price, new, "a walk", self.clock.now())

    def sell(self) -> None:
        owned = [one.sku for one in self.books.inventory.load() if one.on_hand]
        sku, number = self.draw.choice([*owned, "sku-0", "sku-none"]), self.draw.randrange(60)
        order = outlet_order(sku, number, self.clock.now(), quantity=self.draw.choice([1, 1, 1, 2]))
        try:
            self.books.orders.import_order(order, usd(self.draw.randrange(900)), fee_estimated=True)
        except (OutOfStockError, LookupError) as error:
            self.refusals.add(type(error).__name__)

    def ship(self) -> None:
        for order in self.books.orders.load_unshipped()[:1]:
            self.books.orders.mark_shipped(order.order_id, f"T-{order.order_id}", self.clock.now())

    def send_back(self) -> None:
        """Open a return or take one a step further, refunds at any time."""
        orders, cases = self.books.orders.load(), self.books.returns.load()
        if not orders:
            return
        one = self.draw.choice(orders)
        try:
            self.books.returns.open(f"r-{one.order_id}-{self.draw.randrange(3)}", one.order_id, 1, "walk", START)
            if cases:
                case = self.draw.choice(cases)
                steps = sorted(RETURN_STEPS[case.state])
                if steps:
                    at = self.clock.now()
                    self.books.returns.advance(
                        case.return_id, expected=[case.state], state=self.draw.choice(steps), at=at
                    )
                self.books.returns.refund(case.return_id, usd(self.draw.randrange(6_000)), usd(0), START)
        except ReturnRefusedError as error:
            self.refusals.add(type(error).__name__)

    def settle(self) -> None:
        for order in self.books.orders.load()[-2:]:
            fee, statement = usd(self.draw.randrange(900)), f"s-{self.draw.randrange(3)}"
            self.books.settlements.settle_fee(
                order.order_id, fee, statement, self.clock.now(), self.draw.choice(list(Again))
            )

    def pull_switch(self) -> None:
        state = self.draw.choice([*[ActionState.ACTIVE] * 5, ActionState.HALTED])
        self.books.switches.put(Action.BUY, state, "a walk", "me", self.clock.now())

    def wait(self) -> None:
        self.clock.advance(minutes=self.draw.choice([-30, 5, 20, 90, 200]))


@pytest.mark.parametrize("seed", range(2))
def test_i04_any_walk_leaves_the_books_whole(books: SqlBooks, clock: SettableClock, seed: int) -> None:
    walk = Walk(books, clock, seed)
    for number in range(400):
        walk.draw.choice(walk.steps)()
        if number % 25 == 0:
            assert books.broken_invariants() == {}, number
    assert books.broken_invariants() == {}
    assert books.totals()["orders"] > 5
    assert {"offer_taken", "spend_limit", "buy_halted", "OutOfStockError"} <= walk.refusals
