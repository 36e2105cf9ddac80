"""How good a matcher is on labelled pairs: thresholds and figures.

What belongs here: precision, recall and F1 at a threshold chosen elsewhere than where it is judged. All shares are
in percent.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SURE_PRECISION = 0.95
COVERAGE = 0.7


@dataclass(frozen=True, slots=True)
class MatchFigures:
    """Figures of one rule on the test pairs, in percent.

    `recall_at_precision_95` takes the threshold that has this precision on the test pairs themselves (the usual
    reading of the curve); `sure_*` takes the one chosen on valid. `precision_at_coverage_70` is the share of right
    answers, same or different, among the 70 % of test pairs that are farthest from the threshold;
    `precision_at_recall_70` that of "same" where it finds 70 % of the matches.
    """

    precision: float
    recall: float
    f1: float
    threshold: float
    recall_at_precision_95: float
    sure_precision: float
    sure_recall: float
    precision_at_coverage_70: float
    precision_at_recall_70: float

    def as_dict(self) -> dict[str, float]:
        """Return the figures by name."""
        return {name: getattr(self, name) for name in self.__slots__}


def measure(scores: np.ndarray, labels: np.ndarray, valid: np.ndarray, test: np.ndarray) -> MatchFigures:
    """Choose thresholds on the valid rows and judge the test rows."""
    threshold = best_threshold(scores[valid], labels[valid])
    sure = precision_threshold(scores[valid], labels[valid])
    seen, truth = scores[test], labels[test].astype(bool)
    precision, recall = precision_recall(seen >= threshold, truth)
    sure_precision, sure_recall = precision_recall(seen >= sure, truth)
    top = precision_threshold(seen, truth)
    covered = _covered(seen, threshold)
    right = (seen >= threshold) == truth
    return MatchFigures(
        precision=round(100 * precision, 2),
        recall=round(100 * recall, 2),
        f1=round(200 * precision * recall / max(1e-9, precision + recall), 2),
        threshold=round(float(threshold), 5),
        recall_at_precision_95=round(100 * precision_recall(seen >= top, truth)[1], 2),
        sure_precision=round(100 * sure_precision, 2),
        sure_recall=round(100 * sure_recall, 2),
        precision_at_coverage_70=round(100 * float(right[covered].mean()) if covered.any() else 0.0, 2),
        precision_at_recall_70=round(100 * _precision_at_recall(seen, truth), 2),
    )


def best_threshold(scores: np.ndarray, labels: np.ndarray) -> float:
    """Return the score from which to answer "same" for the best F1, in the middle of a plateau of near-best ones."""
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(labels[order])
    f1 = 2 * hits / (np.arange(1, labels.size + 1) + max(1, labels.sum()))
    # A few pairs decide the exact maximum, so the middle of all near-best thresholds is steadier than the best.
    near = np.flatnonzero(f1 >= f1.max() - 0.003)
    return float(np.median(scores[order][near])) if near.size else 1.0


def precision_threshold(scores: np.ndarray, labels: np.ndarray, precision: float = SURE_PRECISION) -> float:
    """Return the lowest score whose "same" answers reach the precision; above every score where none does."""
    order = np.argsort(-scores, kind="stable")
    reached = np.cumsum(labels[order]) / np.arange(1, labels.size + 1) >= precision
    # Equal scores are answered together.
    last_of_ties = np.concatenate([np.diff(scores[order]) != 0, [True]])
    usable = np.flatnonzero(reached & last_of_ties)
    return float(scores[order][usable[-1]]) if usable.size else float(np.inf)


def precision_recall(answers: np.ndarray, truth: np.ndarray) -> tuple[float, float]:
    """Return precision and recall of "same"; 0 where nothing was answered or true."""
    hits = float((answers & truth.astype(bool)).sum())
    return hits / max(1, answers.sum()), hits / max(1, truth.sum())


def _precision_at_recall(scores: np.ndarray, truth: np.ndarray) -> float:
    found = np.cumsum(truth[np.argsort(-scores, kind="stable")])
    answered = int(np.searchsorted(found, COVERAGE * truth.sum())) + 1
    return float(found[min(answered, found.size) - 1] / answered)


def _covered(scores: np.ndarray, threshold: float) -> np.ndarray:
    """Return the 70 % of rows farthest from the threshold, by rank on each side of it."""
    below = np.searchsorted(np.sort(scores), scores) / max(1, scores.size)
    border = np.searchsorted(np.sort(scores), threshold) / max(1, scores.size)
    distance = np.where(
        scores >= threshold, (below - border) / max(1e-9, 1 - border), (border - below) / max(border, 1e-9)
    )
    return np.asarray(distance >= np.quantile(distance, 1 - COVERAGE))
