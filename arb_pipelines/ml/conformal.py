"""Prediction intervals that cover what they say: conformal calibration by group, on recent errors, adapted under drift.

What belongs here: turning a raw band and past outcomes into intervals of a stated coverage. A score says how far an
outcome lay from the middle, in units of the raw band on that side (scaled conformalised quantile regression, after
Romano et al. 2019 and Sesia and Candes 2020). Groups are calibrated by themselves as far as they have outcomes
(Mondrian, shrunk to all), and the nominal miss rate follows the misses of late (dynamically tuned adaptive conformal
inference, Gibbs and Candes 2022). An outcome counts only after it could be known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Floats = np.ndarray[Any, np.dtype[np.float64]]
Names = np.ndarray[Any, np.dtype[np.str_]]

GAMMAS = (0.0, 0.01, 0.03, 0.1)  # how fast an expert's miss rate follows; 0 is the plain rolling window
LEAST_MISS, MOST_MISS = 0.01, 0.4
LEARNING = 20.0
SHRINK = 60.0  # what all other groups together weigh in a group's own calibration, in outcomes
LEAST_SCORES = 40
ROUNDING = 1e-9
FIRST_FACTOR = 3.0  # before enough outcomes: the raw band three times as wide, so that nothing is bought on it


@dataclass(frozen=True, slots=True)
class Memory:
    """Which outcomes count: known `delay_d` days after the prediction, for `window_d` days, at least `least`.

    Where the window holds fewer than `least`, it is stretched back until it holds them.
    """

    delay_d: float = 1.0
    window_d: float = 14.0
    least: int = 300


@dataclass
class AdaptiveMiss:
    """A miss rate that follows what was missed: experts of several speeds, weighted by their pinball loss."""

    nominal: float
    rates: Floats = field(init=False)
    logs: Floats = field(init=False)

    def __post_init__(self) -> None:
        """Begin at the nominal rate."""
        self.rates = np.full(len(GAMMAS), self.nominal)
        self.logs = np.zeros(len(GAMMAS))

    @property
    def rate(self) -> float:
        """The rate to use now."""
        weights = np.exp(self.logs - self.logs.max())
        return float(np.clip((weights * self.rates).sum() / weights.sum(), LEAST_MISS, MOST_MISS))

    def learn(self, ranks: Floats) -> None:
        """Take in outcomes known since the last call.

        Args:
            ranks: for each, the greatest miss rate whose interval would still have held it (1: the middle).
        """
        if ranks.size == 0:
            return
        gammas = np.array(GAMMAS)
        short = ranks[:, None] < self.rates
        gap = ranks[:, None] - self.rates
        loss = np.where(gap >= 0, self.nominal * gap, (self.nominal - 1) * gap).mean(axis=0)
        self.logs = 0.98 * (self.logs - LEARNING * loss)
        self.rates = np.clip(self.rates + gammas * (self.nominal - short.mean(axis=0)), LEAST_MISS, MOST_MISS)


def signed_scores(actual: Floats, middle: Floats, low: Floats, high: Floats) -> Floats:
    """Return how far outcomes lie from the middle: -1 at the raw low end, 1 at the raw high end."""
    error = actual - middle
    scores: Floats = error / np.where(error < 0, middle - low, high - middle)
    return scores


def apply_factors(
    middle: Floats, low: Floats, high: Floats, factors: tuple[Floats | float, Floats | float]
) -> tuple[Floats, Floats]:
    """Return the calibrated ends for signed factors (below, above); an interval holds its own middle."""
    below, above = np.minimum(factors[0], 0.0), np.maximum(factors[1], 0.0)
    return middle + below * (middle - low), middle + above * (high - middle)


def two_sided_factors(scores: Floats, weights: Floats, miss: float) -> tuple[float, float]:
    """Return the factors below and above that miss `miss / 2` on each side, with the finite-sample correction."""
    if scores.size < LEAST_SCORES:
        return -FIRST_FACTOR, FIRST_FACTOR
    order = np.argsort(scores, kind="stable")
    cumulative = np.cumsum(weights[order])
    # One more outcome of full weight, the one to come, may lie beyond all others.
    total = cumulative[-1] + weights.max()
    low_at = np.searchsorted(cumulative, total * miss / 2 + ROUNDING, side="right") - 1
    high_at = np.searchsorted(cumulative, total * (1 - miss / 2) - ROUNDING)
    ordered = scores[order]
    top = ordered.size - 1
    return float(ordered[max(0, int(low_at))]), float(ordered[min(int(high_at), top)])


def group_weights(groups: Names, group: str, shrink: float = SHRINK) -> Floats:
    """Return weights for one group's calibration: its own outcomes count 1, all others together at most `shrink`."""
    own = groups == group
    others = int((~own).sum())
    weights: Floats = np.where(own, 1.0, min(1.0, shrink / max(1, others)))
    return weights


def held_at(scores: Floats, weights: Floats, asked: Floats) -> Floats:
    """Return the greatest two-sided miss rate whose interval still holds each asked score."""
    order = np.argsort(scores, kind="stable")
    cumulative = np.cumsum(weights[order]) / weights.sum()
    below = np.searchsorted(scores[order], asked)
    share = np.where(below > 0, cumulative[np.maximum(below - 1, 0)], 0.0)
    held: Floats = 2 * np.minimum(share, 1 - share)
    return held


@dataclass(frozen=True, slots=True)
class Stream:
    """Predictions in the order of their days, with what came of them.

    `days` are whole days, ascending; `actual`, `middle`, `low`, `high` log prices; `groups` the Mondrian groups.
    """

    days: Floats
    actual: Floats
    middle: Floats
    low: Floats
    high: Floats
    groups: Names


def stream_intervals(stream: Stream, coverages: Sequence[float], memory: Memory) -> dict[float, tuple[Floats, Floats]]:
    """Return the ends of an interval of each coverage, each day calibrated on what was known on that day."""
    scores = signed_scores(stream.actual, stream.middle, stream.low, stream.high)
    low = {share: np.empty(stream.days.size) for share in coverages}
    high = {share: np.empty(stream.days.size) for share in coverages}
    ranks = np.full(stream.days.size, np.nan)
    adaptive = {share: AdaptiveMiss(1 - share) for share in coverages}
    told = 0
    for day in np.unique(stream.days):
        known = int(np.searchsorted(stream.days, day - memory.delay_d, side="right"))
        for miss in adaptive.values():
            fresh = ranks[told:known]
            miss.learn(fresh[~np.isnan(fresh)])
        told = known
        first = int(np.searchsorted(stream.days, day - memory.delay_d - memory.window_d, side="right"))
        window = slice(max(0, min(first, known - memory.least)), known)
        today = stream.days == day
        for group in np.unique(stream.groups[today]):
            now = today & (stream.groups == group)
            weights = group_weights(stream.groups[window], str(group))
            for share in coverages:
                factors = two_sided_factors(scores[window], weights, adaptive[share].rate)
                ends = apply_factors(stream.middle[now], stream.low[now], stream.high[now], factors)
                low[share][now], high[share][now] = ends
            if scores[window].size >= LEAST_SCORES:
                ranks[now] = held_at(scores[window], weights, scores[now])
    return {share: (low[share], high[share]) for share in coverages}
