"""How good are predicted times to sell: AUC, Brier score, C-index and integrated Brier score under censoring.

What belongs here: the figures, on plain arrays. Times are days; `sold` is False where a listing was last seen unsold
(censored). Own code, because the survival libraries pin old versions of others; the tests hold it against values
worked out by hand.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Floats = np.ndarray[Any, np.dtype[np.float64]]
Flags = np.ndarray[Any, np.dtype[np.bool_]]

BLOCK = 500  # rows compared with all others at once: 500 x 20,000 flags are 10 MB
LEAST_WEIGHT = 0.05  # of still being watched: beyond it one listing would count as twenty


def auc(happened: Flags, predicted: Floats) -> float | None:
    """Return the chance that a listing that sold was predicted higher than one that did not; ties count half."""
    positive = int(happened.sum())
    negative = happened.size - positive
    if not positive or not negative:
        return None
    order = np.argsort(predicted, kind="stable")
    ranks = np.empty(predicted.size)
    ranks[order] = np.arange(1, predicted.size + 1)
    _, inverse, counts = np.unique(predicted, return_inverse=True, return_counts=True)
    mean_ranks = np.bincount(inverse, weights=ranks) / counts
    return float((mean_ranks[inverse][happened].sum() - positive * (positive + 1) / 2) / (positive * negative))


def brier(happened: Flags, predicted: Floats) -> float:
    """Return the mean squared difference of a predicted probability and what happened."""
    return float(((predicted - happened) ** 2).mean())


def concordance(days: Floats, sold: Flags, risk: Floats) -> float | None:
    """Return Harrell's C: among pairs where it is known who sold first, how often that one had the higher risk.

    A pair is comparable if the earlier time is a sale; equal times with one sale count the sale as earlier. Equal
    risks count half. None if no pair is comparable.
    """
    right = pairs = 0.0
    events = np.flatnonzero(sold)
    for start in range(0, events.size, BLOCK):
        at = events[start : start + BLOCK]
        later = (days[None, :] > days[at, None]) | ((days[None, :] == days[at, None]) & ~sold[None, :])
        higher = risk[at, None] > risk[None, :]
        equal = risk[at, None] == risk[None, :]
        right += float((later & higher).sum()) + 0.5 * float((later & equal).sum())
        pairs += float(later.sum())
    return right / pairs if pairs else None


def kaplan_meier(days: Floats, happened: Flags) -> tuple[Floats, Floats]:
    """Return the times of events, ascending, and the share left just after each."""
    times = np.unique(days[happened])
    ordered = np.sort(days)
    at_risk = ordered.size - np.searchsorted(ordered, times, side="left")
    ended = np.array([(days[happened] == time).sum() for time in times])
    left: Floats = np.cumprod(1 - ended / at_risk).astype(np.float64)
    return times, left


def share_left(times: Floats, left: Floats, asked: Floats, *, before: bool = False) -> Floats:
    """Return the step curve of `kaplan_meier` at the asked days; with `before`, just before them."""
    place = np.searchsorted(times, asked, side="left" if before else "right")
    found: Floats = np.concatenate([[1.0], left])[place]
    return found


def integrated_brier(days: Floats, sold: Flags, curves: Floats, grid: Floats) -> float:
    """Return the Brier score of survival curves, weighted for censoring (Graf 1999), averaged over the grid.

    Args:
        days: observed time of each listing.
        sold: False where censored at that time.
        curves: predicted share still unsold after each day of the grid, shape (listings, grid).
        grid: days, ascending; the average is by the trapezoid rule.
    """
    times, watched = kaplan_meier(days, ~sold)
    at_end = np.maximum(share_left(times, watched, days, before=True), LEAST_WEIGHT)
    scores = []
    for column, day in enumerate(grid):
        gone = (days <= day) & sold
        still = days > day
        here = max(float(share_left(times, watched, np.array([day]))[0]), LEAST_WEIGHT)
        left = curves[:, column]
        scores.append(float((left**2 * gone / at_end + (1 - left) ** 2 * still / here).mean()))
    if grid.size == 1:
        return scores[0]
    return float(np.trapezoid(scores, grid) / (grid[-1] - grid[0]))
