"""The conditional logit: the better candidate wins, wherever its title stands, and chances of a title add up to 1."""

import numpy as np
import pytest

from arb_pipelines.ml.title_contest import Contest


@pytest.fixture(scope="module")
def contests():
    """Ninety contests of two to four rows; the row with the largest first number wins, the others tell nothing."""
    chance = np.random.default_rng(5)
    owners = np.repeat(np.arange(90), chance.integers(2, 5, 90))
    table = chance.normal(size=(owners.size, 3))
    table[:, 0] += chance.normal(size=90)[owners] * 20  # what a whole title is worth must not count
    starts = np.searchsorted(owners, np.arange(90))
    ends = [*starts[1:], owners.size]
    winners = np.array([s + table[s:e, 0].argmax() for s, e in zip(starts, ends, strict=True)])
    return table, owners, winners


def fit(contests, penalty=0.01, weights=None):
    return Contest.fit(*contests, np.ones(90) if weights is None else weights, penalty)


def test_the_best_of_each_contest_wins_whatever_the_contest_is_worth(contests):
    table, owners, winners = contests
    chances = fit(contests).chances(table, owners)
    assert np.bincount(owners, chances) == pytest.approx(np.ones(90))
    best = [chances[owners == owner].max() for owner in range(90)]
    assert (chances[winners] == best).mean() > 0.9


def test_a_stronger_penalty_makes_less_sure(contests):
    table, owners, winners = contests
    sure, unsure = (fit(contests, penalty).chances(table, owners)[winners].mean() for penalty in (0.01, 1000))
    assert sure > unsure


def test_a_contest_without_weight_teaches_nothing(contests):
    table, owners, winners = contests
    losers = winners.copy()
    losers[45:] = [np.flatnonzero(owners == owner)[table[owners == owner, 0].argmin()] for owner in range(45, 90)]
    half = np.repeat([1.0, 0.0], 45)
    taught = fit((table, owners, losers), weights=half)
    assert taught.pull == pytest.approx(fit(contests, weights=half).pull, abs=1e-6)


def test_a_number_that_never_differs_breaks_nothing():
    learnt = Contest.fit(np.ones((4, 2)), np.array([0, 0, 1, 1]), np.array([0, 2]), np.ones(2), 1.0)
    assert learnt.chances(np.array([[9e9, -9e9], [1, 1]]), np.array([0, 0])).sum() == pytest.approx(1)
