"""The winner's curse on a simulated market, with and without the calibration; nothing known changes nothing."""

import numpy as np
import polars as pl
import pytest

from arb_pipelines.ml.selection_calibration import MIN_OUTCOMES, deal_figures, fit_selection, walk_selection

FEE, ROI = 0.15, 0.15


@pytest.fixture(scope="module")
def market():
    """Values, asks around them with a few bargains, and predictions with a median error of 10 %."""
    draw = np.random.default_rng(5)
    n = 60_000
    value = draw.normal(0, 0.2, n)
    ask = value + draw.normal(0.08, 0.18, n) - 0.45 * (draw.random(n) < 0.02)
    return pl.DataFrame(
        {
            "value": value,
            "ask": ask,
            "predicted": value + draw.normal(0, 0.15, n),
            "source": np.where(draw.random(n) < 0.5, "a", "b"),
            "asked_at": np.arange(n),
            "known_at": np.arange(n) + 700,
        }
    )


@pytest.fixture(scope="module")
def walked(market):
    return walk_selection(market, step=3000).tail(40_000)


def test_buying_what_looks_cheap_selects_the_errors(walked):
    naive = deal_figures(walked, "predicted", cost_share=FEE, roi=ROI)
    assert naive["promised_roi"] > 0.25
    assert naive["realised_over_promised"] < 0.7
    assert naive["losing"] > 0.2


def test_calibrated_promises_are_kept(walked):
    honest = deal_figures(walked, "expected", cost_share=FEE, roi=ROI)
    assert honest["n"] > 500
    assert 0.9 <= honest["realised_over_promised"] <= 1.1


def test_low_end_loses_rarely(walked):
    careful = deal_figures(walked, "expected_low", cost_share=FEE, roi=ROI)
    naive = deal_figures(walked, "predicted", cost_share=FEE, roi=ROI)
    assert careful["losing"] < 0.08 < naive["losing"]
    assert careful["n"] > 50


def test_nothing_from_the_future(market):
    half = market.head(6000)
    later = market.head(12_000).with_columns(
        value=pl.when(pl.col("asked_at") >= 6000).then(pl.col("value") + 3).otherwise(pl.col("value"))
    )
    told = walk_selection(later, step=1000).head(6000)
    assert told["expected"].equals(walk_selection(half, step=1000)["expected"])


def test_too_few_outcomes_change_nothing(market):
    few = market.head(MIN_OUTCOMES - 1)
    fitted = fit_selection(few)
    predicted, ask = few["predicted"].to_numpy(), few["ask"].to_numpy()
    assert np.array_equal(fitted.expect(predicted, ask, few["source"].to_numpy()), predicted)
    assert np.array_equal(fitted.expect_low(predicted, ask, few["source"].to_numpy()), predicted)


def test_a_source_that_disappoints_is_marked_down(market):
    worse = market.head(4000).with_columns(value=pl.col("value") - 0.3 * (pl.col("source") == "b"))
    fitted = fit_selection(worse)
    assert fitted.sources["b"] < -0.1 < 0.1 < fitted.sources["a"]


def test_no_deal_is_no_figure(walked):
    assert deal_figures(walked, "predicted", cost_share=FEE, roi=99.0) == {"n": 0.0}
