"""Next week's sales by rule and by the classic methods for intermittent demand, for all series at once.

What belongs here: methods that look at one series each and need a few lines; each is walked forward over the whole
history in one pass. Croston (1972), its correction by Syntetos and Boylan (2005), TSB by Teunter, Syntetos and Babai
(2011). Exponential smoothing with fitted parameters is `sales_forecast_ets.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Floats = np.ndarray[Any, np.dtype[np.float64]]
Method = Callable[[Floats], Floats]

MEDIAN_WEEKS = 8
SEASON_WEEKS = 52
ALPHA = 0.1  # slow, as the literature on intermittent demand advises


def forecast_last(units: Floats) -> Floats:
    """Return last week's sales as the forecast of each week.

    Args:
        units: sales, shape (series, weeks); NaN before a series' first sale.

    Returns:
        Forecasts, shape (series, weeks + 1): column t uses the columns before t only; NaN where nothing is known.
    """
    return np.column_stack([np.full(len(units), np.nan), units])


def forecast_seasonal(units: Floats) -> Floats:
    """Return the sales of the same week a year before; NaN where that is not known."""
    series, weeks = units.shape
    found = np.full((series, weeks + 1), np.nan)
    if weeks >= SEASON_WEEKS:
        found[:, SEASON_WEEKS:] = units[:, : weeks + 1 - SEASON_WEEKS]
    return found


def forecast_median(units: Floats) -> Floats:
    """Return the median of the last 8 weeks (fewer where a series is younger): the rule."""
    return _windowed(units, np.median)


def forecast_mean(units: Floats) -> Floats:
    """Return the mean of the last 8 weeks."""
    return _windowed(units, np.mean)


def forecast_croston(units: Floats) -> Floats:
    """Return Croston's forecast: smoothed size of a sale over smoothed weeks between sales."""
    return _croston(units)


def forecast_sba(units: Floats) -> Floats:
    """Return Croston's forecast with the correction of its bias by Syntetos and Boylan."""
    return _croston(units) * (1 - ALPHA / 2)


def forecast_tsb(units: Floats) -> Floats:
    """Return the forecast of Teunter, Syntetos and Babai: the chance of a sale fades while nothing sells."""
    chance, size = np.full(len(units), np.nan), np.full(len(units), np.nan)
    found = np.full((len(units), units.shape[1] + 1), np.nan)
    for week, sold in enumerate(units.T):
        happens, known = sold > 0, ~np.isnan(sold)
        chance = np.where(known, _smooth(chance, happens.astype(float)), chance)
        size = np.where(happens, _smooth(size, sold), size)
        found[:, week + 1] = chance * size
    return found


METHODS: dict[str, Method] = {
    "median_8_weeks": forecast_median,
    "last_week": forecast_last,
    "mean_8_weeks": forecast_mean,
    "seasonal_naive": forecast_seasonal,
    "croston": forecast_croston,
    "sba": forecast_sba,
    "tsb": forecast_tsb,
}


def _windowed(units: Floats, reduce: Callable[..., Any]) -> Floats:
    series, weeks = units.shape
    found = np.full((series, weeks + 1), np.nan)
    for week in range(1, weeks + 1):
        window = units[:, max(0, week - MEDIAN_WEEKS) : week]
        ages = (~np.isnan(window)).sum(axis=1)
        for age in np.unique(ages[ages > 0]):
            rows = ages == age
            found[rows, week] = reduce(window[rows, window.shape[1] - age :], axis=1)
    return found


def _croston(units: Floats) -> Floats:
    size, gap = np.full(len(units), np.nan), np.full(len(units), np.nan)
    waited = np.zeros(len(units))
    found = np.full((len(units), units.shape[1] + 1), np.nan)
    for week, sold in enumerate(units.T):
        happens = sold > 0
        waited += ~np.isnan(sold)
        size = np.where(happens, _smooth(size, sold), size)
        gap = np.where(happens, _smooth(gap, waited), gap)
        waited[happens] = 0
        found[:, week + 1] = size / gap
    return found


def _smooth(level: Floats, seen: Floats) -> Floats:
    smoothed: Floats = np.where(np.isnan(level), seen, level + ALPHA * (seen - level))
    return smoothed
