"""Chooses the maker among the candidates of a title; learnt on some makers, meant for makers that nobody has met.

What belongs here: training and choosing. Marked titles are shown three times: as they are, with their maker unknown,
and, where it has more words, with only its first word known; so the learner must use evidence that holds for any
maker. Two learners answer together: a linear one and gradient-boosted trees.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from arb_pipelines.ml.title_candidates import Describer, Place, SeenTitle, candidates
from arb_pipelines.ml.title_collection import TitleCollection, Words

MIN_EXAMPLES = 30  # marked titles with a maker; with fewer the recogniser alone answers
KNOWN_WEIGHT = 1.5  # of a title whose maker is known, against the same with its maker unknown
OPEN_WEIGHT = 0.15  # of a title that names no maker: its data may spell the maker in another way
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
        self._learners = self._train(examples)
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
            ranked = [(chance * self._wins(title.words[slice(*place)]), chance, place) for place, chance in scored]
            _, chance, place = max(ranked, default=(0.0, 0.0, None))
            chosen.append((place, chance) if chance >= MIN_CHANCE else (None, 0.0))
        return chosen

    def _wins(self, phrase: Words) -> float:
        """Return the share of the titles with this candidate in which it wins, a half where nobody has met it."""
        return (self._won[phrase] + 0.5) / (self._met[phrase] + 1)

    def _vote(self, titles: Sequence[SeenTitle]) -> None:
        for title, scored in zip(titles, self._score(titles), strict=True):
            best = max(scored, key=lambda found: found[1], default=None)
            self._met.update(title.words[slice(*place)] for place, _ in scored)
            if best is not None:
                self._won[title.words[slice(*best[0])]] += 1

    def _score(self, titles: Sequence[SeenTitle]) -> list[list[tuple[Place, float]]]:
        import numpy as np

        places = [candidates(title) for title in titles]
        rows = [self._describer.describe(t, place) for t, found in zip(titles, places, strict=True) for place in found]
        if not rows:
            return [[] for _ in titles]
        table = np.array(rows, dtype=float)
        chances = iter((sum(learner.predict_proba(table)[:, 1] for learner in self._learners) / 2).tolist())
        return [[(place, next(chances)) for place in found] for found in places]

    def _train(self, examples: Sequence[Example]) -> list[Any]:
        import numpy as np
        from sklearn.ensemble import HistGradientBoostingClassifier
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        if sum(example.maker is not None for example in examples) < MIN_EXAMPLES:
            raise ValueError(f"a collection needs {MIN_EXAMPLES} titles with their maker marked")
        sizes = Counter(example.group for example in examples if example.maker is not None)
        rows, answers, weights = [], [], []
        for example in examples:
            places = candidates(example.title)
            if example.maker is not None and example.maker not in places:
                continue
            rows += [self._describer.describe(example.title, place) for place in places]
            answers += [place == example.maker for place in places]
            # A maker with a hundred titles teaches ten times as much as one with a single title, not a hundred times.
            share = sizes[example.group] ** -0.5 if example.maker is not None else 1.0
            weights += [example.weight * share] * len(places)
        # C 0.03 and not 0.3: right on 91.3 against 89.9 % of 287 titles, five folds by maker (Amazon-Google pairs).
        linear = make_pipeline(StandardScaler(), LogisticRegression(C=0.03, max_iter=2000))
        trees = HistGradientBoostingClassifier(
            max_iter=120,
            learning_rate=0.07,
            max_leaf_nodes=8,
            min_samples_leaf=15,
            l2_regularization=3,
            max_features=0.4,
            random_state=0,
        )
        table, truth = np.array(rows, dtype=float), np.array(answers)
        linear.fit(table, truth, logisticregression__sample_weight=np.array(weights))
        trees.fit(table, truth, sample_weight=np.array(weights))
        return [linear, trees]
