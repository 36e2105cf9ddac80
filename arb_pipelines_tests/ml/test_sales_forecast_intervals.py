"""Intervals cover what they say, and stock is advised only where lead time and errors are known."""

from __future__ import annotations

import numpy as np
import pytest

from arb_pipelines.ml.sales_forecast_intervals import advise_restock, interval_at, lead_weeks_of, reorder_points
from arb_pipelines.ml.sales_forecast_rules import forecast_median

DRAWS = np.random.default_rng(8)
UNITS = DRAWS.poisson(DRAWS.uniform(5, 40, (300, 1)), (300, 40)).astype(float)
FORECASTS = forecast_median(UNITS)
CLASSES = np.full(300, "smooth")


@pytest.mark.parametrize("coverage", [0.8, 0.9])
def test_intervals_cover_what_they_say(coverage: float) -> None:
    inside = []
    for week in range(30, 40):
        low, high = interval_at(UNITS, FORECASTS, CLASSES, week, coverage) or (UNITS, UNITS)
        inside.append((UNITS[:, week] >= low) & (UNITS[:, week] <= high))
    assert np.mean(inside) == pytest.approx(coverage, abs=0.04)
    assert (low >= 0).all()


def test_an_interval_looks_at_nothing_from_its_week_on() -> None:
    changed = UNITS.copy()
    changed[:, 35:] = 1_000.0
    before, after = (interval_at(units, FORECASTS, CLASSES, 35, 0.8) for units in (UNITS, changed))
    assert before is not None
    assert after is not None
    np.testing.assert_array_equal(before, after)
    points = [reorder_points(units, FORECASTS, CLASSES, 35, 3, 0.95) for units in (UNITS, changed)]
    assert points[0] is not None
    np.testing.assert_array_equal(points[0], points[1])


def test_the_reorder_point_lasts_as_often_as_asked() -> None:
    lasted = []
    for week in range(30, 37):
        points = reorder_points(UNITS, FORECASTS, CLASSES, week, 3, 0.9)
        assert points is not None
        lasted.append(UNITS[:, week : week + 3].sum(axis=1) <= points)
    assert np.mean(lasted) == pytest.approx(0.9, abs=0.04)


def test_few_errors_give_no_interval_and_no_reorder_point() -> None:
    assert interval_at(UNITS[:2], FORECASTS[:2], CLASSES[:2], 12, 0.8) is None
    assert reorder_points(UNITS[:2], FORECASTS[:2], CLASSES[:2], 12, 2, 0.95) is None
    assert reorder_points(UNITS, FORECASTS, CLASSES, 10, 30, 0.95) is None


def test_an_unknown_lead_time_gives_no_advice() -> None:
    advice = advise_restock(10.0, 35.0, None, 0.95, 3)
    assert (advice.reorder_point, advice.order_units) == (None, None)
    assert "lead time unknown" in advice.why


@pytest.mark.parametrize(
    ("point", "on_hand", "reorder_point", "order_units", "why"),
    [
        (34.2, 3, 35, 32, "at or below"),
        (34.2, 36, 35, 0, "lasts longer"),
        (34.2, None, 35, None, "unknown"),
        (None, 3, None, None, "too few past weeks"),
        (float("nan"), 3, None, None, "too few past weeks"),
    ],
)
def test_advice(
    point: float | None, on_hand: int | None, reorder_point: int | None, order_units: int | None, why: str
) -> None:
    advice = advise_restock(10.0, point, 10, 0.95, on_hand)
    assert (advice.reorder_point, advice.order_units) == (reorder_point, order_units)
    assert why in advice.why


def test_lead_times_are_rounded_up_to_weeks() -> None:
    assert [lead_weeks_of(days) for days in (1, 7, 8, 14)] == [1, 1, 2, 2]
