"""The challenger: gradient-boosted quantiles of price / reference, made valid by split conformal calibration.

What belongs here: fitting, predicting and the safe file format of the scikit-learn part. The reference is the comps'
median, else the product's, else the category's, so the trees learn corrections and not price levels. Calibration
is conformalised quantile regression (Romano et al. 2019) on the newest slice, which the fit did not see.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from arb_pipelines.ml.price_metrics import HIGH, LOW, MIDDLE
from arb_pipelines.transforms.price_features import ATTRIBUTE_PREFIX, FEATURES

MAX_LOG_RATIO = 1.5  # a training price more than 4.5 times off its reference is clipped: it is another thing
NOMINAL = HIGH - LOW
# The only type outside skops' own safe list that our regressors contain; it stands here, not in the model's file.
TRUSTED_TYPES = ["sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor"]


class UntrustedModelError(PermissionError):
    """A model file holds a type that our own list does not name."""


@dataclass(frozen=True, slots=True)
class Challenger:
    """One fitted regressor a quantile, the columns they take, and how far the interval is widened (log units)."""

    columns: tuple[str, ...]
    regressors: tuple[Any, Any, Any]
    widen: float


def with_reference(rows: pl.DataFrame) -> pl.DataFrame:
    """Add `reference` (log minor units; null where nothing comparable was sold) and features relative to it."""
    rows = rows.with_columns(reference=pl.coalesce("comps_median", "product_median", "category_median"))
    return rows.with_columns(
        (pl.col(name) - pl.col("reference")).alias(f"{name}_ratio")
        for name in ("product_median", "category_median", "shelf_min", "shelf_median")
    )


def fit_challenger(fit_rows: pl.DataFrame, calibration_rows: pl.DataFrame, seed: int) -> Challenger:
    """Fit three quantiles on `fit_rows` and calibrate on `calibration_rows` (features and `log_price`)."""
    from threadpoolctl import threadpool_limits

    rows = with_reference(fit_rows).drop_nulls("reference")
    columns = _usable_columns(rows)
    target = (rows["log_price"] - rows["reference"]).clip(-MAX_LOG_RATIO, MAX_LOG_RATIO).to_numpy()
    # One thread: two busy cores burnt 3.7 times the CPU for the same trees, and one thread is reproducible.
    with threadpool_limits(1):
        low, middle, high = (_regressor(q, seed).fit(_matrix(rows, columns), target) for q in (LOW, MIDDLE, HIGH))
    raw = Challenger(columns, (low, middle, high), 0.0)
    return Challenger(columns, raw.regressors, _widening(raw, calibration_rows))


def predict_challenger(challenger: Challenger, rows: pl.DataFrame) -> pl.DataFrame:
    """Return the rows, in their order, with low, middle and high (log minor units); null without a reference."""
    from threadpoolctl import threadpool_limits

    asked = with_reference(rows)
    reference = asked["reference"].to_numpy()
    if asked.is_empty():
        quantiles = np.empty((3, 0))
    else:
        matrix = _matrix(asked, challenger.columns)
        with threadpool_limits(1):
            quantiles = np.sort([regressor.predict(matrix) for regressor in challenger.regressors], axis=0)
    low, middle, high = quantiles + reference
    # A negative widening (intervals too wide) may not push an end across the middle.
    low, high = np.minimum(low - challenger.widen, middle), np.maximum(high + challenger.widen, middle)
    return rows.with_columns(
        pl.Series(name, values).fill_nan(None) for name, values in (("low", low), ("middle", middle), ("high", high))
    )


def dump_challenger(challenger: Challenger) -> bytes:
    """Return the regressors in skops' format, which holds no code."""
    import skops.io

    parts = {"columns": list(challenger.columns), "regressors": list(challenger.regressors), "widen": challenger.widen}
    content: bytes = skops.io.dumps(parts)
    return content


def load_challenger(content: bytes) -> Challenger:
    """Read what `dump_challenger` wrote.

    Raises:
        UntrustedModelError: the file holds a type that TRUSTED_TYPES does not name; nothing of it was run.
    """
    import skops.io

    strangers = sorted(set(skops.io.get_untrusted_types(data=content)) - set(TRUSTED_TYPES))
    if strangers:
        raise UntrustedModelError(f"the model file holds {strangers[:3]}, which we do not load; train it again")
    parts = skops.io.loads(content, trusted=TRUSTED_TYPES)
    return Challenger(tuple(parts["columns"]), tuple(parts["regressors"]), float(parts["widen"]))


def _regressor(quantile: float, seed: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingRegressor

    return HistGradientBoostingRegressor(
        loss="quantile",
        quantile=quantile,
        max_iter=150,
        learning_rate=0.08,
        max_leaf_nodes=15,
        min_samples_leaf=20,
        early_stopping=False,
        random_state=seed,
    )


def _usable_columns(rows: pl.DataFrame) -> tuple[str, ...]:
    """Return the numeric columns that are known at least once: a column of nothing makes the fit fail."""
    ratios = [f"{name}_ratio" for name in ("product_median", "category_median", "shelf_min", "shelf_median")]
    attributes = sorted(name for name in rows.columns if name.startswith(ATTRIBUTE_PREFIX))
    wanted: Sequence[str] = [*FEATURES, "reference", *ratios, *attributes]
    levels = {"comps_median", "product_median", "category_median", "shelf_min", "shelf_median"}
    return tuple(name for name in wanted if name not in levels and rows[name].null_count() < rows.height)


def _matrix(rows: pl.DataFrame, columns: Sequence[str]) -> np.ndarray[Any, np.dtype[np.float64]]:
    missing = [pl.lit(None, dtype=pl.Float64).alias(name) for name in columns if name not in rows.columns]
    return rows.with_columns(missing).select(pl.col(name).cast(pl.Float64) for name in columns).to_numpy()


def _widening(challenger: Challenger, rows: pl.DataFrame) -> float:
    """Return the conformal correction: the finite-sample quantile of how far sales fell outside the interval."""
    predicted = predict_challenger(challenger, rows).drop_nulls("middle")
    if predicted.is_empty():
        return 0.0
    outside = predicted.select(
        pl.max_horizontal(pl.col("low") - pl.col("log_price"), pl.col("log_price") - pl.col("high"))
    ).to_series()
    rank = min(predicted.height, math.ceil((predicted.height + 1) * NOMINAL))
    return float(outside.sort()[rank - 1])
