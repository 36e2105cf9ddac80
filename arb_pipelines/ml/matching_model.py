"""From features of pairs to calibrated probabilities: boosted trees, random trees and word weights, stacked.

What belongs here: fitting and out-of-fold scoring. A score is a log-odds; for a labelled pair it always comes from
models that did not see the pair. What a probability is good enough for is `ml/matching.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from arb_pipelines.ml.matching_neighbours import rival_likeness, rival_scores
from arb_pipelines.ml.matching_table import PairTable

FOLDS = 5
SEED = 7
EDGE = 1e-5
LEAST_FILLED = 30
BLANK = -1.0  # stands for "unknown" where trees cannot take NaN; no feature but a lead is negative
WORD_WEIGHT, FEATURE_WEIGHT = 4.0, 0.3  # of unit-length word rows and standardised features in the linear model


@dataclass(frozen=True, slots=True)
class PairScores:
    """Probabilities of all pairs: from the pair alone, and with its rivals."""

    alone: np.ndarray
    beside_rivals: np.ndarray


def score_pairs(table: PairTable, labels: np.ndarray, known: np.ndarray) -> PairScores:
    """Learn from the known pairs and score all.

    Args:
        table: features of all pairs.
        labels: 0 or 1; read where `known` only.
        known: which pairs are labelled.

    Returns:
        Calibrated probabilities; those of known pairs are out-of-fold.
    """
    folds = Folds.split(labels, known)
    likeness = rival_likeness(table)
    features = fill_rare(table.features, known)
    alone = folds.score(boosted_trees, features)
    wide = np.column_stack([features, likeness])
    filled = np.nan_to_num(wide, nan=BLANK)
    first = folds.score(boosted_trees, wide) + folds.score(random_trees, filled)
    first += folds.score(word_weights, _linear_features(wide, table.words))
    rivals = np.column_stack([rival_scores(first / 3, table.left, table.right), likeness])
    rivals = fill_rare(rivals, known)
    second = folds.score(small_trees, rivals) + folds.score(random_trees, np.nan_to_num(rivals, nan=BLANK * 9))
    return PairScores(folds.calibrate(alone), folds.calibrate(second / 2))


def boosted_trees() -> Any:
    """Return the gradient-boosted scorer of pair features."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(
        max_iter=250,
        learning_rate=0.05,
        max_leaf_nodes=15,
        min_samples_leaf=15,
        l2_regularization=3.0,
        max_features=0.3,
        early_stopping=False,
        random_state=SEED,
    )


def quick_trees() -> Any:
    """Return boosted trees that are fitted in a second or two, for use without labelled pairs."""
    return boosted_trees().set_params(max_iter=60, learning_rate=0.15, max_leaf_nodes=8, max_features=0.2)


def small_trees() -> Any:
    """Return the second stage's boosted trees: few features, so few leaves."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(
        max_iter=150,
        learning_rate=0.04,
        max_leaf_nodes=8,
        min_samples_leaf=30,
        l2_regularization=3.0,
        max_features=0.5,
        early_stopping=False,
        random_state=SEED + 1,
    )


def random_trees() -> Any:
    """Return extremely randomised trees, which err elsewhere than boosted ones."""
    from sklearn.ensemble import ExtraTreesClassifier

    return ExtraTreesClassifier(n_estimators=250, min_samples_leaf=2, max_features=0.2, random_state=SEED)


def word_weights() -> Any:
    """Return a linear model over words and features: it knows which words matter when one side lacks them."""
    from sklearn.linear_model import SGDClassifier

    return SGDClassifier(loss="log_loss", alpha=1e-4, average=True, max_iter=30, tol=None, random_state=SEED)


@dataclass(frozen=True, slots=True)
class Folds:
    """The labelled pairs in folds, so that nothing is scored by a model that saw it."""

    labels: np.ndarray
    known: np.ndarray
    parts: tuple[tuple[np.ndarray, np.ndarray], ...]

    @classmethod
    def split(cls, labels: np.ndarray, known: np.ndarray) -> Folds:
        """Deal the known rows into folds with equal shares of matches."""
        from sklearn.model_selection import StratifiedKFold

        rows = np.flatnonzero(known)
        dealt = StratifiedKFold(FOLDS, shuffle=True, random_state=SEED).split(rows, labels[rows])
        return cls(labels, known, tuple((rows[fit], rows[held]) for fit, held in dealt))

    def score(self, make: Callable[[], Any], features: Any) -> np.ndarray:
        """Return log-odds of all rows; unlabelled rows get the mean of the folds' models."""
        from threadpoolctl import threadpool_limits

        rest = np.flatnonzero(~self.known)
        scores = np.zeros(self.labels.size)
        # One thread: two busy cores burnt several times the CPU for the same trees.
        with threadpool_limits(1):
            for fit, held in self.parts:
                model = make().fit(features[fit], self.labels[fit])
                scores[held] = log_odds(model.predict_proba(features[held])[:, 1])
                if rest.size:
                    scores[rest] += log_odds(model.predict_proba(features[rest])[:, 1]) / len(self.parts)
        return scores

    def calibrate(self, scores: np.ndarray) -> np.ndarray:
        """Return probabilities: a logistic curve through the out-of-fold scores (Platt 1999)."""
        from sklearn.linear_model import LogisticRegression

        curve = LogisticRegression(C=1e3).fit(scores[self.known, None], self.labels[self.known])
        return np.asarray(curve.predict_proba(scores[:, None])[:, 1])


def fill_rare(features: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return the features with a fixed value in columns that hardly any known row fills.

    scikit-learn's boosting cannot bin a column that is unknown in every row of a fold.
    """
    rare = np.isfinite(features[known]).sum(axis=0) < LEAST_FILLED
    return np.where(rare[None, :], BLANK, features)


def log_odds(probability: np.ndarray) -> np.ndarray:
    """Return the log-odds, bounded."""
    clipped = np.clip(probability, EDGE, 1 - EDGE)
    return np.asarray(np.log(clipped / (1 - clipped)))


def _linear_features(features: np.ndarray, words: Any) -> Any:
    from scipy.sparse import csr_matrix, hstack
    from sklearn.preprocessing import StandardScaler

    scaled = StandardScaler().fit_transform(np.nan_to_num(features, nan=0.0))
    return hstack([words * WORD_WEIGHT, csr_matrix(scaled * FEATURE_WEIGHT)], format="csr")
