"""The challenger for days to sell: the chance of selling in each stretch of days, given that it is still on sale.

What belongs here: the discrete-time hazard, fitted by gradient boosting on one row an item and stretch, so that what
never sold counts as long as it was watched. Regression on sold items alone is worse than knowing nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from arb_pipelines.ml.days_to_sell_spells import RATE_COLUMNS, STOCK_COLUMNS

Floats = np.ndarray[Any, np.dtype[np.float64]]

EDGES = np.array([0, 1, 2, 4, 7, 11, 15, 22, 31, 46, 61, 91])  # stretch k: EDGES[k] <= days < EDGES[k + 1]
HALF_LIFE_D = 30.0  # markets change their pace within weeks
MOST_NAMES = 200
LEAST_SPELLS, LEAST_SALES = 200, 50
EXTRA = ("log_price", "price_gap", "weekday", *RATE_COLUMNS, *STOCK_COLUMNS)


@dataclass(frozen=True, slots=True)
class Hazard:
    """The fitted classifier, the columns it takes and the known values of each name column."""

    numbers: tuple[str, ...]
    names: Mapping[str, Sequence[str]]
    classifier: Any


def fit_hazard(spells: pl.DataFrame, numbers: Sequence[str], names: Sequence[str], day: int, seed: int = 0) -> Hazard:
    """Fit on spells with `days` and `sold` as known on `day` (`days_to_sell_spells.known_at`).

    Spells that were going on when their source was first read are left out: how long they had lasted is unknown.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier
    from threadpoolctl import threadpool_limits

    rows = spells.filter(~pl.col("truncated"))
    used = tuple(name for name in (*numbers, *EXTRA) if name in rows.columns and rows[name].null_count() < rows.height)
    known = {name: _known(rows[name]) for name in names if name in rows.columns and rows[name].n_unique() > 1}
    hazard = Hazard(used, known, None)
    item, stretch, sold = _expand(rows["days"].to_numpy(), rows["sold"].to_numpy())
    matrix = np.column_stack([_matrix(hazard, rows)[item], stretch])
    age = day - (rows["begin"].to_numpy()[item] + EDGES[stretch])
    classifier = HistGradientBoostingClassifier(
        categorical_features=list(range(len(known))) or None,
        max_iter=200,
        learning_rate=0.05,
        max_leaf_nodes=12,
        min_samples_leaf=60,
        l2_regularization=5.0,
        early_stopping=False,
        random_state=seed,
    )
    with threadpool_limits(1):
        classifier.fit(matrix, sold, sample_weight=0.5 ** (age / HALF_LIFE_D))
    return Hazard(used, known, classifier)


def predict_unsold(hazard: Hazard, rows: pl.DataFrame) -> Floats:
    """Return the share still unsold at the end of each stretch, shape (rows, len(EDGES) - 1)."""
    if rows.is_empty():
        return np.empty((0, EDGES.size - 1))
    matrix = _matrix(hazard, rows)
    left = np.ones(rows.height)
    columns = []
    for stretch in range(EDGES.size - 1):
        asked = np.column_stack([matrix, np.full(rows.height, stretch)])
        left = left * (1 - hazard.classifier.predict_proba(asked)[:, 1])
        columns.append(left)
    return np.column_stack(columns)


def unsold_after(curves: Floats, days: Sequence[float]) -> Floats:
    """Return the share unsold after each of `days`, from the curves of `predict_unsold`; constant hazard between.

    After day d means: not sold on day d or before, so day 21 is the end of the stretch that ends before day 22.
    """
    ends = np.concatenate([[0.0], EDGES[1:]]).astype(float)
    logs = np.log(np.maximum(np.column_stack([np.ones(curves.shape[0]), curves]), 1e-9))
    asked = np.minimum(np.asarray(days, dtype=float) + 1, ends[-1])
    place = np.clip(np.searchsorted(ends, asked, side="left"), 1, ends.size - 1)
    share = (asked - ends[place - 1]) / (ends[place] - ends[place - 1])
    left: Floats = np.exp(logs[:, place - 1] * (1 - share) + logs[:, place] * share)
    return left


def _expand(days: Floats, sold: Any) -> tuple[Any, Any, Any]:
    """Return (item, stretch, sold in it) of every stretch that an item went through while watched."""
    last = np.clip(np.searchsorted(EDGES, days, side="right") - 1, 0, EDGES.size - 2)
    beyond = days >= EDGES[-1]
    # An unsold item's last stretch counts only if it was watched to the stretch's end.
    whole = (sold & ~beyond) | (days + 1 >= EDGES[last + 1])
    count = last + whole
    item = np.repeat(np.arange(days.size), count)
    stretch = np.arange(item.size) - np.repeat(np.cumsum(count) - count, count)
    return item, stretch, (stretch == last[item]) & sold[item] & ~beyond[item]


def _known(column: pl.Series) -> list[str]:
    counted = column.drop_nulls().value_counts(name="n").sort("n", column.name, descending=[True, False])
    names: list[str] = counted[column.name].head(MOST_NAMES).to_list()
    return names


def _matrix(hazard: Hazard, rows: pl.DataFrame) -> Floats:
    coded = [
        rows[name].replace_strict(list(values), np.arange(len(values), dtype=float), default=None).cast(pl.Float64)
        for name, values in hazard.names.items()
    ]
    numbers = [rows[name].cast(pl.Float64) for name in hazard.numbers]
    return np.column_stack([column.to_numpy().astype(np.float64) for column in (*coded, *numbers)])
