"""The week and the year in prices: seasonal and trend decomposition (STL) of price / comps by day and by week.

What belongs here: the decomposition and what it says about the days in which an item will sell. Whether it may correct
anything is decided on the calibration slice (`price_training.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

from arb_pipelines.ml.price_rule import MIN_COMPS

WEEK_D, LEAST_WEEKS = 7, 8
YEAR_WEEKS, LEAST_YEARS = 52, 2
WINDOW_D = 14  # from the decision on, in which most items sell: over it the week averages out, the year does not

Floats = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True, slots=True)
class Season:
    """Log price by weekday (Monday first) and by week of the year; None where the history is too short."""

    weekdays: tuple[float, ...] | None = None
    weeks: tuple[float, ...] | None = None

    def expected(self, moments: pl.Series) -> Floats:
        """Return the mean effect (log price) over the WINDOW_D days from each moment on."""
        total = np.zeros(moments.len())
        for day in range(WINDOW_D):
            on = moments + timedelta(days=day)
            if self.weekdays is not None:
                total += np.array(self.weekdays)[on.dt.weekday().to_numpy() - 1]
            if self.weeks is not None:
                total += np.array(self.weeks)[np.minimum(on.dt.week().to_numpy(), YEAR_WEEKS) - 1]
        return total / WINDOW_D

    def metrics(self) -> dict[str, float]:
        """Return how far apart the best and the worst weekday and week are, where they are known."""
        parts = {"season_week_range": self.weekdays, "season_year_range": self.weeks}
        return {name: max(part) - min(part) for name, part in parts.items() if part is not None}


def fit_season(rows: pl.DataFrame, until: datetime) -> Season:
    """Return the season of training rows sold before `until` (`comps_n`, `comps_median`, `log_price`, `sold_at`)."""
    known = rows.filter(pl.col("comps_n") >= MIN_COMPS, pl.col("sold_at") < until)
    daily = _medians(known, "1d")
    if daily.height < LEAST_WEEKS * WEEK_D:
        return Season()
    weekdays = _effects(daily, WEEK_D, pl.col("at").dt.weekday() - 1)
    weekly = _medians(known, "1w")
    if weekly.height < LEAST_YEARS * YEAR_WEEKS:
        return Season(weekdays)
    return Season(weekdays, _effects(weekly, YEAR_WEEKS, pl.col("at").dt.week().clip(1, YEAR_WEEKS) - 1))


def _medians(rows: pl.DataFrame, every: str) -> pl.DataFrame:
    """Return (at, ratio) of each day or week without a gap; what has no sale lies between its neighbours."""
    if rows.is_empty():
        return pl.DataFrame(schema={"at": pl.Datetime("us", "UTC"), "ratio": pl.Float64})
    found = rows.sort("sold_at").group_by_dynamic("sold_at", every=every)
    medians = found.agg(ratio=(pl.col("log_price") - pl.col("comps_median")).median()).rename({"sold_at": "at"})
    return medians.upsample("at", every=every).with_columns(pl.col("ratio").interpolate())


def _effects(series: pl.DataFrame, period: int, place: pl.Expr) -> tuple[float, ...]:
    """Return the mean seasonal part of each place in the period, centred on zero."""
    from statsmodels.tsa.seasonal import STL

    seasonal = np.asarray(STL(series["ratio"].to_numpy(), period=period, robust=True).fit().seasonal)
    parts = series.select(place=place.cast(pl.Int64)).with_columns(pl.Series("part", seasonal))
    means = dict(parts.group_by("place").agg(pl.col("part").mean()).iter_rows())
    effects = np.array([means.get(at, 0.0) for at in range(period)])
    return tuple(float(value) for value in effects - effects.mean())
