"""Receiving and listing: only stock that exists, at a price that covers it, each SKU once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from arb_pipelines.domain.cross_listing import CrossListing
from arb_pipelines.domain.deny_list import DenyList
from arb_pipelines.domain.eligibility import Eligibility, Permission
from arb_pipelines.domain.fees import load_schedules
from arb_pipelines.domain.listing import ListingState
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.outlet import OutletRefusedError, OutletTerms
from arb_pipelines.domain.price import PricePrediction
from arb_pipelines.domain.product_sheet import ProductSheet
from arb_pipelines.domain.recall import Recall
from arb_pipelines.domain.spend_limit import Action, ActionState
from arb_pipelines.services.fulfilment import import_orders
from arb_pipelines.services.listing import Listed, Place, list_stock, receive_delivered
from arb_pipelines_tests.contracts.trade_records import usd
from arb_pipelines_tests.fakes.clock import START
from arb_pipelines_tests.fakes.dying import Death, WorkerKilled
from arb_pipelines_tests.fakes.outlet import FakeOutlet
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


class OtherOutlet(FakeOutlet):
    """A second outlet."""

    outlet = "elsewhere"


ELSEWHERE = OutletTerms("elsewhere", other_category="most")


def two_places(desk: SellingDesk, **other: Any) -> list[Place]:
    """Return the desk's outlet and a second one, which may have other terms."""
    rules = replace(RULES, terms=replace(ELSEWHERE, **other))
    return [Place(desk.outlet, RULES), Place(OtherOutlet(), rules)]


def offer(desk: SellingDesk, places: list[Place], cross: CrossListing | None = None) -> Listed:
    predictions = desk.books.predictions.load()
    return list_stock(desk.books, places, predictions, load_schedules(), desk.clock, cross)


def predict_elsewhere(desk: SellingDesk, middle: int, **changes: Any) -> None:
    """Let the model say what the product sells for at the second outlet."""
    answer = replace(PREDICTION, outlet="elsewhere", middle=usd(middle), predicted_at=desk.clock.now(), **changes)
    desk.books.predictions.replace([answer])


@pytest.mark.parametrize("middle, outlet", [(4_900, "sandbox"), (5_000, "sandbox"), (5_100, "elsewhere")])
def test_a_unit_goes_where_it_nets_most(middle: int, outlet: str) -> None:
    """On one outlet only; of equal ones the first."""
    desk = SellingDesk(lots=1)
    predict_elsewhere(desk, middle)
    places = two_places(desk)
    assert len(offer(desk, places).listed) == 1
    assert [one.outlet for one in desk.listings()] == [outlet]
    assert [place.seller.outlet for place in places if place.seller.calls] == [outlet]
    assert offer(desk, places).listed == []


def test_a_dear_label_sends_it_elsewhere() -> None:
    """Net is after postage."""
    desk = SellingDesk(lots=1)
    predict_elsewhere(desk, 5_100)
    offer(desk, two_places(desk, postage=usd(900)))
    assert [one.outlet for one in desk.listings()] == ["sandbox"]


def test_what_no_outlet_takes_is_named_at_each() -> None:
    """With the outlet's name and its own reason."""
    desk = SellingDesk(lots=1)
    desk.books.predictions.rows.clear()
    predict_elsewhere(desk, 5_000, abstained="too_few_sales")
    done = offer(desk, two_places(desk))
    assert [left.code for left in done.not_listed] == ["no_prediction", "model_abstains(too_few_sales)"]
    assert done.not_listed[1].detail.startswith("elsewhere: ")


@pytest.mark.parametrize(
    "permission, hours, code",
    [
        (None, 0, "eligibility_unknown"),
        (Permission.ALLOWED, 25, "eligibility_stale"),
        (Permission.APPROVAL_REQUIRED, 1, "not_eligible"),
        (Permission.ALLOWED, 1, None),
    ],
)
def test_an_outlet_that_restricts_must_have_said_yes(
    permission: Permission | None, hours: int, code: str | None
) -> None:
    """Today, for this product in this condition."""
    desk = SellingDesk(lots=1)
    if permission is not None:
        desk.books.eligibility.put([Eligibility("product-1", "new", "sandbox", permission, desk.clock.now())])
    desk.clock.advance(hours=hours)
    done = desk.list_all(replace(RULES, terms=replace(RULES.terms, restricts=True)))
    assert [left.code for left in done.not_listed] == ([code] if code else [])
    assert bool(desk.outlet.listing_ids) is (code is None)


def test_a_pending_listing_is_asked_again() -> None:
    """What may not be sold any more stays pending."""
    desk = SellingDesk(lots=1)
    desk.outlet.failing = {"list_item"}
    desk.list_all()
    desk.outlet.failing = set()
    restricting = replace(RULES, terms=replace(RULES.terms, restricts=True))
    assert [left.code for left in desk.list_all(restricting).not_listed] == ["eligibility_unknown"]
    assert desk.outlet.listing_ids == {}


@pytest.mark.parametrize(
    "denied, code",
    [
        (DenyList(recalls=(Recall("a fire", frozenset({"4006381333931"})),)), "recalled"),
        (DenyList(categories={"kitchen": "no"}), "category_denied"),
        (DenyList(titles={"kettle k1": "no"}), "title_denied"),
    ],
)
def test_what_must_not_be_sold_is_not_listed(denied: DenyList, code: str) -> None:
    """It may have been recalled since it was bought."""
    desk = SellingDesk(lots=1)
    assert [left.code for left in desk.list_all(replace(RULES, denied=denied)).not_listed] == [code]


def test_a_sheet_gives_words_and_photos() -> None:
    """Without one, what is known of the product is the description."""
    desk = SellingDesk(lots=1)
    desk.list_all()
    assert desk.listings()[0].description == "Kettle K1\nCondition: new\nBrand: Kett\nModel: K1\nGTIN: 4006381333931"
    desk = SellingDesk(lots=1)
    sheet = ProductSheet("product-1", "Kettle, silver", "Boils.", ("https://example.org/1.jpg",))
    desk.books.sheets.put(sheet, "me", desk.clock.now())
    desk.list_all()
    (one,) = desk.listings()
    assert (one.title, one.description, one.photos) == (sheet.title, sheet.description, sheet.photos)


CROSS = CrossListing(1, timedelta(minutes=10))


def shared_desk(units: int) -> tuple[SellingDesk, list[Place], Listed]:
    """Return a desk whose one lot was offered at two outlets where that is allowed."""
    desk = SellingDesk()
    desk.deliver(1, total=2_000 * units, quantity=units)
    receive_delivered(desk.books, desk.clock)
    predict_elsewhere(desk, 5_000)
    places = two_places(desk)
    return desk, places, offer(desk, places, CROSS)


def test_a_single_unit_is_never_shared() -> None:
    """Also where sharing was asked for."""
    desk, _, done = shared_desk(1)
    assert done.shared == []
    assert [one.shared_buffer for one in desk.listings()] == [None]


def test_several_units_are_shared_with_a_buffer_and_the_risk_is_told() -> None:
    """Each outlet shows one unit less than there is; a sale ends the others, then the rest goes up again."""
    desk, places, done = shared_desk(3)
    ((sku, chance),) = done.shared
    assert chance == pytest.approx(0.000694, abs=1e-6)
    assert [(one.outlet, one.quantity) for one in desk.listings()] == [("elsewhere", 2), ("sandbox", 2)]
    desk.outlet.sell(sku, desk.clock.now(), fee=usd(600), tax=usd(350))
    import_orders(desk.books, desk.outlet, load_schedules(), RULES.terms, desk.clock)
    assert desk.books.broken_invariants() == {}
    other = places[1].seller
    assert isinstance(other, FakeOutlet)
    other.failing = {"withdraw"}
    assert [left.code for left in offer(desk, places, CROSS).not_listed] == ["outlet_unreadable"]
    other.failing = set()
    assert offer(desk, places, CROSS).ended == [sku]
    assert other.units == {sku: 0}
    states = {one.outlet: one.state for one in desk.listings()}
    assert states == {"elsewhere": ListingState.WITHDRAWN, "sandbox": ListingState.ACTIVE}
