"""The price of a listing: never below its floor, one bounded step at a time, and a run that stops itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arb_pipelines.domain.fees import load_schedules
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.outlet import OutletTerms
from arb_pipelines.domain.repricing import (
    MAX_MOVE_PERCENT,
    MarketSignals,
    PriceChange,
    PricingTerms,
    RepriceBreaker,
    decide_price,
)
from arb_pipelines_tests.contracts.trade_records import approval, listing, lot, opportunity, purchase, usd
from arb_pipelines_tests.fakes.clock import START

LISTING = listing(lot(purchase(approval(opportunity()))))  # 50.00 between 30.00 and 60.00


def test_without_a_target_the_price_stays() -> None:
    """The model abstains."""
    assert decide_price(LISTING, None, START) is None


def test_without_a_usable_floor_the_price_stays() -> None:
    """A floor above the ceiling is no bound."""
    assert decide_price(replace(LISTING, floor=usd(7_000)), usd(5_500), START) is None


def test_the_price_follows_the_target() -> None:
    """On the first day without a markdown."""
    change = decide_price(LISTING, usd(5_500), START)
    assert change is not None
    assert (change.old, change.new) == (usd(5_000), usd(5_500))
    assert "target 55.00 USD" in change.reason


def test_the_shelf_life_marks_it_down() -> None:
    """Two per cent a selling day; the sandbox's days may be shorter."""
    later = START + timedelta(days=3)
    plain, faster = decide_price(LISTING, usd(5_000), later), decide_price(LISTING, usd(5_000), later, days_a_day=2)
    assert plain is not None
    assert faster is not None
    assert (plain.new, faster.new) == (usd(4_700), usd(4_400))


def test_nothing_to_change_is_no_change() -> None:
    """The same price is not written again."""
    assert decide_price(LISTING, usd(5_000), START) is None


@given(
    price=st.integers(3_000, 6_000),
    target=st.integers(0, 50_000),
    days=st.floats(0, 400),
    days_a_day=st.floats(0.1, 100),
)
def test_floor_ceiling_and_step_always_hold(price: int, target: int, days: float, days_a_day: float) -> None:
    """Whatever the model says."""
    found = replace(LISTING, price=usd(price))
    change = decide_price(found, usd(target), START + timedelta(days=days), days_a_day=days_a_day)
    if change is not None:
        assert found.floor <= change.new <= found.ceiling
        assert abs(change.new.minor - price) * 100 <= price * MAX_MOVE_PERCENT + 100


def changes(falls: int, rises: int) -> list[PriceChange]:
    down = [PriceChange(f"d{n}", usd(1_000), usd(950), "") for n in range(falls)]
    return down + [PriceChange(f"u{n}", usd(1_000), usd(1_100), "") for n in range(rises)]


@pytest.mark.parametrize(
    "falls, rises, listings, trips",
    [(2, 0, 2, False), (3, 0, 15, False), (4, 0, 15, True), (3, 0, 3, True), (0, 9, 9, False)],
)
def test_the_breaker(falls: int, rises: int, listings: int, trips: bool) -> None:
    """More than a fifth falling by 5 % or more, and at least three of them."""
    refusal = RepriceBreaker().refuse(changes(falls, rises), listings)
    assert (refusal is not None) is trips
    if refusal:
        assert refusal.code == "reprice_breaker"


def test_small_falls_do_not_trip_it() -> None:
    """Below the percentage."""
    small = [PriceChange(f"d{n}", usd(1_000), usd(951), "") for n in range(9)]
    assert RepriceBreaker().refuse(small, 9) is None
    assert RepriceBreaker(max_share=Decimal(0), drop_percent=4).refuse(small, 9) is not None


def decided(target: int = 5_000, days: int = 0, **signals: Any) -> int:
    """Return the next price in cents of the listing at 50.00, as the outlet tells of it."""
    terms = PricingTerms(signals=MarketSignals(**signals))
    change = decide_price(LISTING, usd(target), START + timedelta(days=days), terms=terms)
    return change.new.minor if change else LISTING.price.minor


@pytest.mark.parametrize(
    "signals, cents",
    [
        ({}, 4_000 + 250),  # 20 % in ten days is cut to the most that one step may
        ({"watchers": 2}, 4_500),
        ({"watchers": 1, "views": 40}, 4_250),
        ({"views": 0}, 4_250),
    ],
)
def test_buyers_who_watch_slow_the_markdown(signals: dict[str, int], cents: int) -> None:
    """And nobody looking hastens it, as far as a step allows."""
    assert decided(days=10, **signals) == cents


def test_nobody_looking_hastens_the_markdown() -> None:
    """3 % a day instead of 2 %, from the eighth day."""
    high = replace(LISTING, price=usd(3_900))
    at = START + timedelta(days=8)
    unseen = PricingTerms(signals=MarketSignals(views=0))
    plain, faster = (decide_price(high, usd(5_000), at, terms=terms) for terms in (PricingTerms(), unseen))
    assert plain is not None
    assert faster is not None
    assert (plain.new, faster.new) == (usd(4_200), usd(3_800))


def test_the_featured_offer_pulls_before_the_lowest_ask() -> None:
    """It is what buyers are shown; the lowest ask may be anything."""
    asks = (usd(4_700), usd(4_900))
    assert decided(competitor_prices=asks) == 4_700
    assert decided(competitor_prices=asks, featured_offer=usd(4_800)) == 4_800
    assert decided(competitor_prices=(usd(9_000),)) == 5_000
    assert decided(competitor_prices=(Money(1, "EUR"), usd(0))) == 5_000


def test_a_competitor_pulls_only_so_far() -> None:
    """A penny elsewhere is a tenth off here, once; it cannot pull us again from there."""
    assert decided(competitor_prices=(usd(1),)) == 4_500
    there = replace(LISTING, price=usd(4_500))
    terms = PricingTerms(signals=MarketSignals(competitor_prices=(usd(1),)))
    assert decide_price(there, usd(5_000), START, terms=terms) is None


def test_no_floor_no_reprice() -> None:
    """Nor with a target in another currency."""
    assert decide_price(replace(LISTING, floor=usd(0)), usd(5_500), START) is None
    assert decide_price(LISTING, Money(5_500, "EUR"), START) is None


def test_a_price_jumps_a_fee_dead_zone() -> None:
    """Athletic shoes just above a step net less than just below it; the floor still wins."""
    terms = OutletTerms(fee_channel="ebay_us", other_category="athletic_shoes", buyer_tax_rate=Decimal(0))
    curve = terms.curve(load_schedules(), None, date(2025, 6, 1))
    step = next(price for price in curve.steps() if curve.net(price) < curve.net(price - 1))
    inside = step + 10 if curve.net(step + 10) < curve.net(step - 1) else step
    wide = {"floor": usd(step // 2), "ceiling": usd(step * 2), "price": usd(step * 101 // 100)}
    found = replace(LISTING, **wide)
    change = decide_price(found, usd(inside), START, terms=PricingTerms(curve))
    assert change is not None
    assert change.new == usd(step - 1)
    assert "fee step" in change.reason
    floored = decide_price(replace(found, floor=usd(inside)), usd(inside), START, terms=PricingTerms(curve))
    assert floored is not None
    assert floored.new == usd(inside)


def test_one_wild_move_stops_the_run() -> None:
    """No rule asks for it, so something is broken."""
    refusal = RepriceBreaker().refuse([PriceChange("s", usd(5_000), usd(5_800), "mad")], 100)
    assert refusal is not None
    assert refusal.code == "move_too_large"
