"""The matcher by wording, as the `products` asset uses it: made once, kept beside the models, taught by feedback.

What belongs here: the joining of `ml/matching` with the books and the folder of models. The model libraries are
imported inside the functions, because every Dagster process imports this module.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from arb_pipelines.defs.resources import ModelStoreResource
from arb_pipelines.domain.stores import Books

if TYPE_CHECKING:
    import polars as pl

    from arb_pipelines.ml.matching import TitleMatcher
    from arb_pipelines.ml.matching_scorer import PairScorer

FOLDER = "matching"
LOGGER = logging.getLogger(__name__)


class LazyJudge:
    """The judge of `match_offers`; its model is only loaded, or made, when an offer needs it."""

    def __init__(self, models: ModelStoreResource, books: Books) -> None:
        """Keep where the model lies and where feedback is."""
        self._folder = Path(models.artifact_root) / FOLDER
        self._books = books
        self.matcher: TitleMatcher | None = None

    def __call__(self, offers: pl.DataFrame, products: pl.DataFrame) -> pl.DataFrame:
        """Return verdicts (see `TitleMatcher`)."""
        from arb_pipelines.ml.matching import TitleMatcher

        self._folder.mkdir(parents=True, exist_ok=True)
        self.matcher = TitleMatcher(load_scorer(self._folder, self._books), self._folder)
        return self.matcher(offers, products)

    def figures(self) -> dict[str, float]:
        """Return how precise the model is on its labelled pairs (invented ones and feedback); none if not used."""
        if self.matcher is None:
            return {}
        return {f"labelled_{name}": figure for name, figure in self.matcher.scorer.figures.items()}


def load_scorer(folder: Path, books: Books) -> PairScorer:
    """Return the stored scorer, or a new one where there is none or feedback has come since."""
    import polars as pl

    from arb_pipelines.ml.matching_scorer import FACTS_FILE, TREES_FILE, lesson_digest, read_scorer, train_scorer

    feedback = pl.DataFrame(books.products.load_feedback())
    try:
        stored = read_scorer({name: (folder / name).read_bytes() for name in (FACTS_FILE, TREES_FILE)})
        if stored.taught_by == lesson_digest(feedback):
            return stored
        LOGGER.info("people judged matches since the matcher learnt: it learns again")
    except (OSError, ValueError, KeyError) as error:
        LOGGER.info("the matcher is made anew: %s", error)
    scorer = train_scorer(feedback)
    for name, content in scorer.files().items():
        (folder / name).write_bytes(content)
    return scorer
