"""What stands beside a pair: how good its rivals are.

What belongs here: features from the records' other candidates. They use texts and scores of unlabelled pairs only;
a label of a neighbour is never looked at.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from arb_pipelines.ml.matching_table import PairTable

BLOCK = 512  # rows of a likeness matrix held at a time
TIE = 1e-6


def rival_likeness(table: PairTable) -> np.ndarray:
    """Return, for each kind of vector and each side, how far the best other record is ahead and how many are.

    Every record of the other side is a rival, also those that are in no pair with this one: (pairs, 4 * kinds).
    """
    columns: list[np.ndarray] = []
    for one, two in table.vectors.values():
        columns += _lead(one, two, table.left, table.right)
        columns += _lead(two, one, table.right, table.left)
    return np.column_stack(columns).astype(np.float32) if columns else np.zeros((table.left.size, 0), np.float32)


def rival_scores(score: np.ndarray, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return how a pair's score stands among the scored pairs of its left and of its right record.

    Columns a side: number of pairs, rank, best rival's score (NaN without one), lead over it, sum of the rivals'
    probabilities. `score` is a log-odds.
    """
    return np.column_stack([score, *_rivals(score, left), *_rivals(score, right)]).astype(np.float32)


def _rivals(score: np.ndarray, owner: np.ndarray) -> list[np.ndarray]:
    size = int(owner.max()) + 1 if owner.size else 0
    order = np.lexsort((-score, owner))
    count = np.bincount(owner, minlength=size)
    first = np.concatenate([[0], np.cumsum(count)[:-1]]).astype(np.int64)
    rank = np.empty(owner.size)
    rank[order] = np.arange(owner.size) - first[owner[order]]
    ranked = np.concatenate([score[order], [np.nan]])
    best = ranked[first[owner]]
    second = np.where(count[owner] > 1, ranked[np.minimum(first[owner] + 1, owner.size)], np.nan)
    rival = np.where(rank == 0, second, best)
    chance = 1 / (1 + np.exp(-score))
    rest = np.bincount(owner, weights=chance, minlength=size)[owner] - chance
    return [count[owner], rank, rival, score - rival, rest]


def _lead(one: Any, two: Any, own: np.ndarray, other: np.ndarray) -> list[np.ndarray]:
    lead, ahead = np.zeros(own.size), np.zeros(own.size)
    order = np.argsort(own, kind="stable")
    for start in range(0, one.shape[0], BLOCK):
        rows = order[np.searchsorted(own[order], start) : np.searchsorted(own[order], start + BLOCK)]
        likeness = one[start : start + BLOCK] @ two.T
        dense = likeness if isinstance(likeness, np.ndarray) else likeness.toarray()
        mine = dense[own[rows] - start, other[rows]]
        full = dense[own[rows] - start]
        full[np.arange(rows.size), other[rows]] = -1.0
        lead[rows] = mine - full.max(axis=1, initial=-1.0)
        ahead[rows] = np.log1p((full > mine[:, None] + TIE).sum(axis=1))
    return [lead, ahead]
