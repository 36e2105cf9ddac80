"""Bids: told once, held by the same money rules as purchases, and no more of a group than may be won."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from arb_pipelines.domain.approval import Approval
from arb_pipelines.domain.bidding import Auction, BidState
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.outlet import OutletRefusedError
from arb_pipelines.domain.purchase import PlacedOrder, PurchaseState
from arb_pipelines.domain.spend_limit import Action, ActionState, Refusal, SpendLimit
from arb_pipelines.services.bidding import BidGroup, bid_approved
from arb_pipelines_tests.contracts.trade_records import approval, opportunity, usd
from arb_pipelines_tests.fakes.books import InMemoryBooks
from arb_pipelines_tests.fakes.clock import START, SettableClock

ENDS = START + timedelta(hours=6)
LIMITS = [SpendLimit("total", usd(100_000), timedelta(days=1)), SpendLimit("order", usd(2_500), None)]
Told = tuple[str, Money]


class Auctions:
    """A place of auctions that all end at once; `won` and `lost` say how, `failing` what a call does instead."""

    def __init__(self) -> None:
        self.told: list[Told] = []
        self.own: dict[str, Money] = {}
        self.results: dict[str, BidState] = {}
        self.orders: list[PlacedOrder] = []
        self.failing: dict[str, Exception] = {}
        self.shipping: Money | None = usd(500)

    def bidder_for(self, site: str) -> Auctions | Refusal:
        return self if site == "shop-1" else Refusal("partner_not_approved", "no contract")

    def _fail(self, call: str) -> None:
        if call in self.failing:
            raise self.failing[call]

    def fetch_auction(self, auction_id: str) -> Auction:
        self._fail("fetch_auction")
        return Auction(auction_id, ENDS, usd(100), self.shipping, Decimal(0))

    def fetch_own_maximum(self, auction_id: str) -> Money | None:
        return self.own.get(auction_id)

    def fetch_result(self, auction_id: str) -> BidState | None:
        self._fail("fetch_result")
        return self.results.get(auction_id)

    def place_bid(self, auction_id: str, maximum: Money) -> str:
        self.told.append((auction_id, maximum))
        self._fail("place_bid")
        return f"bid-{len(self.told)}"

    def fetch_orders(self, since: datetime) -> list[PlacedOrder]:
        self._fail("fetch_orders")
        return self.orders

    def win(self, auction_id: str) -> None:
        self.results[auction_id] = BidState.WON
        self.orders.append(PlacedOrder(f"order-{auction_id}", None, auction_id, 1, usd(2_100), ENDS, None))


@pytest.fixture
def books(clock: SettableClock) -> InMemoryBooks:
    return InMemoryBooks(clock.now)


@pytest.fixture
def place() -> Auctions:
    return Auctions()


def group_of(books: InMemoryBooks, count: int = 3, wanted: int = 1, **changes: object) -> BidGroup:
    """Return a group of approved auctions that sell the same thing, the best first."""
    found = [opportunity(number) for number in range(1, count + 1)]
    books.opportunities.store(found, [])
    leaves = [replace(approval(one), approval_id=f"ap-{number}", **changes) for number, one in enumerate(found, 1)]  # type: ignore[arg-type]
    for leave in leaves:
        books.approvals.insert(replace(leave, expires_at=START + timedelta(days=9)))
    return BidGroup("kettles", wanted, [replace(leave, expires_at=START + timedelta(days=9)) for leave in leaves])


def codes(books: InMemoryBooks, group: BidGroup, place: Auctions, clock: SettableClock) -> list[str]:
    outcomes = bid_approved(group, books, place, LIMITS, clock)
    assert books.broken_invariants() == {}
    return [one.code for one in outcomes]


def state_of(books: InMemoryBooks, number: int) -> PurchaseState | None:
    found = [one for one in books.purchases.load() if one.approval_id == f"ap-{number}"]
    return found[0].state if found else None


def test_the_true_maximum_is_told_once_with_shipping_off(
    books: InMemoryBooks, place: Auctions, clock: SettableClock
) -> None:
    group = group_of(books)
    assert codes(books, group, place, clock) == ["bid_placed", "bid_group_full", "bid_group_full"]
    assert place.told == [("S1", usd(2_000))]
    (bid,) = books.purchases.load()
    assert (bid.reserved, bid.bid, bid.state, bid.auction_ends_at) == (
        usd(2_500),
        usd(2_000),
        PurchaseState.UNCERTAIN,
        ENDS,
    )
    assert codes(books, group, place, clock)[0] == "bid_already_placed"
    assert len(place.told) == 1


def test_a_win_cancels_the_rest(books: InMemoryBooks, place: Auctions, clock: SettableClock) -> None:
    group = group_of(books, wanted=2)
    assert codes(books, group, place, clock) == ["bid_placed", "bid_placed", "bid_group_full"]
    clock.advance(hours=7)
    place.win("S1")
    place.win("S2")
    assert codes(books, replace(group, approvals=()), place, clock) == []
    assert codes(books, group, place, clock)[2] == "bid_group_full"
    assert [state_of(books, number) for number in (1, 2, 3)] == [PurchaseState.BOUGHT, PurchaseState.BOUGHT, None]
    assert books.ledger.balances()["inventory", "USD"] == 4_200


def test_a_lost_auction_frees_its_money_and_makes_room_for_the_next(
    books: InMemoryBooks, place: Auctions, clock: SettableClock
) -> None:
    group = group_of(books)
    codes(books, group, place, clock)
    clock.advance(hours=5)
    place.results["S1"] = BidState.LOST
    assert codes(books, group, place, clock) == ["bid_already_placed", "bid_group_full", "bid_group_full"]
    clock.advance(hours=2)
    place.failing["fetch_result"] = ConnectionError("away")
    assert codes(books, group, place, clock)[1] == "bid_group_full"
    place.failing.clear()
    assert codes(books, group, place, clock)[1] == "auction_over"
    assert state_of(books, 1) is PurchaseState.NOT_PLACED
    assert books.ledger.balances().get(("reserved", "USD"), 0) == 0


@pytest.mark.parametrize("answer", [ConnectionError("lost"), ValueError("odd"), RuntimeError("broken")])
def test_a_lost_answer_counts_as_a_bid_and_is_never_sent_again(
    books: InMemoryBooks, place: Auctions, clock: SettableClock, answer: Exception
) -> None:
    group = group_of(books)
    place.failing["place_bid"] = answer
    assert codes(books, group, place, clock) == ["uncertain", "bid_group_full", "bid_group_full"]
    place.failing.clear()
    codes(books, group, place, clock)
    assert len(place.told) == 1
    clock.advance(hours=7)
    place.win("S1")
    codes(books, group, place, clock)
    assert state_of(books, 1) is PurchaseState.BOUGHT


def test_a_plain_refusal_makes_room_for_the_next(books: InMemoryBooks, place: Auctions, clock: SettableClock) -> None:
    group = group_of(books, count=2)
    place.failing["place_bid"] = OutletRefusedError("auction_over", "too late")
    assert codes(books, group, place, clock) == ["refused:auction_over", "refused:auction_over"]
    assert {one.state for one in books.purchases.load()} == {PurchaseState.REFUSED}


def test_an_order_that_no_result_explains_is_waited_for_until_long_after_the_end(
    books: InMemoryBooks, place: Auctions, clock: SettableClock
) -> None:
    group = group_of(books, count=1)
    codes(books, group, place, clock)
    clock.advance(hours=30)
    codes(books, group, place, clock)
    assert state_of(books, 1) is PurchaseState.UNCERTAIN
    clock.advance(hours=1)
    codes(books, group, place, clock)
    assert state_of(books, 1) is PurchaseState.NOT_PLACED


@pytest.mark.parametrize(
    "code, change",
    [
        ("bid_shipping_unknown", {"shipping": None}),
        ("bid_not_worth_it", {"shipping": usd(2_500)}),
        ("bid_already_placed", {"own": {"S1": usd(1)}}),
        ("auction_unreadable", {"failing": {"fetch_auction": ValueError("odd")}}),
        ("reconcile_impossible", {"failing": {"fetch_orders": ConnectionError("away")}}),
    ],
)
def test_what_is_not_certain_is_not_bid_on(
    books: InMemoryBooks, place: Auctions, clock: SettableClock, code: str, change: dict[str, object]
) -> None:
    for name, value in change.items():
        setattr(place, name, value)
    assert codes(books, group_of(books, count=1), place, clock) == [code]
    assert (place.told, books.purchases.load()) == ([], [])


@pytest.mark.parametrize(
    "code, changes",
    [
        ("partner_not_approved", {"site": "ebay"}),
        ("sku_unknown", {"sku": None}),
        ("bid_one_unit", {"quantity": 2}),
    ],
)
def test_what_no_machine_bids_on(
    books: InMemoryBooks, place: Auctions, clock: SettableClock, code: str, changes: dict[str, object]
) -> None:
    assert codes(books, group_of(books, 1, **changes), place, clock) == [code]
    assert place.told == []


def test_switch_limits_and_risk_bind_as_for_a_purchase(
    books: InMemoryBooks, place: Auctions, clock: SettableClock
) -> None:
    group = group_of(books, count=1)
    books.switches.put(Action.BUY, ActionState.HALTED, "a test", "me", START)
    assert codes(books, group, place, clock) == ["buy_halted"]
    books.switches.put(Action.BUY, ActionState.ACTIVE, "a test", "me", START)
    poor = [SpendLimit("total", usd(2_499), timedelta(days=1))]
    assert bid_approved(group, books, place, poor, clock)[0].code == "spend_limit"

    def risky(one: Approval) -> Refusal | None:
        return Refusal("stale_price", one.approval_id)

    assert bid_approved(group, books, place, LIMITS, clock, risk=risky)[0].code == "stale_price"
    assert place.told == []


def test_two_processes_cannot_hold_more_of_a_group_than_may_be_won(
    books: InMemoryBooks, place: Auctions, clock: SettableClock
) -> None:
    """The second one read the group before the first had claimed: the claim itself counts."""
    group = group_of(books, count=2)
    codes(books, group, place, clock)
    other = BidGroup("another", 1, group.approvals[1:])
    renamed = replace(other, group_id="kettles")
    taken = books.purchases.load
    books.purchases.load = lambda states=(): []  # type: ignore[method-assign]
    outcomes = bid_approved(renamed, books, place, LIMITS, clock)
    books.purchases.load = taken  # type: ignore[method-assign]
    assert [one.code for one in outcomes] == ["bid_group_full"]
    assert len(place.told) == 1
