"""The `products` asset's matcher: made once, kept, and taught again when people judged."""

import polars as pl
import pytest
from dagster import DagsterInstance, materialize

from arb_pipelines.adapters.sql.books import open_books
from arb_pipelines.defs.assets.matching_model import matching_model
from arb_pipelines.defs.matching import LazyJudge, load_scorer
from arb_pipelines.defs.resources import BooksResource, ModelStoreResource
from arb_pipelines.ml import matching_scorer
from arb_pipelines.ml.matching_scorer import PairScorer
from arb_pipelines.transforms.product_matching import FEEDBACK_SCHEMA
from arb_pipelines_tests.transforms.frames import T0


@pytest.fixture
def books(tmp_path):
    opened = open_books(f"sqlite:///{tmp_path / 'books.db'}", mode="paper")
    opened.migrate()
    yield opened
    opened.close()


@pytest.fixture
def trainings(monkeypatch):
    """Count the trainings; each returns the same small trees."""
    done = []
    trees = matching_scorer.quick_trees().set_params(max_iter=2).fit([[0.0], [1.0]] * 20, [0, 1] * 20)

    def train_small(feedback):
        done.append(feedback.height)
        return PairScorer(trees, 1.0, 0.0, 0.9, 0.1, matching_scorer.lesson_digest(feedback), {"precision": 1.0})

    monkeypatch.setattr(matching_scorer, "train_scorer", train_small)
    return done


def test_it_is_made_once_and_again_after_feedback(books, tmp_path, trainings):
    first = load_scorer(tmp_path, books)
    assert load_scorer(tmp_path, books).same_from == first.same_from
    assert trainings == [0]
    said = pl.DataFrame([("o", "p", "wrong", "a lamp", "b", "desk", T0)], schema=FEEDBACK_SCHEMA, orient="row")
    books.products.store_feedback(said)
    assert load_scorer(tmp_path, books).taught_by != first.taught_by
    (tmp_path / matching_scorer.TREES_FILE).write_bytes(b"no model")
    load_scorer(tmp_path, books)
    assert trainings == [0, 1, 1]


def test_the_asset_of_a_tick_makes_no_model(tmp_path, trainings):
    judge = LazyJudge(ModelStoreResource(tracking_uri="", artifact_root=str(tmp_path / "models")))
    assert not judge.is_ready
    assert judge.figures() == {}
    assert not (tmp_path / "models").exists()
    assert trainings == []


def test_the_model_is_an_asset_of_its_own(tmp_path, trainings):
    books = BooksResource(url=f"sqlite:///{tmp_path / 'books.db'}", mode="paper")
    with books.opened() as opened:
        opened.migrate()
    models = ModelStoreResource(tracking_uri="", artifact_root=str(tmp_path / "models"))
    with DagsterInstance.ephemeral() as instance:
        done = materialize([matching_model], resources={"books": books, "models": models}, instance=instance)
    assert done.success
    assert trainings == [0]
    assert LazyJudge(models).is_ready
