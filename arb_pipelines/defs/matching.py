"""The matcher by wording: made by the asset `matching_model`, kept beside the models, used by the asset `products`.

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
    """The judge of `match_offers`; its model is only loaded when an offer needs it."""

    def __init__(self, models: ModelStoreResource) -> None:
        """Keep where the model lies."""
        self._folder = matching_folder(models)
        self.matcher: TitleMatcher | None = None

    @property
    def is_ready(self) -> bool:
        """Whether there is a model. Making one takes 10 CPU seconds, which no tick has to spare."""
        from arb_pipelines.ml.matching_scorer import FACTS_FILE

        return (self._folder / FACTS_FILE).exists()

    def __call__(self, offers: pl.DataFrame, products: pl.DataFrame) -> pl.DataFrame:
        """Return verdicts (see `TitleMatcher`)."""
        from arb_pipelines.ml.matching import TitleMatcher
        from arb_pipelines.ml.matching_scorer import FACTS_FILE, TREES_FILE, read_scorer

        files = {name: (self._folder / name).read_bytes() for name in (FACTS_FILE, TREES_FILE)}
        self.matcher = TitleMatcher(read_scorer(files), self._folder)
        return self.matcher(offers, products)

    def figures(self) -> dict[str, float]:
        """Return how precise the model is on its labelled pairs (invented ones and feedback); none if not used."""
        if self.matcher is None:
            return {}
        return {f"labelled_{name}": figure for name, figure in self.matcher.scorer.figures.items()}


def load_figures(models: ModelStoreResource) -> dict[str, float]:
    """Return how precise the stored model was when it was made; empty when there is none that can be read."""
    from arb_pipelines.ml.matching_scorer import FACTS_FILE, TREES_FILE, read_scorer

    folder = matching_folder(models)
    try:
        scorer = read_scorer({name: (folder / name).read_bytes() for name in (FACTS_FILE, TREES_FILE)})
    except (OSError, ValueError, KeyError):
        return {}
    return dict(scorer.figures)


def matching_folder(models: ModelStoreResource) -> Path:
    """Return where the matcher is kept."""
    return Path(models.artifact_root) / FOLDER


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
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in scorer.files().items():
        (folder / name).write_bytes(content)
    return scorer
