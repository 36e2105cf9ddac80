"""The pooled model: it learns a rhythm that no median sees, and abstains on too few examples."""

from __future__ import annotations

import numpy as np
import pytest

from arb_pipelines.ml import sales_forecast_pooled
from arb_pipelines.ml.sales_forecast_pooled import forecast_pooled
from arb_pipelines.ml.sales_forecast_rules import forecast_median


def test_it_learns_a_rhythm_shared_by_all_series(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sales_forecast_pooled, "ROUNDS", 25)
    draws = np.random.default_rng(4)
    level = draws.uniform(20, 60, (50, 1))
    units = level * np.tile([0.2, 1.8], 20)[None, :] * draws.uniform(0.9, 1.1, (50, 40))
    rule = forecast_median(units)
    pooled = forecast_pooled(units, rule, 32)
    error = np.abs(pooled[:, 32:40] - units[:, 32:]).sum()
    assert error < 0.4 * np.abs(rule[:, 32:40] - units[:, 32:]).sum()
    np.testing.assert_array_equal(pooled[:, :32], rule[:, :32])


def test_too_few_examples_leave_the_rule() -> None:
    units = np.ones((5, 30))
    rule = forecast_median(units)
    np.testing.assert_array_equal(forecast_pooled(units, rule, 22), rule)
