"""Buying what is approved: the order of steps, each reason to refuse, what becomes of each answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from arb_pipelines.domain.money import Money
from arb_pipelines.domain.opportunity import Opportunity
from arb_pipelines.domain.purchase import BuyQuote, OrderRefused, PlacedOrder, Purchase, PurchaseState
from arb_pipelines.domain.spend_limit import Action, ActionState, Refusal, SpendLimit
from arb_pipelines.services.purchasing import buy_approved
from arb_pipelines.services.reconciling import reconcile
from arb_pipelines_tests.contracts.trade_records import approval, opportunity, usd
from arb_pipelines_tests.fakes.books import InMemoryBooks
from arb_pipelines_tests.fakes.clock import SettableClock
from arb_pipelines_tests.fakes.shop import Answers, FakeBuyers, FakeShop

QUIET_S, HORIZON_S = 120, 86_400
LIMITS = [SpendLimit("total", usd(100_000), timedelta(days=1))]


class Desk:
    """Everything one account needs to buy at shop-1."""

    def __init__(self, *answers: Answers, **shop: object) -> None:
        self.clock = SettableClock()
        self.books = InMemoryBooks()
        self.shop = FakeShop(self.clock, answers, **shop)  # type: ignore[arg-type]
        self.buyers = FakeBuyers({"shop-1": self.shop})

    def approve(self, number: int = 1, **changes: object) -> Opportunity:
        found = opportunity(number)
        self.books.opportunities.store([found], [])
        assert self.books.approvals.insert(approval(found, self.clock.now(), **changes))
        return found

    def buy(self, limits: list[SpendLimit] | None = None) -> list[tuple[str, PurchaseState | None]]:
        usable = self.books.approvals.load_usable(self.clock.now())
        outcomes = buy_approved(usable, self.books, self.buyers, LIMITS if limits is None else limits, self.clock)
        return [(outcome.code, outcome.state) for outcome in outcomes]

    def state(self) -> PurchaseState:
        (purchase,) = self.books.purchases.load()
        return purchase.state


def test_an_approved_offer_is_bought_once() -> None:
    """The happy path, and running it again finds nothing left to do."""
    desk = Desk()
    desk.approve()
    assert desk.buy() == [("bought", PurchaseState.BOUGHT)]
    assert desk.buy() == []
    assert len(desk.shop.taken) == 1
    assert desk.books.broken_invariants() == {}
    assert desk.books.ledger.balances() == {("reserved", "USD"): 0, ("cash", "USD"): -1000, ("inventory", "USD"): 1000}


def test_the_same_approval_passed_twice_buys_once() -> None:
    """A stale list of approvals is no authority: the claim reads the row again."""
    desk = Desk()
    desk.approve()
    stale = desk.books.approvals.load_usable(desk.clock.now())
    outcomes = buy_approved([*stale, *stale], desk.books, desk.buyers, LIMITS, desk.clock)
    assert [outcome.code for outcome in outcomes] == ["bought", "approval_used"]
    assert len(desk.shop.taken) == 1


@pytest.mark.parametrize(
    "quote, code",
    [
        (BuyQuote("S1", None, True), "quote_total_unknown"),
        (BuyQuote("S1", usd(1000), None), "quote_stock_unknown"),
        (BuyQuote("S1", usd(1000), False), "quote_out_of_stock"),
        (BuyQuote("S1", usd(2501), True), "over_ceiling"),
        (BuyQuote("S1", Money(1000, "EUR"), True), "currency_differs"),
        (BuyQuote("other", usd(1000), True), "quote_item_differs"),
    ],
)
def test_what_the_shop_says_now_can_forbid_the_purchase(quote: BuyQuote, code: str) -> None:
    """Refused before the claim: the approval stays unused, nothing is reserved or sent."""
    desk = Desk()
    desk.approve()
    desk.shop.quotes["S1"] = quote
    assert desk.buy() == [(code, None)]
    assert desk.books.approvals.count_open(desk.clock.now()) == 1
    assert desk.books.purchases.load() == []
    assert desk.shop.taken == []


def test_a_total_at_the_ceiling_is_bought() -> None:
    """The ceiling itself is allowed."""
    desk = Desk(total=usd(2500))
    desk.approve()
    assert desk.buy() == [("bought", PurchaseState.BOUGHT)]


def test_an_unreadable_quote_refuses() -> None:
    """No answer is no permission."""
    desk = Desk()
    desk.approve()

    def broken(url: str, sku: str) -> BuyQuote:
        raise ValueError("not JSON")

    desk.shop.fetch_quote = broken  # type: ignore[method-assign]
    assert desk.buy() == [("quote_unreadable", None)]


def test_without_an_article_number_nothing_is_asked() -> None:
    """The shop cannot be asked about an offer that carries no number."""
    desk = Desk()
    desk.approve(sku=None)
    assert desk.buy() == [("sku_unknown", None)]


def test_an_expired_approval_is_refused() -> None:
    """Also when it was usable as the list was made."""
    desk = Desk()
    desk.approve()
    stale = desk.books.approvals.load_usable(desk.clock.now())
    desk.clock.advance(hours=2)
    outcomes = buy_approved(stale, desk.books, desk.buyers, LIMITS, desk.clock)
    assert [outcome.code for outcome in outcomes] == ["approval_expired"]


def test_a_site_without_a_buyer_is_left_to_a_person() -> None:
    """The link and the ceiling are reported; the approval stays."""
    desk = Desk()
    desk.buyers.shops.clear()
    found = desk.approve()
    usable = desk.books.approvals.load_usable(desk.clock.now())
    (outcome,) = buy_approved(usable, desk.books, desk.buyers, LIMITS, desk.clock)
    assert outcome.code == "person_required"
    assert outcome.link == found.url
    assert "25.00 USD" in outcome.detail
    assert desk.books.approvals.count_open(desk.clock.now()) == 1


def test_nothing_is_claimed_while_the_order_history_is_down() -> None:
    """Without reconciliation there is no buying; the approval is untouched."""
    desk = Desk()
    desk.approve()
    desk.shop.history_is_down = True
    assert desk.buy() == [("reconcile_impossible", None)]
    assert desk.books.purchases.load() == []
    desk.shop.history_is_down = False
    assert desk.buy() == [("bought", PurchaseState.BOUGHT)]


def test_the_kill_switch_is_read_inside_the_claim() -> None:
    """Halted: nothing is reserved or sent."""
    desk = Desk()
    desk.approve()
    desk.books.switches.put(Action.BUY, ActionState.HALTED, "stop", "test", desk.clock.now())
    assert desk.buy() == [("buy_halted", None)]
    assert desk.shop.taken == []


def test_a_spend_limit_refuses() -> None:
    """The reservation counts, not the price."""
    desk = Desk()
    desk.approve()
    assert desk.buy([SpendLimit("site:*", usd(2499), None)]) == [("spend_limit", None)]
    assert desk.shop.taken == []


def test_only_a_structured_refusal_is_a_refusal() -> None:
    """The reservation is given back at once."""
    desk = Desk(Answers.REFUSE)
    desk.approve()
    assert desk.buy() == [("refused:out_of_stock", PurchaseState.REFUSED)]
    assert desk.books.broken_invariants() == {}
    assert desk.books.ledger.balances()["cash", "USD"] == 0


@pytest.mark.parametrize("answer", [Answers.DROP, Answers.LOSE_ANSWER, Answers.BREAK, Answers.LATE])
def test_anything_else_is_uncertain_and_never_sent_again(answer: Answers) -> None:
    """Not by the next run, nor by one after the horizon."""
    desk = Desk(answer)
    desk.approve()
    assert desk.buy() == [("uncertain", PurchaseState.UNCERTAIN)]
    for _ in range(3):
        desk.buy()
        reconcile(desk.books, desk.buyers, desk.clock)
        desk.clock.advance(seconds=HORIZON_S)
    expected = PurchaseState.NOT_PLACED if answer is Answers.DROP else PurchaseState.BOUGHT
    assert desk.state() is expected
    assert len(desk.shop.placed_references) == (0 if answer is Answers.DROP else 1)
    assert desk.books.broken_invariants() == {}


def test_a_dearer_order_is_bought_and_says_so() -> None:
    """The books follow the shop, whatever it charged."""
    desk = Desk()
    desk.approve()
    desk.shop.quotes["S1"] = BuyQuote("S1", usd(1000), True)
    desk.shop.total = usd(2600)
    usable = desk.books.approvals.load_usable(desk.clock.now())
    (outcome,) = buy_approved(usable, desk.books, desk.buyers, LIMITS, desk.clock)
    assert outcome.state is PurchaseState.BOUGHT
    assert "more than the 25.00 USD reserved" in outcome.detail
    assert desk.books.broken_invariants() == {}


def test_an_order_in_another_currency_is_uncertain() -> None:
    """It cannot be settled against the reservation, so a person must look."""
    desk = Desk()
    desk.approve()
    desk.shop.quotes["S1"] = BuyQuote("S1", usd(1000), True)
    desk.shop.total = Money(900, "EUR")
    assert desk.buy() == [("uncertain", PurchaseState.UNCERTAIN)]
    found = reconcile(desk.books, desk.buyers, desk.clock)
    assert [alarm.code for alarm in found.alarms] == ["currency_differs"]
    assert desk.state() is PurchaseState.UNCERTAIN


def test_a_second_order_stops_buying_at_that_shop() -> None:
    """The account's history contradicts the books: nothing more is bought there."""
    desk = Desk()
    desk.approve(1)
    desk.buy()
    (taken,) = desk.shop.taken
    desk.shop.taken.append(replace(taken, order=replace(taken.order, shop_order_id="so-9")))
    desk.approve(2)
    assert desk.buy() == [("reconcile_alarm", None)]


def test_one_shop_out_of_order_does_not_stop_another() -> None:
    """Each site is reconciled by itself."""
    desk = Desk()
    desk.buyers.shops["shop-2"] = FakeShop(desk.clock)
    desk.approve(1)
    desk.approve(2, site="shop-2")
    desk.shop.history_is_down = True
    assert desk.buy() == [("reconcile_impossible", None), ("bought", PurchaseState.BOUGHT)]


def test_several_units_reserve_the_ceiling_of_each() -> None:
    """Quantity times the ceiling is held back, the rest given back."""
    desk = Desk()
    desk.approve(1, quantity=3)
    assert desk.buy() == [("bought", PurchaseState.BOUGHT)]
    (purchase,) = desk.books.purchases.load()
    assert (purchase.reserved, purchase.total) == (usd(7500), usd(3000))


def test_a_claim_that_was_released_meanwhile_is_not_sent() -> None:
    """A worker that slept past the quiet period finds its claim gone and stops."""
    desk = Desk()
    desk.approve()
    claim = desk.books.purchases.claim

    def claim_and_sleep(*arguments: object) -> object:
        refusal = claim(*arguments)  # type: ignore[arg-type]
        desk.clock.advance(seconds=QUIET_S)
        reconcile(desk.books, desk.buyers, desk.clock)
        return refusal

    desk.books.purchases.claim = claim_and_sleep  # type: ignore[method-assign, assignment]
    assert desk.buy() == [("lost_claim", None)]
    assert desk.shop.taken == []
    assert desk.state() is PurchaseState.RELEASED


def test_an_answer_that_comes_after_reconciliation_changes_nothing() -> None:
    """The order was found while its answer was on the way; a blind write would make it uncertain."""
    desk = Desk(Answers.LOSE_ANSWER)
    desk.approve()
    place = desk.shop.place

    def place_slowly(purchase: Purchase) -> PlacedOrder | OrderRefused:
        try:
            return place(purchase)
        finally:
            reconcile(desk.books, desk.buyers, desk.clock)

    desk.shop.place = place_slowly  # type: ignore[method-assign]
    desk.buy()
    assert desk.state() is PurchaseState.BOUGHT
    assert desk.books.broken_invariants() == {}


def test_where_a_partner_contract_is_missing_the_outcome_says_so() -> None:
    """It is still a person's to complete: the link is there and the approval unused."""
    desk = Desk()
    desk.approve(site="ebay")
    usable = desk.books.approvals.load_usable(desk.clock.now())
    why = {"ebay": Refusal("partner_not_approved", "ebay lets approved partners alone order by machine")}
    (outcome,) = buy_approved(usable, desk.books, desk.buyers, LIMITS, desk.clock, left_to_people=why)
    assert (outcome.code, outcome.link) == ("partner_not_approved", usable[0].url)
    assert desk.books.approvals.load_usable(desk.clock.now()) == usable
