"""Prices and intervals moved by the sales since the training: the bench's rolling conformal calibration, in production.

What belongs here: from realised sales of one model to the level it is off by and to how far its interval has to reach
today. Level and intervals are those of `market_level.follow_level` and `conformal.stream_intervals`, as in
`price_walk.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import polars as pl

from arb_pipelines.ml.conformal import LEAST_SCORES, SHRINK, Memory, Stream, apply_factors, stream_intervals
from arb_pipelines.ml.market_level import follow_level
from arb_pipelines.ml.price_metrics import HIGH, LOW

COVERAGE = round(HIGH - LOW, 6)
LEAST_REACH = 1e-4  # log price: an interval of no width has no units to measure errors in
EVERY = ""


@dataclass(frozen=True, slots=True)
class Recalibration:
    """By how much the middle moves (log price) and how far each side reaches, in units of the trained interval.

    `factors` are (below, above) by category, EVERY for the rest; without outcomes the model stays as trained.
    """

    n: int = 0
    level: float = 0.0
    factors: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def move(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return the rows with low, middle and high (log price) moved."""
        if not self.factors:
            return rows
        rest = self.factors[EVERY]
        names = rows["category"].fill_null(EVERY).to_list()
        reach = np.array([self.factors.get(name, rest) for name in names], dtype=np.float64).reshape(-1, 2)
        low, middle, high = (rows[name].cast(pl.Float64).to_numpy() for name in ("low", "middle", "high"))
        middle, low, high = middle + self.level, low + self.level, high + self.level
        low, high = apply_factors(middle, low, high, (reach[:, 0], reach[:, 1]))
        ends = {"low": low, "middle": middle, "high": high}
        return rows.with_columns(pl.Series(name, values).fill_nan(None) for name, values in ends.items())

    def metadata(self) -> dict[str, float]:
        """Return the figures for a run's metadata."""
        below, above = self.factors.get(EVERY, (-1.0, 1.0))
        told = {"level": self.level, "reach_below": -below, "reach_above": above}
        return {"recalibrated_on": float(self.n), **{name: round(value, 4) for name, value in told.items()}}


def recalibrate(
    realised: pl.DataFrame, trained_at: datetime, now: datetime, memory: Memory | None = None
) -> Recalibration:
    """Return the Recalibration for predictions made at `now`.

    Args:
        realised: sales since the training with what the model as trained said of them (`drift.realise`).
        trained_at: when the model was trained.
        now: aware UTC; a sale counts `memory.delay_d` days after it.
        memory: which sales count.
    """
    memory = memory or Memory()
    age_d = (pl.col("sold_at") - pl.lit(trained_at)).dt.total_seconds() / 86_400
    rows = realised.with_columns(day=age_d.floor()).filter(pl.col("day") >= 0, pl.col("sold_at") < now)
    today = float(np.floor((now - trained_at).total_seconds() / 86_400))
    rows = rows.filter(pl.col("day") <= today - memory.delay_d).sort("day", "sold_at", "sale_id")
    if rows.height < LEAST_SCORES:
        return Recalibration(rows.height)
    groups = [EVERY, *rows["category"].drop_nulls().unique().sort().to_list()]
    days = np.append(rows["day"].to_numpy(), np.full(len(groups), today))
    columns = ("log_price", "middle", "low", "high")
    actual, middle, low, high = (np.append(rows[name].to_numpy(), np.zeros(len(groups))) for name in columns)
    level = follow_level(days, actual - middle, np.zeros(days.size), memory.delay_d)
    low, high = np.minimum(low, middle - LEAST_REACH), np.maximum(high, middle + LEAST_REACH)
    # One row more a category, asked today: its interval is how far to reach from a band of one unit on each side.
    low[rows.height :], high[rows.height :] = -1.0, 1.0
    names = np.array([*rows["category"].fill_null(EVERY).to_list(), *groups], dtype=np.str_)
    stream = Stream(days, actual, middle + level, low + level, high + level, names)
    below, above = stream_intervals(stream, (COVERAGE,), memory)[COVERAGE]
    moved, trust = float(level[-1]), rows.height / (rows.height + SHRINK)
    found = zip(groups, below[rows.height :] - moved, above[rows.height :] - moved, strict=True)
    # A few sales say little: the trained interval counts as much as SHRINK of them.
    factors = {name: (float(trust * one + trust - 1), float(trust * two + 1 - trust)) for name, one, two in found}
    return Recalibration(rows.height, moved, factors)
