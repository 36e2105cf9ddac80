"""The learner of prices: words and names by ridge regression, then gradient-boosted trees on what that leaves over.

What belongs here: fit and predict of log prices with a raw 90 % band, on any table of numbers, names and one text.
Making the band valid is `conformal.py`; the file format is `price_challenger.py`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from arb_pipelines.ml.price_words import word_matrix

RAW_LOW, RAW_HIGH = 0.05, 0.95
MOST_NAMES = 250  # of one column: the trees' bins hold 255
SHRINK_ROWS = 10.0  # a name's level counts as much as the mean of everything when it has this many rows
MAX_LOG_RATIO = 1.5  # a training price more than 4.5 times off its reference is clipped: it is another thing
FOLDS = 3
RIDGE_ALPHAS = (0.3, 1.0, 3.0)
MANY_ROWS, FEW_ROWS = 200_000, 5_000
SPREAD_ROWS = 100_000  # the spread of errors needs no more rows than this
LEAST_RIDGE_ROWS = 60
LEAST_BAND = 0.005
Floats = np.ndarray[Any, np.dtype[np.float64]]


class Pace(NamedTuple):
    """How many trees learn how fast: of the middle, and of each end of the band."""

    steps: int
    rate: float
    band_steps: int
    band_rate: float


# Up to so many rows. Few rows are learnt in seconds on a slow core; of many, each tree costs time, and predicting too.
PACES = (
    (FEW_ROWS, Pace(120, 0.12, 40, 0.2)),
    (MANY_ROWS, Pace(300, 0.06, 60, 0.15)),
    (math.inf, Pace(80, 0.2, 20, 0.35)),
)


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns of a table the learner reads. `text` is None where there is none."""

    numbers: tuple[str, ...]
    names: tuple[str, ...] = ()
    text: str | None = None


@dataclass(frozen=True, slots=True)
class PricePipeline:
    """A fitted learner; predicts log prices.

    `codes` are the known values of each name column, cheapest first; `ridge` the weights of the hashed words with the
    mean price as `mean`; `trees` the middle, low and high regressors of log price - reference.
    """

    columns: Columns
    codes: Mapping[str, Sequence[str]]
    bits: int
    mean: float
    ridge: Floats
    trees: tuple[Any, Any, Any]

    def predict(self, rows: pl.DataFrame, reference: Floats | None = None) -> tuple[Floats, Floats, Floats]:
        """Return (middle, low, high) in log price; the raw band is not yet calibrated.

        Args:
            rows: the columns fitted on; a missing one counts as unknown.
            reference: as at `fit_pipeline`, where it was given one.
        """
        if rows.is_empty():
            return np.empty(0), np.empty(0), np.empty(0)
        whole = _complete(rows, self.columns)
        level = word_matrix(whole, self.columns.text, self.columns.names, self.bits) @ self.ridge + self.mean
        base = level if reference is None else reference
        matrix = _matrix(whole, self.columns, self.codes, level - base if reference is not None else level)
        middle, low, high = (tree.predict(matrix) for tree in self.trees)
        return (
            middle + base,
            np.minimum(low, middle - LEAST_BAND) + base,
            np.maximum(high, middle + LEAST_BAND) + base,
        )


def fit_pipeline(
    rows: pl.DataFrame,
    target: Floats,
    columns: Columns,
    *,
    seed: int = 0,
    reference: Floats | None = None,
    threads: int | None = 1,
) -> PricePipeline:
    """Fit on log prices.

    Args:
        rows: the training table.
        target: log prices, one a row.
        columns: which columns to read; those that are never known are dropped.
        seed: of folds and trees; the same input and seed give the same model with one thread.
        reference: a known level to learn corrections to (log price a row); by default the ridge's own.
        threads: of the trees; two busy cores burnt 3.7 times the CPU of one for the same trees. None: all.
    """
    from threadpoolctl import threadpool_limits

    used = _usable(rows, columns)
    codes = {name: _known_names(rows[name], target) for name in used.names}
    bits = 14 if rows.height < MANY_ROWS / 10 else 18
    words = word_matrix(rows, used.text, used.names, bits)
    mean = float(target.mean())
    with threadpool_limits(threads):
        level, ridge = _ridge_levels(words, target - mean, seed)
        level = level + mean
        base = level if reference is None else reference
        matrix = _matrix(rows, used, codes, level - base if reference is not None else level)
        left = np.clip(target - base, -MAX_LOG_RATIO, MAX_LOG_RATIO)
        trees = _fit_trees(matrix, left, seed)
    return PricePipeline(used, codes, bits, mean, ridge, trees)


def _fit_trees(matrix: Floats, target: Floats, seed: int) -> tuple[Any, Any, Any]:
    from sklearn.ensemble import HistGradientBoostingRegressor

    pace = next(pace for most, pace in PACES if matrix.shape[0] <= most)
    common = {"early_stopping": False, "random_state": seed}
    middle = HistGradientBoostingRegressor(
        max_iter=pace.steps,
        learning_rate=pace.rate,
        max_leaf_nodes=31,
        min_samples_leaf=20,
        max_features=0.5,
        **common,
    ).fit(matrix, target)
    chosen = np.arange(matrix.shape[0])
    if chosen.size > SPREAD_ROWS:
        chosen = np.sort(np.random.default_rng(seed).choice(chosen, SPREAD_ROWS, replace=False))
    low, high = (
        HistGradientBoostingRegressor(
            loss="quantile",
            quantile=quantile,
            max_iter=pace.band_steps,
            learning_rate=pace.band_rate,
            max_leaf_nodes=15,
            min_samples_leaf=30,
            **common,
        ).fit(matrix[chosen], target[chosen])
        for quantile in (RAW_LOW, RAW_HIGH)
    )
    return middle, low, high


def _ridge_levels(words: Any, target: Floats, seed: int) -> tuple[Floats, Floats]:
    """Return the level of each row as predicted by a ridge that did not see it, and the weights of the final ridge."""
    from sklearn.model_selection import KFold

    rows = words.shape[0]
    if rows < LEAST_RIDGE_ROWS or words.nnz == 0:
        return np.zeros(rows), np.zeros(words.shape[1])
    alpha = _best_alpha(words, target, seed)
    level = np.empty(rows)
    for taught, asked in KFold(FOLDS, shuffle=True, random_state=seed).split(target):
        level[asked] = words[asked] @ _ridge(words[taught], target[taught], alpha)
    return level, _ridge(words, target, alpha)


def _ridge(words: Any, target: Floats, alpha: float) -> Floats:
    from sklearn.linear_model import Ridge

    fitted = Ridge(alpha, solver="lsqr", fit_intercept=False, tol=1e-4, max_iter=100).fit(words, target)
    weights: Floats = fitted.coef_.astype(np.float64)
    return weights


def _best_alpha(words: Any, target: Floats, seed: int) -> float:
    """Return the penalty with the least error on a fifth of at most SPREAD_ROWS rows."""
    chosen = np.random.default_rng(seed).permutation(target.size)[:SPREAD_ROWS]
    cut = chosen.size // 5
    asked, taught = chosen[:cut], chosen[cut:]
    errors = {
        alpha: float(np.abs(words[asked] @ _ridge(words[taught], target[taught], alpha) - target[asked]).mean())
        for alpha in RIDGE_ALPHAS
    }
    return min(errors, key=lambda alpha: errors[alpha])


def _usable(rows: pl.DataFrame, columns: Columns) -> Columns:
    """Return the columns that are known at least once: a column of nothing makes the fit fail."""
    known = {name for name in rows.columns if rows[name].null_count() < rows.height}
    text = columns.text if columns.text in known else None
    return Columns(
        tuple(name for name in columns.numbers if name in known),
        tuple(name for name in columns.names if name in known),
        text,
    )


def _known_names(column: pl.Series, target: Floats) -> list[str]:
    """Return the commonest values, cheapest first: cut in that order, trees need no other notion of a category."""
    counted = (
        pl.DataFrame({"name": column.cast(pl.String), "target": target - target.mean()})
        .drop_nulls("name")
        .group_by("name")
        .agg(n=pl.len(), level=pl.col("target").sum() / (pl.len() + SHRINK_ROWS))
        .sort("n", "name", descending=[True, False])
        .head(MOST_NAMES)
    )
    names: list[str] = counted.sort("level", "name")["name"].to_list()
    return names


def _complete(rows: pl.DataFrame, columns: Columns) -> pl.DataFrame:
    missing = [name for name in (*columns.numbers, *columns.names) if name not in rows.columns]
    whole = rows.with_columns(pl.lit(None, dtype=pl.String).alias(name) for name in missing)
    if columns.text is not None and columns.text not in whole.columns:
        whole = whole.with_columns(pl.lit("").alias(columns.text))
    return whole


def _matrix(rows: pl.DataFrame, columns: Columns, codes: Mapping[str, Sequence[str]], level: Floats) -> Floats:
    """Return the trees' input: codes of the names, the numbers, and what the words say."""
    coded = [
        rows[name]
        .cast(pl.String)
        .replace_strict(list(codes[name]), np.arange(len(codes[name]), dtype=float), default=None)
        .cast(pl.Float64)
        for name in columns.names
    ]
    numbers = [rows[name].cast(pl.Float64) for name in columns.numbers]
    parts = [column.to_numpy().astype(np.float64) for column in (*coded, *numbers)]
    return np.column_stack([*parts, level])
