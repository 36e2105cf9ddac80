"""The price of a listing: never below its floor, one bounded step at a time, and a run that stops itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arb_pipelines.domain.repricing import MAX_MOVE_PERCENT, PriceChange, RepriceBreaker, decide_price
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
