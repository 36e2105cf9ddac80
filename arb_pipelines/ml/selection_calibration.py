"""What a deal is really worth, given that we picked it: E[value | prediction, ask, source], refitted walk-forward.

What belongs here: undoing the winner's curse. Buying what looks cheapest against the model selects the model's own
errors: at a median error of 13 %, "ROI above 15 %" promised 45 % and realised 2 % on a simulated market, and 53 % of
the deals lost. How far a low ask is news about the value is learnt from past items whose value became known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

Floats = np.ndarray[Any, np.dtype[np.float64]]

MIN_OUTCOMES = 50
SHRINK_OUTCOMES = 30.0  # a source's own offset counts as much as that of all when it has this many outcomes
PRIOR_ROWS = 20.0  # of the belief that value = prediction, in outcomes
LOW_SHARE = 0.1
GAP_KNOTS = (-0.6, -0.4, -0.2, 0.0, 0.2)  # of log ask - log prediction


@dataclass(frozen=True, slots=True)
class SelectionCalibration:
    """log value - log prediction as a broken line in the ask's gap, an offset a source, and its low quantile.

    `lows` are the LOW_SHARE quantiles of what was left over, by half of the gap (cheap, dear). With fewer than
    MIN_OUTCOMES outcomes `n` says so and the calibration changes nothing.
    """

    n: int
    weights: Floats
    sources: Mapping[str, float]
    lows: tuple[float, float]
    gap_median: float

    def expect(self, predicted: Floats, ask: Floats, source: Floats | Any) -> Floats:
        """Return the expected value (log) of items with a predicted value and an ask (both log)."""
        if self.n < MIN_OUTCOMES:
            return predicted
        offsets = np.array([self.sources.get(str(name), 0.0) for name in source])
        value: Floats = predicted + _basis(ask - predicted) @ self.weights + offsets
        return value

    def expect_low(self, predicted: Floats, ask: Floats, source: Floats | Any) -> Floats:
        """Return the value (log) that nine of ten such items reach; the prediction itself while too little is known."""
        value = self.expect(predicted, ask, source)
        if self.n < MIN_OUTCOMES:
            return value
        cheap = ask - predicted <= self.gap_median
        low: Floats = value + np.where(cheap, self.lows[0], self.lows[1])
        return low


def fit_selection(outcomes: pl.DataFrame) -> SelectionCalibration:
    """Fit on items whose value became known.

    Args:
        outcomes: predicted, ask and value (log prices) and source. `predicted` must have been made before the value
            was known, by the model of that time: a fit's own training rows would teach that it makes no errors.
    """
    rows = outcomes.drop_nulls(["predicted", "ask", "value"])
    if rows.height < MIN_OUTCOMES:
        return SelectionCalibration(rows.height, np.zeros(len(GAP_KNOTS) + 2), {}, (0.0, 0.0), 0.0)
    predicted, ask, value = (rows[name].to_numpy().astype(np.float64) for name in ("predicted", "ask", "value"))
    basis, error = _basis(ask - predicted), value - predicted
    ridge = np.eye(basis.shape[1]) * PRIOR_ROWS * np.maximum(basis.var(axis=0), 1e-6)
    ridge[0, 0] = 1e-9
    weights: Floats = np.linalg.solve(basis.T @ basis + ridge, basis.T @ error)
    left = pl.DataFrame({"source": rows["source"].fill_null("").cast(pl.String), "left": error - basis @ weights})
    offsets = left.group_by("source").agg(offset=pl.col("left").sum() / (pl.len() + SHRINK_OUTCOMES)).sort("source")
    sources = dict(offsets.iter_rows())
    rest = left["left"].to_numpy() - np.array([sources[name] for name in left["source"]])
    middle = float(np.median(ask - predicted))
    cheap = ask - predicted <= middle
    lows = (float(np.quantile(rest[cheap], LOW_SHARE)), float(np.quantile(rest[~cheap], LOW_SHARE)))
    return SelectionCalibration(rows.height, weights, sources, lows, middle)


def walk_selection(outcomes: pl.DataFrame, step: int = 500) -> pl.DataFrame:
    """Add `expected` and `expected_low`, each from the outcomes known before the item was asked about.

    Args:
        outcomes: as for `fit_selection`, with `asked_at` and `known_at`; any order. Refitted every `step` items.
    """
    rows = outcomes.sort("asked_at")
    parts = []
    for start in range(0, rows.height, step):
        part = rows.slice(start, step)
        known = rows.filter(pl.col("known_at") < part["asked_at"][0])
        fitted = fit_selection(known)
        predicted, ask = (part[name].to_numpy().astype(np.float64) for name in ("predicted", "ask"))
        source = part["source"].fill_null("").to_numpy()
        parts.append(
            part.with_columns(
                expected=pl.Series(fitted.expect(predicted, ask, source)),
                expected_low=pl.Series(fitted.expect_low(predicted, ask, source)),
            )
        )
    return pl.concat(parts) if parts else rows


def deal_figures(deals: pl.DataFrame, promised: str, *, cost_share: float, roi: float) -> dict[str, float]:
    """Return what deals promised and realised: those whose `promised` value (log) leaves at least `roi`.

    Args:
        deals: ask, value and the promised column, logs.
        promised: the column to decide by.
        cost_share: fees as a share of the sale.
        roi: the least promised profit / ask.

    n, promised_roi, realised_roi (means), realised_over_promised (of the margin), losing (share of deals).
    """
    net = (1 - cost_share) * pl.col(promised).exp()
    made = deals.with_columns(cost=pl.col("ask").exp(), hoped=net, got=(1 - cost_share) * pl.col("value").exp())
    made = made.filter(pl.col("hoped") / pl.col("cost") - 1 >= roi)
    if made.is_empty():
        return {"n": 0.0}
    hoped, got = pl.col("hoped") - pl.col("cost"), pl.col("got") - pl.col("cost")
    figures = made.select(
        n=pl.len().cast(pl.Float64),
        promised_roi=(hoped / pl.col("cost")).mean(),
        realised_roi=(got / pl.col("cost")).mean(),
        realised_over_promised=got.sum() / hoped.sum(),
        losing=(got < 0).mean(),
    )
    return {name: float(value) for name, value in figures.row(0, named=True).items()}


def _basis(gap: Floats) -> Floats:
    clipped = np.clip(gap, -1.5, 1.5)
    return np.column_stack([np.ones(gap.size), clipped, *(np.maximum(clipped - knot, 0.0) for knot in GAP_KNOTS)])
