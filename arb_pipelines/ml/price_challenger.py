"""The challenger: the price pipeline on price / reference, with an 80 % interval calibrated by category.

What belongs here: fitting, predicting and the safe file format of the scikit-learn part. The reference is the comps'
median, else the product's, else the category's, so the trees learn corrections and not price levels. Calibration
is conformal (`conformal.py`) on the newest slice, which the fit did not see.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from arb_pipelines.ml.conformal import (
    LEAST_SCORES,
    apply_factors,
    group_weights,
    signed_scores,
    two_sided_factors,
)
from arb_pipelines.ml.price_metrics import HIGH, LOW
from arb_pipelines.ml.price_pipeline import Columns, PricePipeline, fit_pipeline
from arb_pipelines.transforms.price_features import ATTRIBUTE_PREFIX, FEATURES

NAMES = ("category", "condition")
TEXT = "title"
ANY_CATEGORY = ""
LEVELS = ("product_median", "category_median", "shelf_min", "shelf_median")
# The only type outside skops' own safe list that our regressors contain; it stands here, not in the model's file.
TRUSTED_TYPES = ["sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor"]


class UntrustedModelError(PermissionError):
    """A model file holds a type that our own list does not name."""


@dataclass(frozen=True, slots=True)
class Challenger:
    """The fitted pipeline, and by category how far the interval reaches below and above in units of the raw band."""

    pipeline: PricePipeline
    factors: Mapping[str, tuple[float, float]]

    @property
    def columns(self) -> tuple[str, ...]:
        """The numeric columns it takes."""
        return self.pipeline.columns.numbers


def with_reference(rows: pl.DataFrame) -> pl.DataFrame:
    """Add `reference` (log minor units; null where nothing comparable was sold) and features relative to it."""
    rows = rows.with_columns(reference=pl.coalesce("comps_median", "product_median", "category_median"))
    return rows.with_columns((pl.col(name) - pl.col("reference")).alias(f"{name}_ratio") for name in LEVELS)


def fit_challenger(fit_rows: pl.DataFrame, calibration_rows: pl.DataFrame, seed: int) -> Challenger:
    """Fit on `fit_rows` and calibrate on `calibration_rows` (features and `log_price`)."""
    rows = with_reference(fit_rows).drop_nulls("reference")
    attributes = sorted(name for name in rows.columns if name.startswith(ATTRIBUTE_PREFIX))
    plain = [name for name in FEATURES if name not in {"comps_median", *LEVELS}]
    columns = Columns((*plain, "reference", *(f"{name}_ratio" for name in LEVELS), *attributes), NAMES, TEXT)
    pipeline = fit_pipeline(
        rows, rows["log_price"].to_numpy(), columns, seed=seed, reference=rows["reference"].to_numpy()
    )
    return Challenger(pipeline, _factors(pipeline, with_reference(calibration_rows).drop_nulls("reference")))


def predict_challenger(challenger: Challenger, rows: pl.DataFrame) -> pl.DataFrame:
    """Return the rows, in their order, with low, middle and high (log minor units); null without a reference."""
    asked = with_reference(rows)
    middle, low, high = _raw(challenger.pipeline, asked)
    fallback = challenger.factors[ANY_CATEGORY]
    found = [challenger.factors.get(name or ANY_CATEGORY, fallback) for name in asked["category"].to_list()]
    factors = np.array(found, dtype=np.float64).reshape(-1, 2)
    low, high = apply_factors(middle, low, high, (factors[:, 0], factors[:, 1]))
    return rows.with_columns(
        pl.Series(name, values).fill_nan(None) for name, values in (("low", low), ("middle", middle), ("high", high))
    )


def dump_challenger(challenger: Challenger) -> bytes:
    """Return the regressors in skops' format, which holds no code."""
    import skops.io

    pipeline = challenger.pipeline
    parts = {
        "numbers": list(pipeline.columns.numbers),
        "codes": {name: list(values) for name, values in pipeline.codes.items()},
        "text": pipeline.columns.text,
        "bits": pipeline.bits,
        "mean": pipeline.mean,
        "ridge": pipeline.ridge,
        "trees": list(pipeline.trees),
        "factors": {name: list(pair) for name, pair in challenger.factors.items()},
    }
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
    columns = Columns(tuple(parts["numbers"]), tuple(parts["codes"]), parts["text"])
    pipeline = PricePipeline(
        columns, parts["codes"], int(parts["bits"]), float(parts["mean"]), parts["ridge"], tuple(parts["trees"])
    )
    return Challenger(pipeline, {name: (float(low), float(high)) for name, (low, high) in parts["factors"].items()})


def _raw(pipeline: PricePipeline, asked: pl.DataFrame) -> tuple[Any, Any, Any]:
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        return pipeline.predict(asked, asked["reference"].cast(pl.Float64).to_numpy())


def _factors(pipeline: PricePipeline, rows: pl.DataFrame) -> dict[str, tuple[float, float]]:
    """Return the conformal factors of each category, shrunk to those of everything, which stand under ANY_CATEGORY."""
    middle, low, high = _raw(pipeline, rows)
    scores = signed_scores(rows["log_price"].to_numpy(), middle, low, high)
    groups = rows["category"].fill_null(ANY_CATEGORY).to_numpy().astype(np.str_)
    miss = 1 - (HIGH - LOW)
    # The coverage that a slice of n outcomes gives strays by this much (140 outcomes: 3 points): stay on the safe side.
    miss -= math.sqrt(miss * (1 - miss) / max(scores.size, LEAST_SCORES))
    found = {ANY_CATEGORY: two_sided_factors(scores, np.ones(scores.size), miss)}
    for group in np.unique(groups):
        if group != ANY_CATEGORY:
            found[str(group)] = two_sided_factors(scores, group_weights(groups, str(group)), miss)
    return found
