"""A conditional logit: of the candidates of one title exactly one wins, and only its rivals there are compared with it.

What belongs here: the arithmetic. What is told about a candidate is `title_candidates.py`, whose titles teach and who
is chosen is `title_ranker.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]
    Places = NDArray[np.intp]

MAX_ROUNDS = 300
SAME = 1e-6  # added to every spread, for a number that never differs


@dataclass(frozen=True)
class Contest:
    """Fitted: what is taken from each number, what it is divided by, and what it counts."""

    middle: Numbers
    spread: Numbers
    pull: Numbers

    @classmethod
    def fit(cls, table: Numbers, owners: Places, winners: Places, weights: Numbers, penalty: float) -> Contest:
        """Learn which candidate wins.

        Args:
            table: one row a candidate.
            owners: the contest of each row, counted from 0, none left out.
            winners: the winning row of each contest.
            weights: how much each contest counts.
            penalty: strength of the ridge penalty on standardised numbers.
        """
        import numpy as np
        from scipy.optimize import minimize

        middle, spread = table.mean(axis=0), table.std(axis=0) + SAME
        scaled = (table - middle) / spread
        won = np.zeros(len(table))
        won[winners] = 1.0

        def loss(pull: Numbers) -> tuple[float, Numbers]:
            chances = _share(scaled @ pull, owners)
            missed = -(weights * np.log(chances[winners] + 1e-12)).sum()
            slope = scaled.T @ (weights[owners] * (chances - won)) + penalty * pull
            return float(missed + penalty / 2 * (pull @ pull)), slope

        start = np.zeros(table.shape[1])
        found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": MAX_ROUNDS})
        return cls(middle, spread, found.x)

    def chances(self, table: Numbers, owners: Places) -> Numbers:
        """Return the chance of each row; those of one contest add up to 1."""
        return _share((table - self.middle) / self.spread @ self.pull, owners)


def _share(scores: Numbers, owners: Places) -> Numbers:
    """Return the softmax of the scores within each contest."""
    import numpy as np

    contests = int(owners.max()) + 1
    best = np.full(contests, -np.inf)
    np.maximum.at(best, owners, scores)
    grown = np.exp(scores - best[owners])
    return np.asarray(grown / np.bincount(owners, grown, contests)[owners], dtype=float)
