"""Scoring: every rule speaks with its own code, every unknown refuses, every cent of a yes is accounted for."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arb_pipelines.domain.decision_record import DecisionRecord
from arb_pipelines.domain.deny_list import DenyList
from arb_pipelines.domain.eligibility import Eligibility, Permission
from arb_pipelines.domain.fees import Returns, load_schedules
from arb_pipelines.domain.market_view import MarketView
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.offer import Offer
from arb_pipelines.domain.opportunity import Opportunity, RefusedOffer
from arb_pipelines.domain.outlet import OutletTerms
from arb_pipelines.domain.presets import load_preset
from arb_pipelines.domain.price import PricePrediction
from arb_pipelines.domain.raw_product import Availability
from arb_pipelines.domain.recall import Recall
from arb_pipelines.domain.scoring import BuyingRules, opportunity_id, score_offer, score_offers
from arb_pipelines.domain.site import Site, SiteClass
from arb_pipelines_tests.contracts.trade_records import usd
from arb_pipelines_tests.fakes.clock import START

SITE = Site("shop-1", "Shop", "https://shop-1.example", SiteClass.PERMITTED, tax_rate=Decimal("0.08"))
RULES = BuyingRules(OutletTerms(other_category="most"), {"shop-1": SITE}, usd(300), min_roi=Decimal("0.25"))
OFFER = Offer(
    offer_key="offer-1",
    site="shop-1",
    url="https://shop-1.example/p/1",
    sku="S1",
    title="A kettle",
    category="Kitchen",
    product_id="product-1",
    match="gtin",
    price=usd(2000),
    shipping=usd(400),
    availability=Availability.IN_STOCK,
    condition="new",
    observed_at=START - timedelta(minutes=5),
    scrape_id="scrape-1",
    agreeing_reads=1,
)
PREDICTION = PricePrediction(
    "product-1", "new", "sandbox", usd(3800), usd(4000), usd(4400), 12.5, 0.8, "model-1", START - timedelta(days=1)
)


def score(
    offer: Offer = OFFER, prediction: PricePrediction | None = PREDICTION, rules: BuyingRules = RULES
) -> Opportunity | RefusedOffer:
    lookup = {} if prediction is None else {("product-1", "new", "sandbox"): prediction}
    return score_offer(offer, lookup, load_schedules(), rules, START)


def test_a_good_offer_is_an_opportunity() -> None:
    """Worked by hand: 20.00 + 8 % tax + 4.00; sold at 38.00 with 7 % buyer tax, 12 % + 0.30 fee."""
    found = score()
    assert isinstance(found, Opportunity)
    assert found.landed_cost == usd(2560)
    assert found.expected_sale == usd(3800)
    assert found.expected_net == usd(3800 - 488 - 30)
    assert found.expected_profit == usd(3282 - 2560)
    assert found.roi == Decimal("0.2820")
    assert found.profit_per_day == Decimal("0.5776")


REFUSED: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("site_may_not_buy", {"site": "unknown"}, {}),
    ("not_matched", {"product_id": None}, {}),
    ("stock_unknown", {"availability": None}, {}),
    ("out_of_stock", {"availability": Availability.OUT_OF_STOCK}, {}),
    ("out_of_stock", {"availability": Availability.PRE_ORDER}, {}),
    ("out_of_stock", {"availability": Availability.BACK_ORDER}, {}),
    ("condition_unknown", {"condition": None}, {}),
    ("condition_denied", {"condition": "for_parts"}, {}),
    ("stale_price", {"observed_at": START - timedelta(minutes=61)}, {}),
    ("stale_price", {"observed_at": START + timedelta(minutes=3)}, {}),
    ("currency_differs", {"price": Money(2000, "EUR")}, {}),
    ("currency_differs", {"shipping": Money(400, "EUR")}, {}),
    ("shipping_unknown", {"shipping": None}, {}),
    ("category_unknown", {"category": None}, {}),
    ("category_denied", {"category": "Home > Event Tickets"}, {}),
    ("category_denied", {"category": "baby/infant-formula"}, {}),
    ("title_denied", {"title": "A gift card for a kettle"}, {}),
    ("model_abstains(too_few_sales)", {}, {"abstained": "too_few_sales", "low": None, "middle": None}),
    ("prediction_odd", {}, {"low": None}),
    ("prediction_odd", {}, {"low": usd(5000)}),
    ("prediction_odd", {}, {"low": usd(0)}),
    ("currency_differs", {}, {"low": Money(3800, "EUR"), "middle": Money(4000, "EUR")}),
    ("stale_prediction", {}, {"predicted_at": START - timedelta(days=15)}),
    ("price_sanity", {"price": usd(199)}, {}),
    ("price_sanity", {"price": usd(0)}, {}),
    ("price_unconfirmed", {"price": usd(1999)}, {}),
    ("days_unknown", {}, {"days_to_sell": None}),
    ("days_unknown", {}, {"sold_within_30_days": None}),
    ("too_slow", {}, {"days_to_sell": 91.0}),
    ("too_slow", {}, {"days_to_sell": float("nan")}),
    ("too_slow", {}, {"sold_within_30_days": 0.49}),
    ("too_slow", {}, {"sold_within_30_days": float("nan")}),
    ("profit_low", {"price": usd(2600)}, {}),
    ("roi_low", {"price": usd(2100)}, {}),
]


@pytest.mark.parametrize("code, offer, prediction", REFUSED)
def test_each_rule_refuses_with_its_code(code: str, offer: dict[str, Any], prediction: dict[str, Any]) -> None:
    """One change to a good offer, one reason."""
    refused = score(replace(OFFER, **offer), replace(PREDICTION, **prediction))
    assert isinstance(refused, RefusedOffer)
    assert (refused.code, refused.offer_key, refused.decided_at) == (code, "offer-1", START)
    assert refused.detail


def test_no_prediction_refuses() -> None:
    """The model was not asked, or does not know the product."""
    refused = score(prediction=None)
    assert isinstance(refused, RefusedOffer)
    assert refused.code == "no_prediction"


@pytest.mark.parametrize(
    "code, site",
    [
        ("site_may_not_buy", {"site_class": SiteClass.RESTRICTED}),
        ("site_may_not_buy", {"site_class": SiteClass.FORBIDDEN}),
        ("site_may_not_buy", {"enabled": False}),
        ("tax_unknown", {"tax_rate": None}),
    ],
)
def test_what_the_site_does_not_allow_or_say_refuses(code: str, site: dict[str, Any]) -> None:
    """Class, switch and tax come from the declaration."""
    refused = score(rules=replace(RULES, sites={"shop-1": replace(SITE, **site)}))
    assert isinstance(refused, RefusedOffer)
    assert refused.code == code


@pytest.mark.parametrize("terms", [OutletTerms(), OutletTerms(fee_channel="nowhere", other_category="most")])
def test_an_unknown_fee_refuses(terms: OutletTerms) -> None:
    """A category that is mapped to no fee, or a channel without a schedule."""
    refused = score(rules=replace(RULES, terms=terms))
    assert isinstance(refused, RefusedOffer)
    assert refused.code == "fee_unknown"


def test_a_second_reading_confirms_a_low_price() -> None:
    """Half the market price is a bargain once two readings agree."""
    assert isinstance(score(replace(OFFER, price=usd(1500), agreeing_reads=2)), Opportunity)


def test_recoverable_tax_is_no_cost() -> None:
    """With a resale certificate the purchase tax comes back."""
    found = score(rules=replace(RULES, sites={"shop-1": replace(SITE, tax_recoverable=True)}))
    assert isinstance(found, Opportunity)
    assert found.landed_cost == usd(2400)


def test_postage_and_returns_lower_the_net() -> None:
    """What sending and returns cost is part of the decision."""
    plain = score(replace(OFFER, price=usd(1500), agreeing_reads=2))
    terms = replace(RULES.terms, postage=usd(100), returns=Returns(Decimal("0.05"), usd(200)))
    dearer = score(replace(OFFER, price=usd(1500), agreeing_reads=2), rules=replace(RULES, terms=terms))
    assert isinstance(plain, Opportunity)
    assert isinstance(dearer, Opportunity)
    assert dearer.expected_net.minor < plain.expected_net.minor - 100
    assert dearer.record["postage"] == "1.00"


def test_the_record_explains_every_cent() -> None:
    """It survives JSON, and its lines sum to the totals that were decided on."""
    found = score()
    assert isinstance(found, Opportunity)
    record = json.loads(json.dumps(found.record))
    assert DecisionRecord.from_json(record["landed_cost"]).total == found.landed_cost
    assert DecisionRecord.from_json(record["net"]).total == found.expected_net
    assert record["prediction"]["model_version"] == found.model_version == "model-1"
    assert record["max_cost"]["cost"] == found.max_cost.text
    assert record["rules"] == {"min_roi": "0.25", "min_profit": "3.00"}


def test_the_id_names_the_reading() -> None:
    """Deciding again gives the same id, another reading another."""
    first, second = score(), score()
    assert isinstance(first, Opportunity)
    assert isinstance(second, Opportunity)
    assert first.opportunity_id == second.opportunity_id == opportunity_id("offer-1", "scrape-1")
    assert opportunity_id("offer-1", "scrape-2") != first.opportunity_id


def test_many_offers_share_one_search_and_come_best_first() -> None:
    """Same answers as one by one, ranked by profit a day."""
    offers = [
        replace(OFFER, offer_key=f"offer-{cents}", price=usd(cents), agreeing_reads=2) for cents in (2000, 1500, 3000)
    ]
    lookup = {("product-1", "new", "sandbox"): PREDICTION}
    found, refused = score_offers(offers, lookup, load_schedules(), RULES, START)
    assert [one.offer_key for one in found] == ["offer-1500", "offer-2000"]
    assert [(one.offer_key, one.code) for one in refused] == [("offer-3000", "profit_low")]
    assert found == [score_offer(offer, lookup, load_schedules(), RULES, START) for offer in (offers[1], offers[0])]


def refused_code(**changes: Any) -> str:
    refused = score(**changes)
    assert isinstance(refused, RefusedOffer)
    return refused.code


def test_a_recalled_product_is_denied() -> None:
    """By its GTIN, whatever page it is on."""
    rules = replace(RULES, denied=DenyList(recalls=(Recall("a notice", frozenset({"4006381333931"})),)))
    assert refused_code(offer=replace(OFFER, gtin="04006381333931"), rules=rules) == "recalled"
    assert isinstance(score(replace(OFFER, gtin="9006381333931"), rules=rules), Opportunity)


def test_a_restricting_outlet_must_have_said_yes() -> None:
    """Not asked is no."""
    rules = replace(RULES, terms=replace(RULES.terms, restricts=True))
    assert refused_code(rules=rules) == "eligibility_unknown"
    yes = Eligibility("product-1", "new", "sandbox", Permission.ALLOWED, START)
    known = replace(rules, eligibility={("product-1", "new", "sandbox"): yes})
    assert isinstance(score(rules=known), Opportunity)


def test_half_the_shops_usual_price_waits_for_a_second_reading() -> None:
    """The outlet's price may be low, too; the shops' own says that this is odd."""
    rules = replace(RULES, market={("product-1", "new"): MarketView(usd(4_001), None, 60.0)})
    assert refused_code(rules=rules) == "price_unconfirmed"
    assert isinstance(score(replace(OFFER, agreeing_reads=2), rules=rules), Opportunity)


def test_a_margin_can_be_what_decides() -> None:
    """7.22 of 38.00 is 19 %."""
    assert isinstance(score(rules=replace(RULES, min_margin=Decimal("0.18"))), Opportunity)
    assert refused_code(rules=replace(RULES, min_margin=Decimal("0.20"))) == "margin_low"


def test_a_preset_replaces_the_thresholds() -> None:
    """And its own rules speak after the money."""
    rules = RULES.with_preset(load_preset("online_arbitrage"))
    assert (rules.min_roi, rules.min_margin, rules.max_days_to_sell) == (Decimal("0.30"), Decimal("0.10"), 60.0)
    assert refused_code(rules=rules) == "roi_low"
    cheap = replace(OFFER, price=usd(1_500), agreeing_reads=2)
    assert refused_code(offer=cheap, rules=rules) == "velocity_low"
    books = RULES.with_preset(load_preset("book_flipper"))
    assert refused_code(offer=cheap, rules=books) == "category_not_wanted"
    watcher = RULES.with_preset(load_preset("watcher"))
    assert refused_code(rules=watcher) == "median_unknown"
    known = replace(watcher, market={("product-1", "new"): MarketView(usd(3_000), None, 60.0)})
    found = score(rules=known)
    assert isinstance(found, Opportunity)
    assert found.record["preset"] == {"id": "watcher", "rules": ["below_median"], "min_margin": None}


OTHER = OutletTerms(outlet="other", other_category="most")


def score_at_both(other: PricePrediction | None) -> Opportunity | RefusedOffer:
    lookup = {("product-1", "new", "sandbox"): PREDICTION}
    if other is not None:
        lookup[("product-1", "new", "other")] = replace(other, outlet="other")
    return score_offer(OFFER, lookup, load_schedules(), replace(RULES, other_outlets=(OTHER,)), START)


def test_the_best_outlet_counts() -> None:
    """A higher price, or the same price sooner; and the record says what came out at each."""
    dearer = score_at_both(replace(PREDICTION, low=usd(3_900)))
    assert isinstance(dearer, Opportunity)
    assert (dearer.outlet, dearer.expected_sale) == ("other", usd(3_900))
    faster = score_at_both(replace(PREDICTION, days_to_sell=6.0))
    assert isinstance(faster, Opportunity)
    assert faster.outlet == "other"
    alone = score_at_both(None)
    assert isinstance(alone, Opportunity)
    assert alone.outlet == "sandbox"
    assert alone.record["outlets"] == {
        "sandbox": {"expected_profit": "7.22", "profit_per_day": "0.5776"},
        "other": {
            "refused": "no_prediction",
            "detail": "the model has no answer for this product, condition and outlet",
        },
    }


def test_where_no_outlet_will_do_the_first_says_why() -> None:
    """The others stand behind it."""
    rules = replace(RULES, other_outlets=(OTHER,))
    refused = score_offer(OFFER, {}, load_schedules(), rules, START)
    assert isinstance(refused, RefusedOffer)
    assert refused.code == "no_prediction"


def test_a_calibration_lowers_what_is_expected() -> None:
    """What was picked for being cheap is worth less than the model says."""
    found = score(rules=replace(RULES, calibrate=lambda offer, prediction: replace(prediction, low=usd(3_750))))
    assert isinstance(found, Opportunity)
    assert usd(3_745) <= found.expected_sale <= usd(3_750)
    sober = replace(RULES, calibrate=lambda offer, prediction: replace(prediction, low=usd(3_000)))
    assert refused_code(rules=sober) == "profit_low"


def test_the_record_names_its_sources() -> None:
    """Scrape, schedule and its version, model, speed and doubts."""
    found = score(replace(OFFER, brand=" Acme  Ltd"))
    assert isinstance(found, Opportunity)
    record = json.loads(json.dumps(found.record))
    assert record["offer"]["scrape_id"] == found.scrape_id == "scrape-1"
    assert record["schedules"]
    assert all(" v" in schedule for schedule in record["schedules"])
    assert record["speed"]["sold_within_horizon"] == found.sold_within_horizon == pytest.approx(1 - 0.2**3)
    assert (found.brand, found.category, found.horizon_days) == ("acme ltd", "kitchen", 90)
    assert found.risk_flags == ("market_unknown", "read_once")
    assert found.profit_per_dollar_day == Decimal("0.022562")


@given(price=st.integers(1, 9000), shipping=st.integers(0, 2000), low=st.integers(1, 9000), gap=st.integers(0, 3000))
def test_a_yes_always_keeps_its_promises(price: int, shipping: int, low: int, gap: int) -> None:
    """Profit and ROI meet the rules, and the landed cost never exceeds the most it may be."""
    offer = replace(OFFER, price=usd(price), shipping=usd(shipping), agreeing_reads=2)
    found = score(offer, replace(PREDICTION, low=usd(low), middle=usd(low + gap)))
    if isinstance(found, Opportunity):
        assert found.expected_profit >= RULES.min_profit
        assert found.expected_profit.minor >= RULES.min_roi * found.landed_cost.minor
        assert found.landed_cost <= found.max_cost
        assert found.expected_net - found.landed_cost == found.expected_profit
        assert found.landed_cost.minor >= price + shipping
