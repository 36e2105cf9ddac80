"""How good are predicted prices: the figures of the rule and the challenger, and the gate between them.

What belongs here: metrics on one holdout and the paired comparison. Predictions and actuals are logarithms of minor
units; shares are 0-1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

LOW, MIDDLE, HIGH = 0.1, 0.5, 0.9
MIN_HOLDOUT = 50
MIN_COVERAGE = 0.70  # of the nominal 80 %: below it the low end, on which buying relies, is a wish
RESAMPLES = 500
SURE_SHARE = 0.95


@dataclass(frozen=True, slots=True)
class Verdict:
    """Who predicts, and why."""

    champion: str
    reason: str


def score(predicted: pl.DataFrame) -> dict[str, float]:
    """Return the figures of predictions with columns log_price (actual), low, middle and high.

    n, mape, mdape, w5 and w15 (share within 5 % and 15 %), coverage_80, half_width (median of the interval's half
    width over its middle), bias (mean signed error). Empty for no rows.
    """
    if predicted.is_empty():
        return {"n": 0.0}
    error = (pl.col("middle") - pl.col("log_price")).exp() - 1
    inside = pl.col("log_price").is_between(pl.col("low"), pl.col("high"))
    figures = predicted.select(
        n=pl.len().cast(pl.Float64),
        mape=error.abs().mean(),
        mdape=error.abs().median(),
        w5=(error.abs() <= 0.05).mean(),
        w15=(error.abs() <= 0.15).mean(),
        coverage_80=inside.mean(),
        half_width=((pl.col("high") - pl.col("middle")).exp() - (pl.col("low") - pl.col("middle")).exp()).median() / 2,
        bias=error.mean(),
    )
    return {name: float(value) for name, value in figures.row(0, named=True).items()}


def judge(rule: pl.DataFrame, challenger: pl.DataFrame, seed: int) -> Verdict:
    """Compare two sets of predictions of the same holdout rows; the rule stays unless it is surely beaten.

    The challenger needs a lower median error, a coverage above MIN_COVERAGE, and a lower mean error in 95 % of 500
    paired bootstrap resamples over products (rows of one product are not independent).
    """
    if rule.height < MIN_HOLDOUT:
        return Verdict("rule", f"{rule.height} holdout sales, {MIN_HOLDOUT} are needed to compare")
    old, new = score(rule), score(challenger)
    if new["mdape"] >= old["mdape"]:
        return Verdict("rule", f"median error {new['mdape']:.4f} against {old['mdape']:.4f} of the rule")
    if new["coverage_80"] < MIN_COVERAGE:
        return Verdict("rule", f"its 80 % interval covers only {new['coverage_80']:.3f}")
    share = _share_better(rule, challenger, seed)
    if share < SURE_SHARE:
        return Verdict("rule", f"better in only {share:.3f} of the resamples")
    return Verdict("challenger", f"better in {share:.3f} of the resamples")


def _share_better(rule: pl.DataFrame, challenger: pl.DataFrame, seed: int) -> float:
    error = ((pl.col("middle") - pl.col("log_price")).exp() - 1).abs()
    difference = challenger.select(error).to_series() - rule.select(error).to_series()
    sums = (
        pl.DataFrame({"product_id": rule["product_id"], "difference": difference})
        .group_by("product_id", maintain_order=True)
        .agg(pl.col("difference").sum())["difference"]
        .to_numpy()
    )
    draws = np.random.default_rng(seed).integers(0, sums.size, size=(RESAMPLES, sums.size))
    return float((sums[draws].sum(axis=1) < 0).mean())
