"""The haircut: what a dear price will be when we come to sell, learnt from gaps whose outcome was known by then.

What belongs here: E[price at the sale | the gap and both shops' past] and its low quantile, refitted walk-forward. A
new gap selects prices that are about to fall back: of those that promised 31 % the median realised 16 % after two
weeks and 42 % lost.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Protocol

import polars as pl

from arb_pipelines.backtest.pair_features import FEATURES

MIN_OUTCOMES = 300  # known outcomes before the first fit; until then nothing is bought
REFIT_DAYS = 30
SHORT_REFIT_DAYS = 7
SHORT_HISTORY_DAYS = 240
LOW_SHARE = 0.12
TREES = 40
LEAVES = 12
MIN_LEAF = 40
LEARNING_RATE = 0.15


class Haircut(Protocol):
    """Predicts the price at the sale as a share of the price that is seen now."""

    def predict(self, gaps: pl.DataFrame) -> tuple[Any, Any]:
        """Return the low quantile and the expected share (natural logarithms) of each gap."""


@dataclass(frozen=True, slots=True)
class TreeHaircut:
    """Gradient boosted trees on FEATURES, one for the low quantile and one for the mean."""

    low: Any
    middle: Any
    columns: Sequence[str]

    def predict(self, gaps: pl.DataFrame) -> tuple[Any, Any]:
        """Return low and expected log share; the low one is never above the other."""
        import numpy as np
        from threadpoolctl import threadpool_limits

        matrix = gaps.select(self.columns).to_numpy()
        with threadpool_limits(1):
            middle = self.middle.predict(matrix)
            return np.minimum(self.low.predict(matrix), middle), middle


def fit_haircut(known: pl.DataFrame, days: int) -> Haircut:
    """Fit on gaps whose outcome after `days` is known (`sale_minor_<days>` not null)."""
    from sklearn.ensemble import HistGradientBoostingRegressor
    from threadpoolctl import threadpool_limits

    # A feature that is null throughout (every history begins with some) makes the trees raise ValueError.
    columns = [name for name in FEATURES if known[name].null_count() < known.height]
    matrix = known.select(columns).to_numpy()
    share = (known[f"sale_minor_{days}"] / known["sale_minor"]).log().clip(-1.5, 0.7).to_numpy()
    shape: dict[str, Any] = {"max_iter": TREES, "max_leaf_nodes": LEAVES, "min_samples_leaf": MIN_LEAF, "max_bins": 63}
    shape["learning_rate"] = LEARNING_RATE
    low = HistGradientBoostingRegressor(loss="quantile", quantile=LOW_SHARE, random_state=0, **shape)
    middle = HistGradientBoostingRegressor(random_state=0, **shape)
    # Tables of a few thousand rows: more threads than one only wait for each other.
    with threadpool_limits(1):
        return TreeHaircut(low.fit(matrix, share), middle.fit(matrix, share), columns)


def walk_haircut(gaps: pl.DataFrame, days: int) -> pl.DataFrame:
    """Add `low_minor` and `middle_minor`: the price at the sale `days` later, as it was predicted on `found_on`.

    Each fit knows only gaps whose sale lay before it. Gaps before the first fit have nulls.

    Args:
        gaps: with FEATURES and `sale_minor_<days>`.
        days: between buying and selling.
    """
    outcome = pl.col(f"sale_minor_{days}")
    parts = []
    for start, end in _steps(gaps):
        asked = gaps.filter(pl.col("found_on") >= start, pl.col("found_on") < end)
        known = gaps.filter(pl.col("found_on") + timedelta(days=days) < start, outcome.is_not_null())
        if asked.is_empty() or known.height < MIN_OUTCOMES:
            parts.append(asked.with_columns(low_minor=pl.lit(None, pl.Int64), middle_minor=pl.lit(None, pl.Int64)))
            continue
        low, middle = fit_haircut(known, days).predict(asked)
        parts.append(asked.with_columns(low_minor=_price(low), middle_minor=_price(middle)))
    return pl.concat(parts)


def _price(log_share: Any) -> pl.Expr:
    return (pl.col("sale_minor") * pl.lit(pl.Series(log_share)).exp()).floor().cast(pl.Int64).clip(1)


def _steps(gaps: pl.DataFrame) -> Iterator[tuple[date, date]]:
    """Yield the days of each refit and of the next, over the whole history."""
    days = gaps["found_on"].sort()
    if days.is_empty():
        return
    first, last = days[0], days[-1]
    long = (last - first).days >= SHORT_HISTORY_DAYS
    step = timedelta(days=REFIT_DAYS if long else SHORT_REFIT_DAYS)
    while first <= last:
        yield first, first + step
        first += step
