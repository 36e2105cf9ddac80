"""Selling under any sequence of buying, listing, sales, returns and price changes, at two outlets, beside the truth.

What belongs here: a hypothesis state machine over the real services, on the books in memory and on SQLite. The truth
is what the outlets sold and what the machine put on the shelf; after each step no unit is on offer that is not there,
nothing was sold twice, and the ledger balances.
"""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from contextlib import ExitStack, suppress
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from arb_pipelines.adapters.sql.books import open_books
from arb_pipelines.domain.fees import FeeSchedules, load_schedules
from arb_pipelines.domain.listing import ListingState, ProductFacts
from arb_pipelines.domain.outlet import OutletTerms
from arb_pipelines.domain.price import PricePrediction
from arb_pipelines.domain.return_case import ReturnRefusedError, ReturnState
from arb_pipelines.reports.profit_and_loss import summarise
from arb_pipelines.services import listing, listing_drafts, returns
from arb_pipelines.services.fulfilment import import_orders, ship_orders, tracking_number_for
from arb_pipelines.services.listing import Place, list_stock, receive_delivered
from arb_pipelines.services.listing_drafts import ListingRules
from arb_pipelines.services.repricing import RepriceRules, reprice
from arb_pipelines_tests.contracts.trade_records import buy, usd
from arb_pipelines_tests.fakes import return_books, sale_books
from arb_pipelines_tests.fakes.books import InMemoryBooks
from arb_pipelines_tests.fakes.clock import SettableClock
from arb_pipelines_tests.fakes.outlet import FakeOutlet

OUTLETS = ("outlet-1", "outlet-2")
CALLS = ("list_item", "update_price", "fetch_prices", "fetch_orders", "confirm_shipment", "withdraw")


@cache
def schedules() -> FeeSchedules:
    """Return the fee schedules, read once."""
    return load_schedules()


class NamedOutlet(FakeOutlet):
    """One of two outlets; `sold` is its own truth."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.outlet = name
        self.sold = Counter[str]()

    def fetch_sold_prices(self, since: Any) -> list[Any]:
        return []


class SellingMachine(RuleBasedStateMachine):
    """Purchases, listings, buyers, parcels, returns and prices in any order; `open_store` gives the books."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = SettableClock()
        self.books: Any = self.open_store()
        self.outlets = [NamedOutlet(name) for name in OUTLETS]
        terms = [OutletTerms(name, other_category="most") for name in OUTLETS]
        self.places = [Place(o, ListingRules(t)) for o, t in zip(self.outlets, terms, strict=True)]
        self.terms = dict(zip(OUTLETS, terms, strict=True))
        self.number = 0
        self.units = Counter[str]()  # on the shelf or with buyers, by lot: arrived and put back after an inspection
        self.predict(5_000, 5_000)

    def open_store(self) -> Any:
        return InMemoryBooks(self.clock.now)

    def predict(self, first: int, second: int) -> None:
        for name, middle in zip(OUTLETS, (first, second), strict=True):
            prices = (usd(middle * 8 // 10), usd(middle), usd(middle * 12 // 10))
            answer = PricePrediction("product-1", "new", name, *prices, 10.0, 0.9, "model-1", self.clock.now())
            self.books.predictions.replace([answer])

    @initialize(quantity=st.integers(1, 3))
    def begin(self, quantity: int) -> None:
        """Start with something on offer, so that long histories are reached."""
        self.buy(quantity)
        self.offer()

    @rule(quantity=st.integers(1, 3))
    def buy(self, quantity: int) -> None:
        self.number += 1
        bought = buy(self.books, self.number, self.clock.now(), quantity=quantity)
        assert self.books.purchases.mark_delivered(bought.purchase_id, self.clock.now())
        for lot in receive_delivered(self.books, self.clock).received:
            self.units[lot.lot_id] += lot.received

    @rule()
    def offer(self) -> None:
        predictions = self.books.predictions.load()
        list_stock(self.books, self.places, predictions, schedules(), self.clock)

    @rule(data=st.data(), told=st.booleans(), noticed=st.booleans())
    def sell(self, data: Any, told: bool, noticed: bool) -> None:
        """Let a buyer take a unit of whatever an outlet shows; perhaps we hear of it at once."""
        shown = [(outlet, sku) for outlet in self.outlets for sku, units in outlet.units.items() if units > 0]
        if shown:
            outlet, sku = data.draw(st.sampled_from(shown))
            outlet.sell(sku, self.clock.now(), fee=usd(600) if told else None, tax=usd(350))
            outlet.sold[sku] += 1
            if noticed:
                self.take_orders(self.outlets.index(outlet))

    @rule(which=st.integers(0, 1))
    def take_orders(self, which: int) -> None:
        outlet = self.outlets[which]
        done = import_orders(self.books, outlet, schedules(), self.terms[outlet.outlet], self.clock)
        assert {left.code for left in done.not_done} <= {"outlet_unreadable"}

    @rule(which=st.integers(0, 1))
    def ship(self, which: int) -> None:
        ship_orders(self.books, self.outlets[which], tracking_number_for, self.clock)

    @rule(which=st.integers(0, 1), first=st.integers(3_000, 8_000), second=st.integers(3_000, 8_000))
    def move_prices(self, which: int, first: int, second: int) -> None:
        self.predict(first, second)
        outlet = self.outlets[which]
        rules = RepriceRules(self.terms[outlet.outlet], schedules())
        reprice(self.books, outlet, self.books.predictions.load(), self.clock, rules=rules)

    @rule(data=st.data())
    def send_back(self, data: Any) -> None:
        """Let a buyer ask to return a unit."""
        orders = self.books.orders.load()
        if orders:
            with suppress(ReturnRefusedError):
                returns.open_return(self.books, data.draw(st.sampled_from(orders)).order_id, 1, "why", self.clock)

    @rule(data=st.data(), minor=st.integers(10, 5_500))
    def refund(self, data: Any, minor: int) -> None:
        """Refund a return at any time, before its parcel or after."""
        cases = self.books.returns.load()
        if cases:
            case = data.draw(st.sampled_from(cases))
            with suppress(ReturnRefusedError):
                returns.refund(self.books, case.return_id, usd(minor), usd(minor // 10), self.clock)

    @rule(data=st.data(), sellable=st.booleans())
    def look_at_returns(self, data: Any, sellable: bool) -> None:
        """Take one return a step further; only an inspection puts a unit back on the shelf."""
        waiting = self.books.returns.load((ReturnState.REQUESTED, ReturnState.RECEIVED))
        if not waiting:
            return
        case = data.draw(st.sampled_from(waiting))
        before = self.on_hand()
        if case.state is ReturnState.REQUESTED:
            returns.receive(self.books, case.return_id, self.clock)
            assert self.on_hand() == before
            return
        returns.inspect(self.books, case.return_id, sellable=sellable, clock=self.clock)
        gained = self.on_hand() - before
        assert sum(gained.values()) == (case.units if sellable else 0)
        self.units.update(gained)

    def on_hand(self) -> Counter[str]:
        """Return the units on hand by lot."""
        return Counter({lot.lot_id: lot.on_hand for lot in self.books.inventory.load()})

    @rule(order=st.integers(0, 5), fee=st.integers(0, 900), statement=st.integers(1, 2))
    def settle(self, order: int, fee: int, statement: int) -> None:
        for one in self.books.orders.load()[order : order + 1]:
            if one.fee_estimated:
                self.books.settlements.settle_fee(one.order_id, usd(fee), f"s{statement}", self.clock.now())

    @rule(which=st.integers(0, 1), call=st.sampled_from([None, *CALLS]))
    def weather(self, which: int, call: str | None) -> None:
        """Let one call of an outlet fail from now on, or none."""
        self.outlets[which].failing = {call} if call else set()

    @rule(minutes=st.sampled_from([1, 61, 60 * 25]))
    def wait(self, minutes: int) -> None:
        self.clock.advance(minutes=minutes)

    @invariant()
    def no_unit_is_offered_or_sold_twice(self) -> None:
        lot_of = {one.sku: one.lot_id for one in self.books.listings.load()}
        promised = Counter[str]()
        for outlet in self.outlets:
            for sku, units in outlet.units.items():
                promised[lot_of[sku]] += units + outlet.sold[sku]
        assert all(count <= self.units[lot] for lot, count in promised.items()), (promised, self.units)

    @invariant()
    def nothing_is_listed_without_stock(self) -> None:
        on_hand = Counter[str]()
        for lot in self.books.inventory.load():
            on_hand[lot.sku] += lot.on_hand
        offered = self.books.listings.load((ListingState.PENDING, ListingState.ACTIVE))
        assert len({one.sku for one in offered}) == len(offered)
        assert all(0 < one.quantity <= on_hand[one.sku] for one in offered)
        assert all(one.floor <= one.price <= one.ceiling for one in offered)

    @invariant()
    def the_ledger_balances(self) -> None:
        balances = self.books.ledger.balances()
        assert sum(balances.values()) == 0
        total = summarise(self.books.orders.load(), balances, "USD", self.books.returns.load())
        assert total.ledger_difference == usd(0)
        assert self.books.broken_invariants() == {}


FACTS = {"product-1": ProductFacts("A kettle", "Kitchen")}


@pytest.fixture(autouse=True)
def facts_from_memory() -> Any:
    """The product never changes, and a frame a step is half of the time."""
    with mock.patch.object(listing_drafts, "load_facts", return_value=FACTS):
        yield


def test_in_memory() -> None:
    """Many histories."""
    run_state_machine_as_test(SellingMachine, settings=settings(max_examples=20, stateful_step_count=40, deadline=None))


def test_on_sqlite(sqlite_template: Path) -> None:
    """Fewer on the real store, which obeys the same rules."""

    class SqliteMachine(SellingMachine):
        def open_store(self) -> Any:
            self.folder = Path(tempfile.mkdtemp(prefix="arb-machine-"))
            shutil.copy(sqlite_template, self.folder / "books.db")
            return open_books(f"sqlite:///{self.folder / 'books.db'}", now=self.clock.now)

        def teardown(self) -> None:
            self.books.close()
            shutil.rmtree(self.folder)

    slow = [HealthCheck.too_slow]
    run_state_machine_as_test(
        SqliteMachine,
        settings=settings(max_examples=2, stateful_step_count=20, deadline=None, suppress_health_check=slow),
    )


def list_everywhere(stack: ExitStack) -> None:
    """Show every lot at each outlet that takes it."""
    everywhere = lambda lot, drafts, cross, done: [one.listing for one in drafts]  # noqa: E731 the fault in one line
    stack.enter_context(mock.patch.object(listing, "_chosen", everywhere))
    anything = staticmethod(lambda listing, offered, on_hand: True)
    stack.enter_context(mock.patch.object(sale_books.FakeListings, "_may_be_offered", anything))


def restock_on_arrival(stack: ExitStack) -> None:
    """Put what comes back on the shelf before anybody has looked at it."""
    real = returns.receive

    def receive(books: Any, return_id: str, clock: Any) -> Any:
        case = real(books, return_id, clock)
        books.returns._put_back(return_id)
        return case

    stack.enter_context(mock.patch.object(returns, "receive", receive))


def forget_the_fee_that_came_back(stack: ExitStack) -> None:
    """Post a refund without the part of the fee that the outlet returned."""
    real = return_books.post_refund
    forgetful = lambda key, refund, fee_back, at: real(key, refund, usd(0), at)  # noqa: E731 the fault in one line
    stack.enter_context(mock.patch.object(return_books, "post_refund", forgetful))


FAULTS = [list_everywhere, restock_on_arrival, forget_the_fee_that_came_back]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_the_machine_can_fail(fault: Any) -> None:
    """Each mistake is found."""
    # Without shrinking: that something is found is enough. The same walks each time, so that it takes as long.
    found_only = settings(
        max_examples=300,
        stateful_step_count=40,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        derandomize=True,
    )
    with ExitStack() as stack, pytest.raises((AssertionError, KeyError)):
        fault(stack)
        run_state_machine_as_test(SellingMachine, settings=found_only)
