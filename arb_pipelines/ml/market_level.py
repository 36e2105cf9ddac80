"""Where the market's level stands against the comps: a robust trend of price / rule over time.

What belongs here: the uses of statsmodels in the price model. Comps look back, so in a falling market they lie above
the next sale; a robust regression (Huber) of the log ratio on time says by how much. Between two trainings the market
moves on; exponential smoothing of the daily errors says how far.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import polars as pl

from arb_pipelines.ml.price_rule import MIN_COMPS

WINDOW_D = 60
MIN_ROWS = 40
SMOOTHING = 0.2  # of the daily errors: about the last week counts
FULL_DAY = 10  # errors in a day from which its median is taken whole

Floats = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True, slots=True)
class MarketLevel:
    """`level`: log ratio of price to comps at the end of the window; `slope_30d`: its change in 30 days."""

    level: float
    slope_30d: float
    n: int


def fit_level(rows: pl.DataFrame, until: datetime) -> MarketLevel:
    """Return the level from training rows sold in the WINDOW_D days before `until`; zero with too few rows."""
    recent = rows.filter(pl.col("comps_n") >= MIN_COMPS).with_columns(
        ratio=pl.col("log_price") - pl.col("comps_median"),
        months=(pl.col("sold_at") - pl.lit(until)).dt.total_seconds() / (30 * 86_400),
    )
    recent = recent.filter(pl.col("months") > -WINDOW_D / 30)
    months, ratios = recent["months"].to_numpy(), recent["ratio"].to_numpy()
    # No spread of time, no trend; no spread of ratios (all prices equal), nothing to be robust about.
    if recent.height < MIN_ROWS or months.std() < 1e-6 or ratios.std() < 1e-9:
        return MarketLevel(0.0, 0.0, recent.height)
    import statsmodels.api as sm

    fitted = sm.RLM(ratios, sm.add_constant(months), M=sm.robust.norms.HuberT()).fit()
    return MarketLevel(float(fitted.params[0]), float(fitted.params[1]), recent.height)


def follow_level(days: Floats, errors: Floats, models: Any, delay_d: float) -> Floats:
    """Return for each row by how much its model is off in log price, as far as that was known on the row's day.

    Args:
        days: whole days, ascending.
        errors: actual - predicted log price of each row.
        models: which model predicted each row; a new model begins at zero.
        delay_d: days after which an error is known.
    """
    level = np.zeros(days.size)
    for model in np.unique(models):
        own = models == model
        asked = np.unique(days[own])
        medians, known_on = _daily_medians(days[own], errors[own], delay_d)
        smoothed = _smooth(medians)
        at = np.searchsorted(known_on, asked, side="right")
        level[own] = smoothed[at][np.searchsorted(asked, days[own])]
    return level


def _daily_medians(days: Floats, errors: Floats, delay_d: float) -> tuple[Floats, Floats]:
    """Return each day's median error, drawn to zero where the day has few, and the day it was known on."""
    found = np.unique(days)
    medians = np.array([np.median(errors[days == day]) for day in found])
    counts = np.array([(days == day).sum() for day in found])
    return medians * np.minimum(1.0, counts / FULL_DAY), found + delay_d


def _smooth(medians: Floats) -> Floats:
    """Return the level after none, one, two ... of the daily medians."""
    from statsmodels.tsa.holtwinters import SimpleExpSmoothing

    if medians.size == 0:
        return np.zeros(1)
    smoothing = SimpleExpSmoothing(np.append(medians, 0.0), initialization_method="known", initial_level=0.0)
    # The fitted value of a day is the level before it, so the one of the appended day is the newest level.
    fitted: Floats = np.asarray(smoothing.fit(smoothing_level=SMOOTHING, optimized=False).fittedvalues)
    return fitted
