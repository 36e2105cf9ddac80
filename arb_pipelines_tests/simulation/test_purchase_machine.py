"""The purchase state machine under any sequence of calls, on the books in memory and on SQLite, beside a model.

What belongs here: a hypothesis state machine. The model is a dict of states and two sums; after each step the books
must say the same, and every invariant must hold.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy.exc import IntegrityError

from arb_pipelines.adapters.sql.books import open_books
from arb_pipelines.domain.purchase import OPEN_STATES, TRANSITIONS, Purchase, PurchaseState
from arb_pipelines.domain.spend_limit import Action, ActionState, SpendLimit
from arb_pipelines_tests.contracts.trade_records import approval, opportunity, purchase, usd
from arb_pipelines_tests.fakes.books import InMemoryBooks
from arb_pipelines_tests.fakes.buying_books import TAKEN_STATES
from arb_pipelines_tests.fakes.clock import SettableClock

CLAIMED, BOUGHT = PurchaseState.CLAIMED, PurchaseState.BOUGHT
LIMIT = SpendLimit("total", usd(10_000), None)


class PurchaseMachine(RuleBasedStateMachine):
    """Approvals, claims, steps, deliveries and switches in any order; `open_store` gives the books."""

    claims = Bundle("claims")
    leaves = Bundle("leaves")

    def __init__(self) -> None:
        super().__init__()
        self.clock = SettableClock()
        self.books: Any = self.open_store()
        self.number = 0
        self.states: dict[str, PurchaseState] = {}
        self.offers: dict[str, str] = {}
        self.money: dict[str, int] = {}
        self.used: set[str] = set()
        self.orders: set[str] = set()
        self.halted = False

    def open_store(self) -> Any:
        return InMemoryBooks(self.clock.now)

    @rule(target=leaves, offer=st.integers(1, 4), quantity=st.integers(1, 2))
    def approve(self, offer: int, quantity: int) -> Any:
        self.number += 1
        found = opportunity(self.number, offer_key=f"offer-{offer}", decided_at=self.clock.now())
        assert self.books.opportunities.store([found], []) == 1
        leave = approval(found, self.clock.now(), quantity=quantity)
        assert self.books.approvals.insert(leave)
        assert not self.books.approvals.insert(leave)
        return leave

    @rule(target=claims, leave=leaves, raised=st.sampled_from([0, 0, 0, 1]))
    def claim(self, leave: Any, raised: int) -> Purchase:
        now = self.clock.now()
        wanted = replace(purchase(leave, now), reserved=usd(leave.ceiling.minor * leave.quantity + raised))
        refusal = self.books.purchases.claim(wanted, [LIMIT], now)
        committed = sum(self.money.values())
        taken = {self.offers[key] for key, state in self.states.items() if state in TAKEN_STATES}
        reasons = {
            "buy_halted": self.halted,
            "approval_used": leave.approval_id in self.used,
            "approval_expired": now >= leave.expires_at,
            "approval_mismatch": bool(raised),
            "offer_taken": leave.offer_key in taken,
            "spend_limit": committed + wanted.reserved.minor > LIMIT.limit.minor,
        }
        expected = next((code for code, applies in reasons.items() if applies), None)
        assert (refusal.code if refusal else None) == expected
        if refusal is None:
            self.states[wanted.purchase_id], self.offers[wanted.purchase_id] = CLAIMED, leave.offer_key
            self.money[wanted.purchase_id] = wanted.reserved.minor
            self.used.add(leave.approval_id)
        return wanted

    @rule(
        of=claims,
        old=st.sampled_from(PurchaseState),
        new=st.sampled_from(PurchaseState),
        share=st.integers(1, 100),
        other_order=st.booleans(),
    )
    def advance(self, of: Purchase, old: PurchaseState, new: PurchaseState, share: int, other_order: bool) -> None:
        key = of.purchase_id
        total = usd(max(of.reserved.minor * share // 100, 1)) if new is BOUGHT else None
        order = f"so-{key}" if new is BOUGHT else None
        if order and other_order and self.orders:
            order = min(self.orders)
        was = self.states.get(key)
        call = {"expected": (old,), "state": new, "now": self.clock.now(), "total": total, "shop_order_id": order}
        if new not in TRANSITIONS[old]:
            with pytest.raises(ValueError, match="cannot go from"):
                self.books.purchases.advance(key, **call)
        elif was is old and order in self.orders:
            with pytest.raises(IntegrityError):
                self.books.purchases.advance(key, **call)
        else:
            assert self.books.purchases.advance(key, **call) is (was is old)
            if was is old:
                self._moved(key, new, total.minor if total else 0, order)

    def _moved(self, key: str, new: PurchaseState, total: int, order: str | None) -> None:
        self.states[key] = new
        if new is BOUGHT:
            self.money[key] = total
        elif new not in OPEN_STATES:
            self.money[key] = 0
        self.orders |= {order} if order else set()

    @precondition(lambda self: self.states)
    @rule(data=st.data())
    def go_on(self, data: Any) -> None:
        """Take one purchase a legal step further, so that long histories are reached."""
        key = data.draw(st.sampled_from(sorted(self.states)))
        steps = sorted(TRANSITIONS[self.states[key]])
        kept = {p.purchase_id: p for p in self.books.purchases.load()}[key]
        if steps:
            self.advance(kept, self.states[key], data.draw(st.sampled_from(steps)), 90, False)

    @rule(of=claims)
    def deliver(self, of: Purchase) -> None:
        kept = {p.purchase_id: p for p in self.books.purchases.load_in_transit()}
        assert self.books.purchases.mark_delivered(of.purchase_id, self.clock.now()) is (of.purchase_id in kept)

    @rule(halted=st.booleans())
    def flip(self, halted: bool) -> None:
        self.halted = halted
        state = ActionState.HALTED if halted else ActionState.ACTIVE
        self.books.switches.put(Action.BUY, state, "a machine", "test", self.clock.now())

    @rule(minutes=st.sampled_from([-90, 1, 59, 61]))
    def wait(self, minutes: int) -> None:
        self.clock.advance(minutes=minutes)

    @invariant()
    def books_say_what_the_model_says(self) -> None:
        loaded = {p.purchase_id: p.state for p in self.books.purchases.load()}
        assert loaded == self.states
        balances = self.books.ledger.balances()
        reserved = sum(self.money[key] for key, state in self.states.items() if state in OPEN_STATES)
        paid = sum(self.money[key] for key, state in self.states.items() if state is BOUGHT)
        assert balances.get(("reserved", "USD"), 0) == reserved
        assert balances.get(("inventory", "USD"), 0) == paid
        assert balances.get(("cash", "USD"), 0) == -(reserved + paid)

    @invariant()
    def nothing_is_broken(self) -> None:
        broken = self.books.broken_invariants()
        # Money that was given back can be spent before its late order shows up: reported, never hidden.
        assert set(broken) <= {"I7_nothing_stuck", "I2_spent_within_limit"}


def test_in_memory() -> None:
    """Many short histories."""
    run_state_machine_as_test(
        PurchaseMachine, settings=settings(max_examples=40, stateful_step_count=30, deadline=None)
    )


def test_on_sqlite(sqlite_template: Path) -> None:
    """Fewer on the real store, which obeys the same model."""

    class SqliteMachine(PurchaseMachine):
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
        settings=settings(max_examples=4, stateful_step_count=20, deadline=None, suppress_health_check=slow),
    )


def test_the_machine_can_fail() -> None:
    """Books that forget to use an approval are found out."""

    class Forgetful(PurchaseMachine):
        def open_store(self) -> Any:
            books = InMemoryBooks(self.clock.now)
            books.purchases._use_approval = lambda purchase, now: None
            return books

    # Without shrinking: that something is found is enough.
    found_only = settings(max_examples=40, deadline=None, database=None, phases=[Phase.generate])
    with pytest.raises(AssertionError):
        run_state_machine_as_test(Forgetful, settings=found_only)


def test_a_day_is_enough_for_a_stuck_purchase() -> None:
    """The machine allows I7 and I2 only because it never reconciles; here is I7 by itself."""
    clock = SettableClock()
    books = InMemoryBooks(clock.now)
    found = opportunity(1)
    books.opportunities.store([found], [])
    leave = approval(found, clock.now())
    books.approvals.insert(leave)
    claimed = purchase(leave, clock.now())
    assert books.purchases.claim(claimed, [], clock.now()) is None
    sent = PurchaseState.SUBMITTING
    assert books.purchases.advance(claimed.purchase_id, expected=(CLAIMED,), state=sent, now=clock.now())
    clock.advance(seconds=timedelta(hours=25).total_seconds() + 1)
    assert books.broken_invariants() == {"I7_nothing_stuck": 1}
