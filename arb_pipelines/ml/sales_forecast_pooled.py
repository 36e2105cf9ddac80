"""One model for all series: gradient boosting on what each sold of late, in units of its own level.

What belongs here: the challenger's features and fit. It minimises the absolute error, weighted by level, which is
what WAPE measures; methods that aim at the mean lose to a median on skewed sales.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from arb_pipelines.ml.sales_forecast_rules import MEDIAN_WEEKS, Floats, forecast_median, forecast_tsb

MOST_ROWS = 50_000
LEAST_ROWS = 1_000
LEAST_AGE = 4  # weeks a series must have been on sale to teach
SEED = 17
ROUNDS = 100
BINS = 48  # each bin of each feature is a weighted quantile of all rows: 255 of them took longer than the trees


def forecast_pooled(units: Floats, otherwise: Floats, start: int) -> Floats:
    """Return `otherwise` with the columns from `start` on predicted by a model trained on the weeks before.

    Unchanged where the weeks before `start` hold fewer than 1,000 examples.

    Args:
        units: sales, shape (series, weeks), NaN before a series' first sale.
        otherwise: forecasts, shape (series, weeks + 1).
        start: the first week that is predicted.
    """
    tables = _Features(units)
    weeks = range(MEDIAN_WEEKS, start)
    found = otherwise.copy()
    rows = [(week, np.flatnonzero(~np.isnan(units[:, week - LEAST_AGE]))) for week in weeks]
    if sum(len(chosen) for _, chosen in rows) < LEAST_ROWS:
        return found
    model = _fit(tables, rows)
    for week in range(start, units.shape[1] + 1):
        features, scale = tables.at(week)
        found[:, week] = np.where(np.isnan(otherwise[:, week]), np.nan, np.maximum(model.predict(features) * scale, 0))
    return found


class _Features:
    """What is known of every series before a week."""

    def __init__(self, units: Floats) -> None:
        self.units = units
        self.median, self.tsb = forecast_median(units), forecast_tsb(units)

    def at(self, week: int) -> tuple[Floats, Floats]:
        """Return features (series, features) from the weeks before `week`, and each series' level."""
        window = np.nan_to_num(self.units[:, week - MEDIAN_WEEKS : week])
        level = window.mean(axis=1) + 0.5
        by_series = [np.sort(window, axis=1), self.tsb[:, [week]], self.median[:, [week]], window[:, -4:].mean(axis=1)]
        shares = [column.reshape(len(level), -1) / level[:, None] for column in (window, *by_series)]
        totals = window.sum(axis=0)
        trend = [np.full(len(level), part / max(totals.mean(), 1e-9)) for part in (totals[-1], totals[-4:].mean())]
        age = (~np.isnan(self.units[:, :week])).sum(axis=1)
        features = np.column_stack([*shares, (window > 0).mean(axis=1), np.log(level), age, *trend])
        return features, level


def _fit(tables: _Features, rows: list[tuple[int, Any]]) -> Any:
    from sklearn.ensemble import HistGradientBoostingRegressor
    from threadpoolctl import threadpool_limits

    inputs, targets, weights = [], [], []
    share = min(1.0, MOST_ROWS / sum(len(chosen) for _, chosen in rows))
    draws = np.random.default_rng(SEED)
    for week, chosen in rows:
        features, level = tables.at(week)
        kept = chosen[draws.random(len(chosen)) < share]
        inputs.append(features[kept])
        targets.append(tables.units[kept, week] / level[kept])
        weights.append(level[kept])
    model = HistGradientBoostingRegressor(
        loss="absolute_error",
        max_iter=ROUNDS,
        learning_rate=0.07,
        max_leaf_nodes=12,
        min_samples_leaf=100,
        max_bins=BINS,
        random_state=0,
    )
    with threadpool_limits(1):
        return model.fit(np.vstack(inputs), np.concatenate(targets), sample_weight=np.concatenate(weights))
