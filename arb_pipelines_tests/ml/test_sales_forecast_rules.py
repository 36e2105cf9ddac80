"""The rules and the intermittent methods against numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from arb_pipelines.ml.sales_forecast_rules import ALPHA, METHODS


def test_column_t_looks_at_nothing_from_t_on() -> None:
    draws = np.random.default_rng(2)
    units = draws.poisson(1.5, (6, 70)).astype(float)
    units[0, :20] = np.nan
    changed = units.copy()
    changed[:, 60:] = 999.0
    for name, method in METHODS.items():
        before, after = method(units), method(changed)
        assert before.shape == (6, 71)
        np.testing.assert_array_equal(before[:, :61], after[:, :61], err_msg=name)
        if name != "seasonal_naive":
            assert not np.array_equal(before[:, 62:], after[:, 62:], equal_nan=True), name


def test_the_rules_say_what_their_names_say() -> None:
    units = np.array([[9.0, 1, 2, 3, 4, 5, 6, 7, 100]])
    assert METHODS["median_8_weeks"](units)[0, -1] == 4.5
    assert METHODS["last_week"](units)[0, -1] == 100
    assert METHODS["mean_8_weeks"](units)[0, -1] == pytest.approx(16)
    assert np.isnan(METHODS["seasonal_naive"](units)).all()


def test_a_year_back_is_52_weeks() -> None:
    units = np.arange(60.0)[None, :]
    assert METHODS["seasonal_naive"](units)[0, -1] == 60 - 52


def test_croston_of_an_even_rhythm_is_size_over_gap() -> None:
    units = np.tile([0.0, 0, 6], 20)[None, :]
    assert METHODS["croston"](units)[0, -1] == pytest.approx(2)
    assert METHODS["sba"](units)[0, -1] == pytest.approx(2 * (1 - ALPHA / 2))


def test_tsb_fades_while_nothing_sells_and_croston_does_not() -> None:
    units = np.array([[5.0] + [0.0] * 10])
    tsb, croston = METHODS["tsb"](units)[0], METHODS["croston"](units)[0]
    assert tsb[-1] == pytest.approx(5 * (1 - ALPHA) ** 10)
    assert croston[-1] == pytest.approx(5)


def test_a_young_series_is_forecast_from_the_weeks_it_has() -> None:
    units = np.array([[np.nan, np.nan, 4.0, 8.0]])
    found = METHODS["median_8_weeks"](units)[0]
    assert np.isnan(found[:3]).all()
    assert found[3:].tolist() == [4, 6]
