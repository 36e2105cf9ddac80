"""The correction for selection as scoring uses it: one prediction, lowered by what a cheap ask says about it.

What belongs here: from the outcomes of our deals to the hook of `domain.scoring_rules.BuyingRules.calibrate`. Fitting
is `selection_calibration.py`; until MIN_OUTCOMES deals have sold, a prior stands in for it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Protocol

import numpy as np
import polars as pl

from arb_pipelines.domain.money import Money
from arb_pipelines.domain.offer import Offer
from arb_pipelines.domain.price import PricePrediction, SelectionNote
from arb_pipelines.domain.scoring_rules import Calibrate
from arb_pipelines.ml.selection_calibration import MIN_OUTCOMES, SelectionCalibration, fit_selection

# How far shops' asks for one product stray from its value, in log price. The prior weighs the ask against the model
# by it; a smaller number believes the ask more.
PRIOR_ASK_SPREAD = 0.20
SPAN_SDS = 2 * 1.2816  # standard deviations between the 10 % and the 90 % quantile
OUTCOME_SCHEMA: dict[str, pl.DataType] = {
    "predicted": pl.Float64(),
    "ask": pl.Float64(),
    "value": pl.Float64(),
    "source": pl.String(),
}


class Outcome(Protocol):
    """What is needed of a deal that sold (`services.outcomes_of_deals.DealOutcome`); money a unit."""

    @property
    def predicted(self) -> Money:
        """The model's middle before any correction."""

    @property
    def ask(self) -> Money:
        """The shop's price."""

    @property
    def value(self) -> Money:
        """What it sold for."""

    @property
    def source(self) -> str:
        """The shop."""


def fit_deals(outcomes: Sequence[Outcome]) -> SelectionCalibration:
    """Fit on the deals that sold; with fewer than MIN_OUTCOMES the fit says so and `calibrate_by` takes the prior."""
    rows = [
        (*(math.log(money.minor) for money in (one.predicted, one.ask, one.value)), one.source)
        for one in outcomes
        if min(one.predicted.minor, one.ask.minor, one.value.minor) > 0
    ]
    return fit_selection(pl.DataFrame(rows, schema=OUTCOME_SCHEMA, orient="row"))


def calibrate_by(fitted: SelectionCalibration) -> Calibrate:
    """Return the hook for scoring: a prediction as it stands for an offer with this ask at this shop.

    An ask at or above the prediction is no bargain, so it selects nothing: the prediction stays, noted as unchanged.
    A correction lowers; it raises a prediction never, so that luck in past deals buys nothing.
    """

    def calibrate(offer: Offer, prediction: PricePrediction) -> PricePrediction:
        low, middle, high = prediction.low, prediction.middle, prediction.high
        if low is None or middle is None or high is None or min(low.minor, offer.price.minor) <= 0:
            return prediction
        if offer.price.currency != middle.currency or offer.price.minor >= middle.minor:
            return replace(prediction, selection=SelectionNote("unchanged", fitted.n, low, middle))
        basis = "deals" if fitted.n >= MIN_OUTCOMES else "prior"
        ends = (low, middle, high)
        moved = _by_deals(fitted, offer, ends) if basis == "deals" else _by_prior(offer, ends)
        new_middle = min(middle.minor, _minor(moved[1]))
        new_low = min(low.minor, new_middle, _minor(moved[0]))
        return replace(
            prediction,
            low=Money(max(1, new_low), low.currency),
            middle=Money(max(1, new_middle), middle.currency),
            selection=SelectionNote(basis, fitted.n, low, middle),
        )

    return calibrate


def _by_prior(offer: Offer, ends: tuple[Money, Money, Money]) -> tuple[float, float]:
    """Return log low and middle: the model's error and the shops' spread weigh prediction and ask (two normals)."""
    low, middle, high = (math.log(money.minor) for money in ends)
    variance = ((high - low) / SPAN_SDS) ** 2
    weight = variance / (variance + PRIOR_ASK_SPREAD**2)
    moved = middle + weight * (math.log(offer.price.minor) - middle)
    # Two readings that agree say more than one, so the low end comes a little nearer to the middle.
    return moved - (middle - low) * math.sqrt(1 - weight), moved


def _by_deals(fitted: SelectionCalibration, offer: Offer, ends: tuple[Money, Money, Money]) -> tuple[float, float]:
    predicted, ask = np.array([math.log(ends[1].minor)]), np.array([math.log(offer.price.minor)])
    source: list[Any] = [offer.site]
    return float(fitted.expect_low(predicted, ask, source)[0]), float(fitted.expect(predicted, ask, source)[0])


def _minor(log_price: float) -> int:
    return int(math.exp(log_price))
