"""Books and shops made equal: what is found, what is not, what fits no intent."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from arb_pipelines.domain.purchase import PlacedOrder, PurchaseState
from arb_pipelines.services.purchasing import buy_approved
from arb_pipelines.services.reconciling import HORIZON_S, Reconciliation, reconcile
from arb_pipelines_tests.contracts.trade_records import approval, opportunity, purchase, usd
from arb_pipelines_tests.fakes.books import InMemoryBooks
from arb_pipelines_tests.fakes.clock import SettableClock
from arb_pipelines_tests.fakes.shop import Answers, FakeBuyers, FakeShop, Taken

CLAIMED, SUBMITTING, UNCERTAIN = PurchaseState.CLAIMED, PurchaseState.SUBMITTING, PurchaseState.UNCERTAIN
NOT_PLACED, BOUGHT, RELEASED = PurchaseState.NOT_PLACED, PurchaseState.BOUGHT, PurchaseState.RELEASED


class Account:
    """Books and one shop, with purchases put into a state by hand."""

    def __init__(self, **shop: object) -> None:
        self.clock = SettableClock()
        self.books = InMemoryBooks()
        self.shop = FakeShop(self.clock, **shop)  # type: ignore[arg-type]
        self.buyers = FakeBuyers({"shop-1": self.shop})

    def claim(self, number: int = 1, *states: PurchaseState) -> str:
        found = opportunity(number)
        self.books.opportunities.store([found], [])
        leave = approval(found, self.clock.now(), expires_at=self.clock.now() + timedelta(days=30))
        self.books.approvals.insert(leave)
        claimed = purchase(leave, self.clock.now())
        assert self.books.purchases.claim(claimed, (), self.clock.now()) is None
        for old, new in zip((CLAIMED, *states), states, strict=False):
            assert self.books.purchases.advance(claimed.purchase_id, expected=(old,), state=new, now=self.clock.now())
        return claimed.purchase_id

    def order(self, purchase_id: str | None, order_id: str = "so-1", sku: str = "S1", minor: int = 1000) -> None:
        placed = PlacedOrder(order_id, purchase_id, sku, 1, usd(minor), self.clock.now(), None)
        self.shop.taken.append(Taken(placed, self.clock.now()))

    def reconcile(self, **options: object) -> Reconciliation:
        return reconcile(self.books, self.buyers, self.clock, **options)  # type: ignore[arg-type]

    def state_of(self, purchase_id: str) -> PurchaseState:
        return self.books.purchases.rows[purchase_id].state


@pytest.mark.parametrize("states", [(SUBMITTING,), (SUBMITTING, UNCERTAIN), (SUBMITTING, UNCERTAIN, NOT_PLACED)])
def test_an_order_that_is_found_is_bought(states: tuple[PurchaseState, ...]) -> None:
    """Also one that shows up after it was given up: it is adopted, and the ledger stays balanced."""
    account = Account()
    purchase_id = account.claim(1, *states)
    account.order(purchase_id)
    assert account.reconcile().settled == [purchase_id]
    assert account.state_of(purchase_id) is BOUGHT
    assert account.books.broken_invariants() == {}
    assert account.reconcile().settled == []


def test_not_found_waits_for_the_horizon() -> None:
    """Submitting becomes uncertain after the quiet period, not placed only after the horizon."""
    account = Account()
    purchase_id = account.claim(1, SUBMITTING)
    account.reconcile()
    assert account.state_of(purchase_id) is SUBMITTING
    account.clock.advance(seconds=121)
    assert account.reconcile().uncertain == [purchase_id]
    account.clock.advance(seconds=HORIZON_S - 1)
    account.reconcile()
    assert account.state_of(purchase_id) is UNCERTAIN
    account.clock.advance(seconds=2)
    assert account.reconcile().not_placed == [purchase_id]
    assert account.books.broken_invariants() == {}
    assert account.books.ledger.balances()["reserved", "USD"] == 0


def test_a_left_over_claim_is_released_after_the_quiet_period() -> None:
    """It never was on the wire; a younger one may have a worker."""
    account = Account()
    purchase_id = account.claim(1)
    account.reconcile()
    assert account.state_of(purchase_id) is CLAIMED
    account.clock.advance(seconds=121)
    assert account.reconcile().released == [purchase_id]
    assert account.books.broken_invariants() == {}


def test_an_order_without_an_intent_is_an_alarm() -> None:
    """Somebody else uses the account, or our books are wrong."""
    account = Account()
    account.order("somebody-else")
    found = account.reconcile(sites=["shop-1"])
    assert [(alarm.code, alarm.shop_order_id) for alarm in found.alarms] == [("orphan_order", "so-1")]


def test_a_second_order_for_one_intent_is_an_alarm() -> None:
    """The second is never settled onto the same purchase."""
    account = Account()
    purchase_id = account.claim(1, SUBMITTING)
    account.order(purchase_id, "so-1")
    account.order(purchase_id, "so-2")
    assert [alarm.code for alarm in account.reconcile().alarms] == ["double_order"]
    assert account.books.purchases.rows[purchase_id].total == usd(1000)


def test_an_order_of_a_released_purchase_is_an_alarm() -> None:
    """A released claim was never sent, so an order with its reference is not ours to explain."""
    account = Account()
    purchase_id = account.claim(1, RELEASED)
    account.order(purchase_id)
    assert [alarm.code for alarm in account.reconcile().alarms] == ["unexpected_order"]


def test_a_bought_order_that_vanishes_is_an_alarm() -> None:
    """The shop may have cancelled it; the books do not guess."""
    account = Account()
    purchase_id = account.claim(1, SUBMITTING)
    account.order(purchase_id)
    account.reconcile()
    account.shop.taken.clear()
    account.clock.advance(seconds=121)
    assert [alarm.code for alarm in account.reconcile().alarms] == ["order_missing"]


def test_without_references_one_fitting_purchase_is_paired() -> None:
    """By article, quantity, price and time."""
    account = Account()
    purchase_id = account.claim(1, SUBMITTING, UNCERTAIN)
    account.order(None)
    assert account.reconcile().settled == [purchase_id]


@pytest.mark.parametrize("sku, minor, code", [("S1", 9999, "orphan_order"), ("S2", 1000, "orphan_order")])
def test_without_references_nothing_else_is_paired(sku: str, minor: int, code: str) -> None:
    """Another article, or dearer than what was reserved, is not our order."""
    account = Account()
    purchase_id = account.claim(1, SUBMITTING, UNCERTAIN)
    account.order(None, sku=sku, minor=minor)
    assert [alarm.code for alarm in account.reconcile().alarms] == [code]
    assert account.state_of(purchase_id) is UNCERTAIN


def test_without_references_two_fitting_purchases_are_ambiguous() -> None:
    """Neither is settled: a person decides."""
    account = Account()
    ids = [account.claim(number, SUBMITTING, UNCERTAIN) for number in (1, 2)]
    for purchase_id in ids:
        account.books.purchases.rows[purchase_id] = replace(account.books.purchases.rows[purchase_id], sku="S1")
    account.order(None)
    assert [alarm.code for alarm in account.reconcile().alarms] == ["ambiguous_order"]
    assert {account.state_of(purchase_id) for purchase_id in ids} == {UNCERTAIN}


def test_delivered_goods_are_marked_once() -> None:
    """With the time that the shop tells."""
    account = Account()
    purchase_id = account.claim(1, SUBMITTING)
    account.order(purchase_id)
    account.shop.delivers_after = timedelta(hours=20)
    assert account.reconcile().delivered == []
    account.clock.advance(hours=21)
    assert account.reconcile().delivered == [purchase_id]
    assert account.reconcile().delivered == []
    delivered_at = account.books.purchases.rows[purchase_id].delivered_at
    assert delivered_at == account.clock.now() - timedelta(hours=1)


def test_an_unreadable_history_is_reported_and_nothing_changes() -> None:
    """An uncertain purchase past its horizon then needs a person."""
    account = Account()
    purchase_id = account.claim(1, SUBMITTING, UNCERTAIN)
    account.shop.history_is_down = True
    found = account.reconcile()
    assert (found.unreadable_sites, found.alarms) == (["shop-1"], [])
    account.clock.advance(days=2)
    found = account.reconcile()
    assert [alarm.code for alarm in found.alarms] == ["uncertain_overdue"]
    assert account.state_of(purchase_id) is UNCERTAIN


def test_a_site_that_lost_its_buyer_is_an_alarm() -> None:
    """Open purchases there can no longer be reconciled."""
    account = Account()
    account.claim(1, SUBMITTING)
    account.buyers.shops.clear()
    assert [alarm.code for alarm in account.reconcile().alarms] == ["no_buyer"]


def test_summary_counts_every_list() -> None:
    """What a run shows."""
    account = Account()
    purchase_id = account.claim(1, SUBMITTING)
    account.order(purchase_id)
    summary = account.reconcile().summary()
    assert summary["settled"] == 1
    assert set(summary) == {
        "settled", "not_placed", "uncertain", "released", "delivered", "unreadable_sites", "alarms"
    }  # fmt: skip


def test_a_lost_answer_is_settled_by_the_next_purchase_run() -> None:
    """Each purchase run reconciles its shops first."""
    account = Account()
    found = opportunity(1)
    account.books.opportunities.store([found], [])
    account.books.approvals.insert(approval(found, account.clock.now()))
    account.shop._answers = [Answers.LOSE_ANSWER]
    usable = account.books.approvals.load_usable(account.clock.now())
    (outcome,) = buy_approved(usable, account.books, account.buyers, (), account.clock)
    assert outcome.state is UNCERTAIN
    second = opportunity(2)
    account.books.opportunities.store([second], [])
    account.books.approvals.insert(approval(second, account.clock.now()))
    usable = account.books.approvals.load_usable(account.clock.now())
    buy_approved(usable, account.books, account.buyers, (), account.clock)
    assert {p.state for p in account.books.purchases.load()} == {BOUGHT}


@pytest.mark.parametrize("keeps_reference", [True, False])
def test_an_order_made_while_the_clock_was_a_day_ahead_is_found(keeps_reference: bool) -> None:
    """The purchase is dated a day after its order; the history is asked for far enough back (a simulated loss)."""
    account = Account()
    account.clock.advance(days=1)
    purchase_id = account.claim(1, SUBMITTING, UNCERTAIN)
    account.clock.advance(days=-1)
    account.order(purchase_id if keeps_reference else None)
    account.clock.advance(hours=27)
    assert account.reconcile().settled == [purchase_id]


def test_a_clock_set_a_day_ahead_does_not_end_the_wait() -> None:
    """An order that lands four minutes later would be given up, and its money spent again."""
    account = Account()
    purchase_id = account.claim(1, SUBMITTING, UNCERTAIN)
    account.clock.advance(days=1, minutes=6)
    assert account.reconcile().not_placed == []
    account.clock.advance(minutes=30)
    assert account.reconcile().not_placed == [purchase_id]


def test_an_order_that_the_history_shows_twice_is_one_order() -> None:
    """Pages that overlap are no double order; buying there goes on."""
    account = Account()
    purchase_id = account.claim(1, SUBMITTING)
    account.order(purchase_id)
    account.shop.taken *= 2
    found = account.reconcile()
    assert (found.settled, found.alarms) == ([purchase_id], [])
