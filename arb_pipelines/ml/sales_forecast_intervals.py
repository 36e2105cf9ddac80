"""How far off a forecast may be, and what stock that asks for: conformal on the errors of the weeks before.

What belongs here: the scale of a series, intervals for one week, and the reorder point for a lead time. No
distribution of demand is assumed: the errors of all series, in units of each one's own, say what to expect.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from arb_pipelines.ml.conformal import LEAST_SCORES, group_weights, two_sided_factors
from arb_pipelines.ml.sales_forecast_rules import MEDIAN_WEEKS, Floats

Names = np.ndarray[Any, np.dtype[np.str_]]

CALIBRATION_WEEKS = 8
DAYS_A_WEEK = 7


@dataclass(frozen=True, slots=True)
class RestockAdvice:
    """What to hold and order; None with a reason where it cannot be said.

    `reorder_point` is the stock at which to order again, `expected_units` what sells until the goods arrive.
    `order_units` fills the stock up to the reorder point.
    """

    lead_time_days: int | None
    service_level: float
    expected_units: float | None = None
    reorder_point: int | None = None
    safety_stock: float | None = None
    on_hand: int | None = None
    order_units: int | None = None
    why: str = ""


def usual_errors(units: Floats, forecasts: Floats) -> Floats:
    """Return the mean absolute error of the 8 weeks before each week, plus 1: shape (series, weeks + 1)."""
    errors = np.abs(units - forecasts[:, : units.shape[1]])
    found = np.ones((len(units), units.shape[1] + 1))
    for week in range(1, units.shape[1] + 1):
        window = errors[:, max(0, week - MEDIAN_WEEKS) : week]
        known = ~np.isnan(window)
        found[:, week] += np.nansum(window, axis=1) / np.maximum(known.sum(axis=1), 1)
    return found


def interval_at(
    units: Floats, forecasts: Floats, classes: Names, week: int, coverage: float
) -> tuple[Floats, Floats] | None:
    """Return the ends of each series' interval for `week`, from the errors of the 8 weeks before it.

    Args:
        units: sales, shape (series, weeks).
        forecasts: what was or would have been forecast, shape (series, weeks + 1).
        classes: demand class of each series; a class is calibrated by itself as far as it has errors.
        week: the column to give intervals for; earlier columns only are looked at.
        coverage: share of outcomes that the interval should hold.

    Returns:
        Low and high ends, never below zero; None where fewer than 40 errors are known.
    """
    scale = usual_errors(units, forecasts)
    past = slice(max(0, week - CALIBRATION_WEEKS), week)
    scores = (units[:, past] - forecasts[:, past]) / scale[:, past]
    known = ~np.isnan(scores)
    if known.sum() < LEAST_SCORES:
        return None
    groups = np.broadcast_to(classes[:, None], scores.shape)[known]
    low, high = forecasts[:, week].copy(), forecasts[:, week].copy()
    for name in np.unique(classes):
        below, above = two_sided_factors(scores[known], group_weights(groups, str(name)), 1 - coverage)
        rows = classes == name
        low[rows] += min(below, 0.0) * scale[rows, week]
        high[rows] += max(above, 0.0) * scale[rows, week]
    return np.maximum(low, 0), np.maximum(high, 0)


def reorder_points(
    units: Floats, forecasts: Floats, classes: Names, week: int, lead_weeks: int, service_level: float
) -> Floats | None:
    """Return the stock that covers `lead_weeks` of sales from `week` on with the asked probability, each series.

    Calibrated on what was really sold in as many weeks from earlier weeks on; None where fewer than 40 such sums are
    known before `week`.
    """
    scale = usual_errors(units, forecasts) * math.sqrt(lead_weeks)
    first = max(1, week - lead_weeks + 1 - 2 * CALIBRATION_WEEKS)
    starts = range(first, week - lead_weeks + 1)
    sums = [units[:, start : start + lead_weeks].sum(axis=1) - lead_weeks * forecasts[:, start] for start in starts]
    if not sums:
        return None
    scores = np.column_stack(sums) / scale[:, first : first + len(sums)]
    known = ~np.isnan(scores)
    if known.sum() < LEAST_SCORES:
        return None
    groups = np.broadcast_to(classes[:, None], scores.shape)[known]
    points = lead_weeks * forecasts[:, week]
    for name in np.unique(classes):
        # Twice the miss, because only the upper end counts here.
        _, above = two_sided_factors(scores[known], group_weights(groups, str(name)), 2 * (1 - service_level))
        rows = classes == name
        points[rows] += max(above, 0.0) * scale[rows, week]
    return points


def advise_restock(
    forecast: float, point: float | None, lead_time_days: int | None, service_level: float, on_hand: int | None
) -> RestockAdvice:
    """Return what to hold and order for one series.

    Args:
        forecast: units a week.
        point: of `reorder_points` for `lead_weeks_of(lead_time_days)`, None when unknown.
        lead_time_days: None where nobody knows how long goods take; then there is no advice.
        service_level: probability that the stock lasts until the goods arrive.
        on_hand: stock now, None when unknown.
    """
    if lead_time_days is None:
        return RestockAdvice(None, service_level, why="lead time unknown: give it, for without it there is no advice")
    expected = forecast * lead_weeks_of(lead_time_days)
    if point is None or math.isnan(point):
        return RestockAdvice(lead_time_days, service_level, why="too few past weeks to tell how far sales vary")
    stock = math.ceil(point - 1e-9)
    told = RestockAdvice(lead_time_days, service_level, round(expected, 1), stock, round(stock - expected, 1), on_hand)
    if on_hand is None:
        return _with(told, None, "stock on hand unknown: order when it falls to the reorder point")
    if on_hand > stock:
        return _with(told, 0, "stock on hand lasts longer than the lead time")
    return _with(told, stock - on_hand, "stock on hand is at or below the reorder point")


def lead_weeks_of(lead_time_days: int) -> int:
    """Return whole weeks that cover a lead time."""
    return max(1, math.ceil(lead_time_days / DAYS_A_WEEK))


def _with(told: RestockAdvice, order_units: int | None, why: str) -> RestockAdvice:
    return replace(told, order_units=order_units, why=why)
