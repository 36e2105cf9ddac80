"""Receiving and listing: only stock that exists, at a price that covers it, each SKU once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from arb_pipelines.domain.fees import load_schedules
from arb_pipelines.domain.listing import ListingState
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.outlet import OutletRefusedError, OutletTerms
from arb_pipelines.domain.price import PricePrediction
from arb_pipelines.domain.spend_limit import Action, ActionState
from arb_pipelines.services.listing import receive_delivered
from arb_pipelines_tests.contracts.trade_records import usd
from arb_pipelines_tests.fakes.clock import START
from arb_pipelines_tests.fakes.dying import Death, WorkerKilled
from arb_pipelines_tests.services.selling_desk import RULES, SellingDesk

PREDICTION = PricePrediction("product-1", "new", "sandbox", usd(4_000), usd(5_000), None, 10.0, 0.9, "model-1", START)


def test_a_delivered_purchase_becomes_one_lot() -> None:
    """Receiving again changes nothing."""
    desk = SellingDesk()
    desk.deliver(1)
    assert [lot.unit_cost for lot in receive_delivered(desk.books, desk.clock).received] == [usd(2_000)]
    assert receive_delivered(desk.books, desk.clock).summary() == {"received": 0, "refused": 0}
    assert len(desk.lots()) == 1


def test_goods_on_their_way_are_no_stock() -> None:
    """Bought is not yet owned."""
    desk = SellingDesk()
    purchase_id = desk.deliver(1)
    rows = desk.books.purchases.rows
    rows[purchase_id] = replace(rows[purchase_id], delivered_at=None)
    assert receive_delivered(desk.books, desk.clock).received == []


def test_an_uneven_cost_is_reported_not_rounded() -> None:
    """A person splits the purchase; until then it is no stock."""
    desk = SellingDesk()
    purchase_id = desk.deliver(1, total=2_000, quantity=3)
    (refused,) = receive_delivered(desk.books, desk.clock).refused
    assert (refused.key, refused.code) == (purchase_id, "uneven_unit_cost")
    assert desk.lots() == []


def test_a_lot_is_listed_between_its_floor_and_its_ceiling() -> None:
    """At the middle prediction; the floor is what covers the cost with 10 % on top after the fees."""
    desk = SellingDesk(lots=1)
    assert desk.list_all().summary() == {"listed": 1, "ended": 0, "shared": 0, "not_listed": 0, "stopped": 0}
    (listing,) = desk.listings()
    assert (listing.price, listing.ceiling, listing.state) == (usd(5_000), usd(6_000), ListingState.ACTIVE)
    assert (listing.title, listing.gtin, listing.brand, listing.mpn) == ("Kettle K1", "4006381333931", "Kett", "K1")
    assert listing.outlet_listing_id == "li-1"
    curve = RULES.terms.curve(load_schedules(), "Kitchen", START.date())
    assert curve.net(listing.floor.minor) >= 2_200 > curve.net(listing.floor.minor - 1)


def test_listing_again_lists_nothing() -> None:
    """The lot has its listing."""
    desk = SellingDesk(lots=2)
    desk.list_all()
    assert desk.list_all().summary() == {"listed": 0, "ended": 0, "shared": 0, "not_listed": 0, "stopped": 0}
    assert len(desk.outlet.listing_ids) == 2


def test_a_floor_above_the_market_is_the_price() -> None:
    """Never below what it cost us; the floor lifts the ceiling too."""
    desk = SellingDesk(lots=1)
    desk.predict(1_000, 1_500, 2_000)
    desk.list_all()
    (listing,) = desk.listings()
    assert listing.price == listing.floor == listing.ceiling
    assert listing.floor > usd(2_200)


@pytest.mark.parametrize(
    "changes, code",
    [
        ({"product_id": "other"}, "no_prediction"),
        ({"abstained": "too_few_sales"}, "model_abstains(too_few_sales)"),
        ({"middle": None}, "model_abstains(no_price)"),
        ({"middle": Money(5_000, "EUR"), "high": None}, "currency_differs"),
    ],
)
def test_without_a_price_it_is_not_listed(changes: dict[str, Any], code: str) -> None:
    """The reason is reported, the outlet is not called."""
    desk = SellingDesk(lots=1)
    desk.books.predictions.rows.clear()
    answer = replace(PREDICTION, **changes)
    desk.books.predictions.replace([answer])
    assert [left.code for left in desk.list_all().not_listed] == [code]
    assert desk.outlet.calls == []


def test_without_a_known_fee_it_is_not_listed() -> None:
    """No fee, no floor."""
    desk = SellingDesk(lots=1)
    terms = OutletTerms(fee_categories={"toys": "toys"})
    assert [left.code for left in desk.list_all(replace(RULES, terms=terms)).not_listed] == ["fee_unknown"]
    desk = SellingDesk(lots=1, total=50_000_000)
    assert [left.code for left in desk.list_all().not_listed] == ["no_floor"]


def test_an_unreachable_outlet_leaves_it_pending() -> None:
    """The next run finishes it."""
    desk = SellingDesk(lots=1)
    desk.outlet.failing = {"list_item"}
    assert [left.code for left in desk.list_all().not_listed] == ["outlet_unreadable"]
    assert [listing.state for listing in desk.listings()] == [ListingState.PENDING]
    desk.outlet.failing = set()
    assert len(desk.list_all().listed) == 1
    assert [listing.state for listing in desk.listings()] == [ListingState.ACTIVE]


def test_a_refusal_keeps_the_outlets_own_code() -> None:
    """A person sees why."""
    desk = SellingDesk(lots=1)

    def refuse(_listing: object) -> str:
        raise OutletRefusedError("outlet_25021", "an invalid item condition")

    desk.outlet.list_item = refuse  # type: ignore[method-assign]
    (left,) = desk.list_all().not_listed
    assert (left.code, left.detail) == ("outlet_25021", "an invalid item condition")


def test_halted_means_nothing_is_listed() -> None:
    """Reducing still sells what we have."""
    desk = SellingDesk(lots=2)
    desk.books.switches.put(Action.LIST, ActionState.HALTED, "stop", "test", desk.clock.now())
    done = desk.list_all()
    assert done.stopped is not None
    assert desk.outlet.calls == []
    desk.books.switches.put(Action.LIST, ActionState.REDUCING, "sell out", "test", desk.clock.now())
    assert len(desk.list_all().listed) == 2


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_killed_at_any_call_it_is_listed_once(after: bool) -> None:
    """One listing in the books, one at the outlet, the same one."""
    death = Death(0)
    SellingDesk(lots=2).list_all(death=death)
    for at in range(1, death.calls + 1):
        desk = SellingDesk(lots=2)
        with pytest.raises(WorkerKilled):
            desk.list_all(death=Death(at, after))
        desk.list_all()
        assert {listing.outlet_listing_id for listing in desk.listings()} == set(desk.outlet.listing_ids.values())
        assert {listing.state for listing in desk.listings()} == {ListingState.ACTIVE}
        assert len(desk.listings()) == len(desk.outlet.listing_ids) == 2
