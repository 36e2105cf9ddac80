"""What scoring makes of a prediction for one offer: the prior at first, our own deals later, and never more."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal

import numpy as np
import polars as pl
import pytest

from arb_pipelines.domain.money import Money
from arb_pipelines.domain.offer import Offer
from arb_pipelines.domain.opportunity import Opportunity
from arb_pipelines.domain.price import PricePrediction
from arb_pipelines.domain.raw_product import Availability
from arb_pipelines.ml.selection_calibration import MIN_OUTCOMES
from arb_pipelines.ml.selection_deals import calibrate_by, fit_deals
from arb_pipelines_tests.domain import test_scoring as scoring

NOW = datetime(2026, 3, 1, tzinfo=UTC)
SPREAD = 0.15  # of the invented model's errors, in log price
FEE, ROI = 0.15, 0.15


def usd(minor: float) -> Money:
    return Money(round(minor), "USD")


@dataclass(frozen=True)
class Deal:
    predicted: Money
    ask: Money
    value: Money
    source: str = "shop"


def offer(price: float, site: str = "shop") -> Offer:
    return Offer(
        offer_key="o",
        site=site,
        url="https://shop.example/1",
        sku=None,
        title="A lamp",
        category="Lighting",
        product_id="p",
        match="gtin",
        price=usd(price),
        shipping=usd(0),
        availability=Availability.IN_STOCK,
        condition="new",
        observed_at=NOW,
        scrape_id="s",
    )


def prediction(middle: float = 10_000, spread: float = SPREAD) -> PricePrediction:
    ends = [usd(middle * np.exp(1.2816 * sign * spread)) for sign in (-1, 0, 1)]
    return PricePrediction("p", "new", "sandbox", *ends, 10.0, 0.9, "m", NOW)


def draw_market(n: int, seed: int = 5) -> pl.DataFrame:
    """Values, asks around them with a few bargains, and predictions with a median error of 10 %."""
    draw = np.random.default_rng(seed)
    value = np.log(10_000) + draw.normal(0, 0.2, n)
    ask = value + draw.normal(0.08, 0.18, n) - 0.45 * (draw.random(n) < 0.02)
    return pl.DataFrame({"value": value, "ask": ask, "predicted": value + draw.normal(0, SPREAD, n)})


def buy(market: pl.DataFrame, calibrate: object, end: str) -> tuple[int, float, float]:
    """Return how many deals the corrected `end` makes, realised over promised margin, and the share that lost."""
    hoped, got = [], []
    for value, ask, predicted in market.iter_rows():
        moved = calibrate(offer(np.exp(ask)), prediction(np.exp(predicted)))  # type: ignore[operator]
        net = (1 - FEE) * getattr(moved, end).minor
        if net / np.exp(ask) - 1 >= ROI:
            hoped.append(net - np.exp(ask))
            got.append((1 - FEE) * np.exp(value) - np.exp(ask))
    return len(got), sum(got) / sum(hoped), float(np.mean(np.array(got) < 0))


def deals_of(market: pl.DataFrame) -> list[Deal]:
    return [Deal(usd(np.exp(p)), usd(np.exp(a)), usd(np.exp(v))) for v, a, p in market.iter_rows()]


def test_the_prior_lowers_what_looks_cheap() -> None:
    calibrate = calibrate_by(fit_deals([]))
    moved = calibrate(offer(5_000), prediction())
    # Weight of the ask: 0.15^2 / (0.15^2 + 0.20^2) = 0.36 of a gap of ln 2 = -0.2495.
    assert moved.middle == usd(10_000 * np.exp(-0.36 * np.log(2)) - 0.5)
    assert moved.low is not None
    assert moved.low < usd(6_700)
    assert moved.selection is not None
    assert (moved.selection.basis, moved.selection.outcomes) == ("prior", 0)
    assert (moved.selection.low, moved.selection.middle) == (prediction().low, prediction().middle)


def test_a_sure_model_is_believed() -> None:
    moved = calibrate_by(fit_deals([]))(offer(5_000), prediction(spread=0.02))
    assert moved.middle is not None
    assert moved.middle.minor == pytest.approx(10_000, rel=0.01)


def test_a_dear_offer_selects_nothing() -> None:
    moved = calibrate_by(fit_deals([]))(offer(10_000), prediction())
    assert (moved.low, moved.middle) == (prediction().low, prediction().middle)
    assert moved.selection is not None
    assert moved.selection.basis == "unchanged"


def test_silence_stays_silence() -> None:
    silent = replace(prediction(), low=None, middle=None, high=None, abstained="no_sales")
    assert calibrate_by(fit_deals([]))(offer(5_000), silent) is silent


def test_a_cheaper_ask_is_never_worth_more() -> None:
    for calibrate in (calibrate_by(fit_deals([])), calibrate_by(fit_deals(deals_of(draw_market(400))))):
        lows = [calibrate(offer(price), prediction()).low for price in (4_000, 6_000, 8_000, 9_900)]
        assert all(one is not None and two is not None and one <= two for one, two in itertools.pairwise(lows))


def test_the_prior_keeps_promises_where_the_prediction_does_not() -> None:
    market, prior = draw_market(6_000), calibrate_by(fit_deals([]))
    naive = buy(market, lambda _, said: said, "middle")
    assert naive[1] < 0.5
    assert naive[2] > 0.2
    expected, low = buy(market, prior, "middle"), buy(market, prior, "low")
    assert expected[0] > 50
    assert expected[1] > 0.9
    assert expected[2] < 0.12
    assert low[0] > 2
    assert low[1] > 1
    assert low[2] <= 0.05


def test_own_deals_take_over() -> None:
    """Deals that all brought 20 % less than predicted teach just that, whatever the prior says."""
    draw = np.random.default_rng(0)
    asks = 5_000 + 2_000 * draw.random(MIN_OUTCOMES * 2)
    deals = [Deal(usd(10_000), usd(ask), usd(8_000)) for ask in asks]
    moved = calibrate_by(fit_deals(deals))(offer(6_000), prediction(spread=0.02))
    assert moved.selection is not None
    assert (moved.selection.basis, moved.selection.outcomes) == ("deals", 2 * MIN_OUTCOMES)
    assert moved.middle is not None
    assert moved.middle.minor == pytest.approx(8_000, rel=0.04)
    few = calibrate_by(fit_deals(deals[: MIN_OUTCOMES - 1]))(offer(6_000), prediction(spread=0.02))
    assert few.selection is not None
    assert few.selection.basis == "prior"


def test_lucky_deals_buy_nothing() -> None:
    deals = [Deal(usd(10_000), usd(6_000 + i), usd(14_000)) for i in range(2 * MIN_OUTCOMES)]
    moved = calibrate_by(fit_deals(deals))(offer(6_000), prediction())
    assert moved.low is not None
    assert moved.low <= prediction().low


def test_the_decision_record_says_what_it_was_corrected_from() -> None:
    rules = replace(scoring.RULES, min_roi=Decimal("0.10"))
    plain = scoring.score(rules=rules)
    sober = scoring.score(rules=replace(rules, calibrate=calibrate_by(fit_deals([]))))
    assert isinstance(plain, Opportunity)
    assert isinstance(sober, Opportunity)
    assert plain.record["selection"] is None
    said = {"basis": "prior", "outcomes": 0, "low": "38.00", "middle": "40.00"}
    assert sober.record["selection"] == said
    assert sober.expected_sale < plain.expected_sale
