"""Chooses the maker among the candidates of a title; learnt on some makers, meant for makers that nobody has met.

What belongs here: training and choosing. Marked titles are shown three times: as they are, with their maker unknown,
and, where it has more words, with only its first word known; so the learner must use evidence that holds for any
maker. Two learners choose together: a conditional logit, which compares the candidates of one title, and
gradient-boosted trees, which judge each alone and say how likely the chosen one is the maker at all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from arb_pipelines.ml.title_candidates import Describer, Place, SeenTitle, candidates
from arb_pipelines.ml.title_collection import TitleCollection, Words
from arb_pipelines.ml.title_contest import Contest

MIN_EXAMPLES = 30  # marked titles with a maker; with fewer the recogniser alone answers
KNOWN_WEIGHT = 1.5  # of a title whose maker is known, against the same with its maker unknown
OPEN_WEIGHT = 0.15  # of a title that names no maker: its data may spell the maker in another way
# Pull of the coefficients to 0: of 332 titles, ten folds by maker, 5 gives 92.0, 8 gives 92.9, 16 gives 92.6 % right.
PENALTY = 8.0
MIN_CHANCE = 0.02
BLOCK = 4096


@dataclass(frozen=True)
class Example:
    """A title for training; `maker` is None where it names none, `group` the maker however it is spelt."""

    title: SeenTitle
    maker: Place | None
    group: str
    weight: float = 1.0


class MakerRanker:
    """Chooses makers in titles of one collection."""

    def __init__(self, collection: TitleCollection, examples: Sequence[Example], titles: Iterable[SeenTitle]) -> None:
        """Train on the examples, then read every title once to see which phrases win in all of theirs.

        Raises:
            ValueError: fewer than `MIN_EXAMPLES` examples name a maker.
        """
        self._describer = Describer(collection)
        self._contest, self._trees = self._train(examples)
        self._met: Counter[Words] = Counter()
        self._won: Counter[Words] = Counter()
        block: list[SeenTitle] = []
        for title in dict.fromkeys(titles):
            block.append(title)
            if len(block) == BLOCK:
                self._vote(block)
                block = []
        self._vote(block)

    def choose(self, titles: Sequence[SeenTitle]) -> list[tuple[Place | None, float]]:
        """Return for each title the place of its maker (None: no candidate is likely) and the chance of it, 0 to 1."""
        chosen: list[tuple[Place | None, float]] = []
        for title, scored in zip(titles, self._score(titles), strict=True):
            ranked = [(won * self._wins(title.words[slice(*place)]), chance, place) for place, won, chance in scored]
            _, chance, place = max(ranked, default=(0.0, 0.0, None))
            chosen.append((place, chance) if chance >= MIN_CHANCE else (None, 0.0))
        return chosen

    def _wins(self, phrase: Words) -> float:
        """Return the share of the titles with this candidate in which it wins, a half where nobody has met it."""
        return (self._won[phrase] + 0.5) / (self._met[phrase] + 1)

    def _vote(self, titles: Sequence[SeenTitle]) -> None:
        for title, scored in zip(titles, self._score(titles), strict=True):
            best = max(scored, key=lambda found: found[1], default=None)
            self._met.update(title.words[slice(*place)] for place, _, _ in scored)
            if best is not None:
                self._won[title.words[slice(*best[0])]] += 1

    def _score(self, titles: Sequence[SeenTitle]) -> list[list[tuple[Place, float, float]]]:
        """Return each title's candidates: place, chance to win in this title, chance to be a maker at all."""
        import numpy as np

        places = [candidates(title) for title in titles]
        rows = [self._describer.describe(t, place) for t, found in zip(titles, places, strict=True) for place in found]
        if not rows:
            return [[] for _ in titles]
        table, owners = np.array(rows, dtype=float), np.repeat(np.arange(len(places)), [len(found) for found in places])
        chances = self._trees.predict_proba(table)[:, 1]
        wins = (self._contest.chances(table, owners) + chances) / 2
        scored = iter(zip(wins.tolist(), chances.tolist(), strict=True))
        return [[(place, *next(scored)) for place in found] for found in places]

    def _train(self, examples: Sequence[Example]) -> tuple[Contest, Any]:
        import numpy as np
        from sklearn.ensemble import HistGradientBoostingClassifier

        if sum(example.maker is not None for example in examples) < MIN_EXAMPLES:
            raise ValueError(f"a collection needs {MIN_EXAMPLES} titles with their maker marked")
        sizes = Counter(example.group for example in examples if example.maker is not None)
        shown = [(example, candidates(example.title)) for example in examples]
        shown = [(e, places) for e, places in shown if places and (e.maker is None or e.maker in places)]
        table = np.array([self._describer.describe(e.title, p) for e, places in shown for p in places], dtype=float)
        owners = np.repeat(np.arange(len(shown)), [len(places) for _, places in shown])
        # A maker with a hundred titles teaches ten times as much as one with a single title, not a hundred times.
        weights = np.array([e.weight * (sizes[e.group] ** -0.5 if e.maker is not None else 1.0) for e, _ in shown])
        won = np.array([place == example.maker for example, places in shown for place in places])
        named = np.array([example.maker is not None for example, _ in shown])
        trees = HistGradientBoostingClassifier(
            max_iter=120,
            learning_rate=0.07,
            max_leaf_nodes=8,
            min_samples_leaf=15,
            l2_regularization=3,
            max_features=0.4,
            random_state=0,
        )
        trees.fit(table, won, sample_weight=weights[owners])
        contested = named[owners]
        own = (np.cumsum(named) - 1)[owners[contested]]
        contest = Contest.fit(table[contested], own, np.flatnonzero(won[contested]), weights[named], PENALTY)
        return contest, trees
