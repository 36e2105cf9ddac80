"""Eight published accidents, replayed: each is stopped before the second order or the second wrong act.

Each replay first shows the accident on a naive version of the same step, so that the stop is not an accident itself.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from arb_pipelines.domain.approval import Approval
from arb_pipelines.domain.listing import ListingState
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.negotiation import MoveKind, Stance, Talks, next_move
from arb_pipelines.domain.purchase import PlacedOrder
from arb_pipelines.domain.repricing import PriceChange, RepriceBreaker
from arb_pipelines.domain.spend_limit import Refusal
from arb_pipelines.services import repricing
from arb_pipelines.services.approvals import approve_by_person
from arb_pipelines.services.listing import receive_delivered
from arb_pipelines.services.purchasing import PurchaseOutcome, buy_approved
from arb_pipelines.services.repricing import Repriced, reprice
from arb_pipelines_tests.contracts.trade_records import approval, opportunity, usd
from arb_pipelines_tests.fakes.clock import SettableClock
from arb_pipelines_tests.fakes.shop import FakeBuyers, FakeShop, Taken
from arb_pipelines_tests.services.selling_desk import RULES, SellingDesk


def catalogue(lots: int) -> SellingDesk:
    """Return a desk with so many listings at 50.00."""
    desk = SellingDesk(lots=lots)
    desk.list_all()
    return desk


def run(desk: SellingDesk, breaker: RepriceBreaker = repricing.BREAKER) -> Repriced:
    return reprice(desk.books, desk.outlet, desk.books.predictions.load(), desk.clock, breaker=breaker)


class BuyingDesk:
    """Books with approved offers, and one shop."""

    def __init__(self, offers: int) -> None:
        self.desk = SellingDesk()
        self.books, self.clock = self.desk.books, self.desk.clock
        self.shop = FakeShop(self.clock, total=usd(2_000))
        for number in range(101, 101 + offers):
            found = opportunity(number)
            self.books.opportunities.store([found], [])
            assert self.books.approvals.insert(approval(found, self.clock.now()))

    def usable(self) -> list[Approval]:
        return self.books.approvals.load_usable(self.clock.now())

    def buy(self, approvals: list[Approval] | None = None) -> list[PurchaseOutcome]:
        wanted = self.usable() if approvals is None else approvals
        return buy_approved(wanted, self.books, FakeBuyers({"shop-1": self.shop}), (), self.clock)


def test_1_a_repricer_takes_the_catalogue_to_a_penny() -> None:
    """Repricers in 2014: everything to one penny. The first run stops before its first change."""
    desk = catalogue(10)
    desk.predict(1, 1, 1)
    naive = [1 for _ in desk.listings()]
    assert naive == [1] * 10
    done = run(desk)
    assert done.stopped is not None
    assert done.stopped.code == "reprice_breaker"
    assert "update_price" not in desk.outlet.calls


def test_1_in_small_steps_it_is_stopped_by_the_second() -> None:
    """Steps that each pass the breaker of a run add up; the second within the hour is stopped."""
    desk, prices, stopped = catalogue(10), [5_000], []
    for _ in range(6):
        desk.clock.advance(minutes=10)
        prices.append(prices[-1] * 96 // 100)
        desk.predict(prices[-1] - 1_000, prices[-1], 6_000)
        done = run(desk)
        stopped.append(done.stopped.code if done.stopped else None)
    assert prices[-1] < 4_000
    assert stopped[:2] == [None, "falls_too_fast"]
    assert None not in stopped[1:]
    assert {listing.price for listing in desk.listings()} == {usd(4_800)}


def test_1_a_mad_rule_is_stopped_in_the_last_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even if the decision itself goes wrong, no price moves by more than 15 % at once, nor below its floor."""
    desk = catalogue(2)

    def penny(listing, target, now, **rest):
        return PriceChange(listing.sku, listing.price, usd(1), "mad")

    monkeypatch.setattr(repricing, "decide_price", penny)
    halted = run(desk).stopped
    assert halted is not None
    assert halted.code == "move_too_large"
    blind = RepriceBreaker(widest_percent=100, drop_percent=100)
    assert {left.code for left in run(desk, blind).not_done} == {"move_too_large"}
    assert set(desk.outlet.prices.values()) == {usd(5_000)}


@pytest.mark.parametrize("minimum", [0, 1])
def test_2_a_blank_minimum_becomes_a_cent(minimum: int) -> None:
    """A repricer in 2012 read a blank minimum as one cent. A listing without a floor is neither listed nor moved."""
    desk = catalogue(1)
    (listed,) = desk.listings()
    damaged = replace(listed, floor=usd(minimum), price=usd(minimum), listing_id="other", sku="other")
    with pytest.raises(ValueError, match="not between"):
        desk.books.listings.insert(replace(damaged, floor=usd(0)))
    # A row that was damaged behind our back: the last step refuses it, the outlet keeps the old price.
    desk.books.listings.rows[listed.listing_id] = replace(listed, floor=usd(0), price=usd(0))
    done = run(desk)
    assert [left.code for left in done.not_done] == ["below_floor"]
    assert desk.outlet.prices[listed.sku] == usd(5_000)
    assert desk.books.broken_invariants()["I9_price_within_bounds"] == 1


def test_3_two_bots_raise_each_other() -> None:
    """A textbook for 23.7 million dollars (2011): each bot follows the other. Ours never passes its ceiling."""
    naive = rival = 50.0
    desk = catalogue(1)
    (listed,) = desk.listings()
    shown = listed.price.minor
    for _ in range(60):
        naive, rival = naive * 0.9983, naive * 1.270589
        naive = rival * 0.9983
        shown = desk.outlet.prices[listed.sku].minor
        followed = shown * 127 // 100
        desk.predict(followed, followed, followed * 2)
        run(desk)
        desk.clock.advance(hours=1)
    assert naive > 1_000_000
    assert shown == listed.ceiling.minor == 6_000


def test_4_old_code_sends_orders_that_nobody_asked_for() -> None:
    """A broker in 2012: one server of eight sent four million orders. Orders that are not ours stop ours."""
    trade = BuyingDesk(offers=5)
    assert [one.code for one in trade.buy(trade.usable()[:1])] == ["bought"]
    for number in range(3):
        order = PlacedOrder(f"old-{number}", None, f"X{number}", 1, usd(900), trade.clock.now(), None)
        trade.shop.taken.append(Taken(order, trade.clock.now()))
    assert {one.code for one in trade.buy()} == {"strange_orders"}
    assert len(trade.shop.placed_references) == 1


def test_4_a_second_order_of_one_purchase_stops_the_site() -> None:
    """The same, where the old server repeats our own orders."""
    trade = BuyingDesk(offers=3)
    trade.buy(trade.usable()[:1])
    first = trade.shop.taken[0].order
    trade.shop.taken.append(Taken(replace(first, shop_order_id="again"), trade.clock.now()))
    assert {one.code for one in trade.buy()} == {"reconcile_alarm"}
    assert len(trade.shop.placed_references) == 1


def test_5_money_typed_into_the_quantity_field() -> None:
    """A trader in 2022: 58 million units for 58 million dollars, and a warning one could click away."""
    trade = BuyingDesk(offers=0)
    trade.books.opportunities.store([opportunity(7)], [])
    typed = {"ceiling": usd(2_500), "by": "desk", "clock": trade.clock, "valid_for": timedelta(hours=1)}
    decided = approve_by_person(trade.books, "opportunity-7", quantity=58_000_000, **typed)
    assert isinstance(decided, Refusal)
    assert decided.code == "quantity_cap"
    assert trade.usable() == []
    assert trade.buy() == []


def test_6_forecasts_lose_more_than_the_margin() -> None:
    """A house buyer in 2021 bought faster while its resales lost. Ten losing sales stop the next purchase."""
    trade = BuyingDesk(offers=2)
    for number in range(51, 61):
        trade.desk.deliver(number, total=2_400)
    receive_delivered(trade.books, trade.clock)
    trade.desk.list_all(RULES)
    assert trade.buy(trade.usable()[:1])[0].code == "bought"
    for listed in list(trade.books.listings.load((ListingState.ACTIVE,)))[:10]:
        trade.desk.outlet.prices[listed.sku] = usd(2_000)
        order = trade.desk.outlet.sell(listed.sku, trade.clock.now(), fee=usd(300), tax=usd(140))
        trade.books.orders.import_order(order, usd(300), False)
    assert {one.code for one in trade.buy()} == {"realised_loss"}
    assert len(trade.shop.placed_references) == 1


def test_7_a_payment_batch_runs_twice() -> None:
    """A bank in 2021: 75,000 payments twice. The second run of the same batch finds nothing left to do."""
    trade = BuyingDesk(offers=4)
    batch = trade.usable()
    assert {one.code for one in trade.buy(batch)} == {"bought"}
    assert {one.code for one in trade.buy(batch)} <= {"approval_used", "offer_taken"}
    assert sorted(trade.shop.placed_references) == sorted(set(trade.shop.placed_references))
    assert len(trade.shop.taken) == 4


def test_8_a_chatbot_is_talked_into_a_promise() -> None:
    """A car for a dollar, a fare that did not exist (2023, 2024): words are no authority to spend or to sell."""
    clock = SettableClock()
    talks = Talks(usd(5_000), usd(3_000), usd(4_000), clock.now() + timedelta(hours=1), (usd(2_900),), usd(1_000_000))
    for counter in (usd(1_000_000), usd(3_001), usd(3_000), usd(1)):
        move = next_move(replace(talks, counter=counter), Stance(opening=Decimal("0.7")), clock.now())
        assert move.kind is MoveKind.WALK_AWAY or (move.amount is not None and move.amount <= talks.walk_away)
    trade = BuyingDesk(offers=1)
    (real,) = trade.usable()
    promised = replace(real, approval_id="promised-in-a-chat", ceiling=Money(10**9, "USD"))
    assert [one.code for one in trade.buy([promised])] == ["approval_missing"]
    raised = replace(real, ceiling=Money(10**9, "USD"))
    assert [one.code for one in trade.buy([raised])] == ["approval_mismatch"]
    assert trade.shop.taken == []
