"""Exponential smoothing: it follows a trend, and leaves alone what was not chosen."""

from __future__ import annotations

import numpy as np

from arb_pipelines.ml.sales_forecast_ets import forecast_ets
from arb_pipelines.ml.sales_forecast_rules import forecast_median


def test_a_trend_is_followed_and_other_series_keep_the_rule() -> None:
    draws = np.random.default_rng(6)
    units = np.arange(10, 50)[None, :] * 3.0 + draws.normal(0, 1, (3, 40))
    units[2, :32] = np.nan
    rule = forecast_median(units)
    found = forecast_ets(units, rule, np.array([1.0, 0.0, 1.0]), 34)
    assert np.abs(found[0, 34:40] - units[0, 34:]).mean() < 0.3 * np.abs(rule[0, 34:40] - units[0, 34:]).mean()
    np.testing.assert_array_equal(found[1:], rule[1:])
    np.testing.assert_array_equal(found[0, :34], rule[0, :34])
