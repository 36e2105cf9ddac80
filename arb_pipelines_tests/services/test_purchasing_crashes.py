"""Killed at any step, a purchase still happens at most once, and the books end equal to the shop.

Every zero stands beside a baseline that breaks the same rule in the same harness.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arb_pipelines.adapters.sql.books import open_books
from arb_pipelines.domain.approval import Approval
from arb_pipelines.domain.ports import Clock
from arb_pipelines.domain.purchase import OutcomeUnknownError, PlacedOrder, PurchaseState, claim_of, purchase_id_for
from arb_pipelines.services.purchasing import buy_approved
from arb_pipelines.services.reconciling import reconcile
from arb_pipelines_tests.contracts.trade_records import approval, opportunity
from arb_pipelines_tests.fakes.books import InMemoryBooks
from arb_pipelines_tests.fakes.clock import SettableClock
from arb_pipelines_tests.fakes.dying import Death, MortalBooks, MortalBuyers, WorkerKilled
from arb_pipelines_tests.fakes.shop import Answers, FakeBuyers, FakeShop

HOUR_S, HORIZON_S = 3600, 86_400
Buy = Callable[[Sequence[Approval], Any, Any, Clock], object]


def buy(usable: Sequence[Approval], books: Any, buyers: Any, clock: Clock) -> object:
    """The real thing."""
    return buy_approved(usable, books, buyers, (), clock)


def buy_then_record(usable: Sequence[Approval], books: Any, buyers: Any, clock: Clock) -> object:
    """The baseline that everybody writes first."""
    for leave in usable:
        buyer = buyers.buyer_for(leave.site)
        intent = claim_of(leave, purchase_id_for(leave), clock.now())
        try:
            order = buyer.place(intent)
        except (OutcomeUnknownError, RuntimeError):
            continue
        if isinstance(order, PlacedOrder):
            _record(books, intent, order, clock)
    return None


def record_and_never_look_again(usable: Sequence[Approval], books: Any, buyers: Any, clock: Clock) -> object:
    """The second baseline: an intent first, but a lost answer counts as "not ordered"."""
    for leave in usable:
        intent = claim_of(leave, purchase_id_for(leave), clock.now())
        if books.purchases.claim(intent, (), clock.now()) is not None:
            continue
        _advance(books, intent.purchase_id, PurchaseState.CLAIMED, PurchaseState.SUBMITTING, clock)
        try:
            order = buyers.buyer_for(leave.site).place(intent)
        except (OutcomeUnknownError, RuntimeError):
            _advance(books, intent.purchase_id, PurchaseState.SUBMITTING, PurchaseState.NOT_PLACED, clock)
            continue
        if isinstance(order, PlacedOrder):
            _settle(books, intent.purchase_id, order, clock)
    return None


def _record(books: Any, intent: Any, order: PlacedOrder, clock: Clock) -> None:
    if books.purchases.claim(intent, (), clock.now()) is None:
        _advance(books, intent.purchase_id, PurchaseState.CLAIMED, PurchaseState.SUBMITTING, clock)
        _settle(books, intent.purchase_id, order, clock)


def _advance(books: Any, purchase_id: str, old: PurchaseState, new: PurchaseState, clock: Clock) -> None:
    books.purchases.advance(purchase_id, expected=(old,), state=new, now=clock.now())


def _settle(books: Any, purchase_id: str, order: PlacedOrder, clock: Clock) -> None:
    books.purchases.advance(
        purchase_id,
        expected=(PurchaseState.SUBMITTING,),
        state=PurchaseState.BOUGHT,
        now=clock.now(),
        shop_order_id=order.shop_order_id,
        total=order.total,
    )


class World:
    """One shop, our books, and workers that may die."""

    def __init__(self, books: Any, answers: Sequence[Answers] = (), offers: int = 1, **shop: Any) -> None:
        self.clock = SettableClock()
        self.books = books
        self.shop = FakeShop(self.clock, answers, **shop)
        self.buyers = FakeBuyers({"shop-1": self.shop})
        for number in range(1, offers + 1):
            found = opportunity(number)
            books.opportunities.store([found], [])
            leave = approval(found, self.clock.now(), expires_at=self.clock.now().replace(year=2030))
            assert books.approvals.insert(leave)

    def run(self, buying: Buy, death: Death | None = None) -> bool:
        """Run a purchase worker; return whether it lived."""
        end = death or Death(0)
        usable = self.books.approvals.load_usable(self.clock.now())
        try:
            buying(usable, MortalBooks(self.books, end), MortalBuyers(self.buyers, end), self.clock)
        except WorkerKilled:
            return False
        return True

    def reconcile(self, death: Death | None = None) -> None:
        """Run a reconciling worker, which may die too."""
        end = death or Death(0)
        try:
            reconcile(MortalBooks(self.books, end), MortalBuyers(self.buyers, end), self.clock, sites=["shop-1"])
        except WorkerKilled:
            return

    def settle(self, buying: Buy = buy, *, reconciling: bool = True) -> None:
        """Let time pass with healthy workers until nothing can change any more."""
        for _ in range(4):
            self.clock.advance(seconds=HOUR_S)
            self.run(buying)
            if reconciling:
                self.reconcile()
        if reconciling:
            for _ in range(2):
                self.clock.advance(seconds=HORIZON_S)
                self.reconcile()

    def double_orders(self) -> int:
        """Orders beyond the first of each purchase."""
        return sum(count - 1 for count in Counter(self.shop.placed_references).values())

    def untracked_orders(self) -> int:
        """Orders of the shop that our books do not hold as bought, and the other way round."""
        ordered = {taken.order.shop_order_id for taken in self.shop.taken}
        bought = {p.shop_order_id for p in self.books.purchases.load((PurchaseState.BOUGHT,))}
        return len(ordered ^ bought)

    def check(self) -> None:
        """The rules: once, all tracked, balanced, nothing left open."""
        assert self.double_orders() == 0
        assert self.untracked_orders() == 0
        assert self.books.broken_invariants() == {}
        spent = sum(taken.order.total.minor for taken in self.shop.taken)
        balances = self.books.ledger.balances()
        assert balances.get(("reserved", "USD"), 0) == 0
        assert balances.get(("inventory", "USD"), 0) == spent == -balances.get(("cash", "USD"), 0)


def calls_of_a_run() -> int:
    """How many calls leave the process in one undisturbed purchase."""
    death = Death(0)
    World(InMemoryBooks()).run(buy, death)
    return death.calls


@pytest.mark.parametrize("answer", list(Answers))
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_killed_at_every_call_under_every_answer(answer: Answers, after: bool) -> None:
    """Each call of the run is where the worker dies once; then healthy workers take over."""
    calls = calls_of_a_run()
    assert calls >= 8
    for at in range(1, calls + 1):
        world = World(InMemoryBooks(), [answer])
        assert not world.run(buy, Death(at, after)) or at == calls or answer is not Answers.PLAIN
        world.settle()
        world.check()


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_killed_while_reconciling(after: bool) -> None:
    """A lost answer, then a reconciling worker that dies at each of its calls."""
    for at in range(1, 9):
        world = World(InMemoryBooks(), [Answers.LOSE_ANSWER])
        world.run(buy)
        world.clock.advance(seconds=HOUR_S)
        world.reconcile(Death(at, after))
        world.settle()
        world.check()


def test_the_order_is_sent_only_after_submitting_is_committed() -> None:
    """Killed between the claim and `submitting`, nothing was sent and the claim is released."""
    world = World(InMemoryBooks())
    lived, at = True, 0
    while lived or world.books.purchases.load((PurchaseState.CLAIMED,)) == []:
        at += 1
        world = World(InMemoryBooks())
        lived = world.run(buy, Death(at, after=True))
    assert world.shop.taken == []
    world.settle()
    assert [p.state for p in world.books.purchases.load()] == [PurchaseState.RELEASED]


def test_the_baseline_buys_twice() -> None:
    """Buy, then record, killed between the two, orders again: the harness can see a double order."""
    doubles = untracked = 0
    for at in range(1, 6):
        for after in (False, True):
            world = World(InMemoryBooks())
            world.run(buy_then_record, Death(at, after))
            world.settle(buy_then_record, reconciling=False)
            doubles += world.double_orders()
    for answer in Answers:
        world = World(InMemoryBooks(), [answer])
        world.settle(buy_then_record, reconciling=False)
        doubles += world.double_orders()
        untracked += world.untracked_orders()
    assert doubles >= 4
    assert untracked >= 1


def test_the_baseline_without_reconciliation_loses_orders() -> None:
    """Record, buy, never look again leaves orders that no book knows."""
    world = World(InMemoryBooks(), [Answers.LOSE_ANSWER, Answers.LATE], offers=2)
    world.settle(record_and_never_look_again, reconciling=False)
    assert world.untracked_orders() == 2
    assert world.double_orders() == 0


steps = st.lists(
    st.tuples(
        st.sampled_from(["buy", "reconcile"]),
        st.integers(0, 30),  # the call at which the worker dies; 0 and beyond the last: never
        st.booleans(),
        st.sampled_from([0.0, 1.0, 130.0, 4000.0, 90_000.0]),  # seconds that pass afterwards
        st.booleans(),  # whether the order history is down meanwhile
    ),
    max_size=12,
)


@settings(max_examples=150, deadline=None)
@given(
    steps=steps,
    answers=st.lists(st.sampled_from(list(Answers)), max_size=6),
    offers=st.integers(1, 4),
    shown_after_s=st.sampled_from([0, 30, 100]),
)
def test_any_interleaving_of_deaths_faults_and_time(
    steps: list[tuple[str, int, bool, float, bool]], answers: list[Answers], offers: int, shown_after_s: int
) -> None:
    """Whatever happens, in the end every shop order is one purchase of ours and the money agrees."""
    world = World(InMemoryBooks(), answers, offers, shown_after_s=shown_after_s)
    for act, at, after, seconds, is_down in steps:
        world.shop.history_is_down = is_down
        if act == "buy":
            world.run(buy, Death(at, after))
        else:
            world.reconcile(Death(at, after))
        assert world.double_orders() == 0
        world.clock.advance(seconds=seconds)
    world.shop.history_is_down = False
    world.settle()
    world.check()


def test_killed_at_every_call_on_sql_books(sqlite_url: str) -> None:
    """The same over the real store: one offer a death, all in one database."""
    books = open_books(sqlite_url)
    try:
        world = World(books, offers=0)
        deaths = [(at, after) for at in range(1, calls_of_a_run() + 1) for after in (False, True)]
        answers = list(Answers)
        for number, (at, after) in enumerate(deaths, 1):
            found = opportunity(number)
            books.opportunities.store([found], [])
            far = world.clock.now().replace(year=2030)
            assert books.approvals.insert(approval(found, world.clock.now(), expires_at=far))
            world.shop._answers = [answers[number % len(answers)]]
            world.run(buy, Death(at, after))
            world.clock.advance(seconds=10)
        world.settle()
        assert world.double_orders() == world.untracked_orders() == 0
        assert books.broken_invariants() == {}
        assert books.ledger.balances().get(("reserved", "USD"), 0) == 0
    finally:
        books.close()
