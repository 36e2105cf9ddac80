"""The trader's own rules: each speaks with its own code, and what is not known refuses."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arb_pipelines.domain.market_view import MarketView
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.trade_rules import (
    Deal,
    TradeRule,
    below_median,
    categories,
    conditions,
    days_with_a_sale,
    multiple,
    sold_within,
    velocity,
)
from arb_pipelines_tests.contracts.trade_records import usd
from arb_pipelines_tests.domain.test_scoring import OFFER, PREDICTION

VIEW = MarketView(usd(3_000), usd(3_100), 60.0)
DEAL = Deal(OFFER, PREDICTION, VIEW, cost=usd(2_560), profit=usd(722), sale=usd(3_800))


def code(rule: TradeRule, deal: Deal = DEAL) -> str | None:
    refusal = rule(deal)
    return None if refusal is None else refusal.code


def test_below_the_usual_price() -> None:
    """The offer asks 20.00; the shops usually ask 30.00."""
    assert code(below_median(Decimal(33))) is None
    assert code(below_median(Decimal(34))) == "above_median"


@pytest.mark.parametrize(
    "market",
    [
        None,
        MarketView(None, None, 60.0),
        MarketView(usd(3_000), None, 13.9),
        MarketView(Money(3_000, "EUR"), None, 60.0),
    ],
)
def test_an_unknown_usual_price_refuses(market: MarketView | None) -> None:
    assert code(below_median(Decimal(10)), replace(DEAL, market=market)) == "median_unknown"


def test_velocity() -> None:
    """80 % within 30 days is 5.2 % a day: a sale on 9.4 of 180 days."""
    assert days_with_a_sale(PREDICTION) == pytest.approx(9.4, abs=0.05)
    assert code(velocity(Decimal(9))) is None
    assert code(velocity(Decimal(10))) == "velocity_low"
    unknown = replace(DEAL, prediction=replace(PREDICTION, sold_within_30_days=None))
    assert code(velocity(Decimal(1)), unknown) == "velocity_unknown"
    odd = replace(DEAL, prediction=replace(PREDICTION, sold_within_30_days=float("nan")))
    assert code(velocity(Decimal(1)), odd) == "velocity_unknown"


def test_multiple_of_the_cost() -> None:
    assert code(multiple(Decimal("1.48"))) is None
    assert code(multiple(Decimal(3))) == "multiple_low"


def test_conditions_and_categories() -> None:
    assert code(conditions(frozenset({"new"}))) is None
    assert code(conditions(frozenset({"used"}))) == "condition_not_wanted"
    assert code(categories(frozenset({"kitchen"}))) is None
    assert code(categories(frozenset({"books", "kitchen knives"}))) == "category_not_wanted"
    assert code(categories(frozenset({"books"})), replace(DEAL, offer=replace(OFFER, category=None))) == (
        "category_not_wanted"
    )


chances = st.none() | st.floats(0, 1)


@given(within=st.floats(0, 1), later=chances, last=chances, days=st.floats(0.1, 365), more=st.floats(0, 365))
def test_more_time_sells_no_less(
    within: float, later: float | None, last: float | None, days: float, more: float
) -> None:
    prediction = replace(PREDICTION, sold_within_30_days=within, sold_within_60_days=later, sold_within_90_days=last)
    first, second = sold_within(prediction, days), sold_within(prediction, days + more)
    assert first is not None
    assert second is not None
    assert 0 <= first <= second + 1e-12 <= 1 + 1e-9
    assert sold_within(prediction, 30) == pytest.approx(within, abs=1e-8)


def test_what_the_model_says_of_longer_horizons_counts() -> None:
    """30 days are extended at their own rate only where nothing better is known."""
    rate = replace(PREDICTION, sold_within_30_days=0.5)
    assert sold_within(rate, 90) == pytest.approx(0.875)
    slower = replace(rate, sold_within_60_days=0.6, sold_within_90_days=0.65)
    assert sold_within(slower, 60) == pytest.approx(0.6)
    assert sold_within(slower, 90) == pytest.approx(0.65)
    assert sold_within(slower, 180) == pytest.approx(1 - 0.35**2)
    assert sold_within(replace(rate, sold_within_90_days=0.4), 90) == pytest.approx(0.5), "never falls"
    assert sold_within(replace(rate, sold_within_90_days=1.5), 90) is None
    assert sold_within(replace(rate, sold_within_30_days=None), 90) is None
