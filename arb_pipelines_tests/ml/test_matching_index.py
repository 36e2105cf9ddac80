"""The index finds, grows without a rebuild, and comes back from disk the same."""

import numpy as np
import pytest

from arb_pipelines.ml import matching_index
from arb_pipelines.ml.matching_examples import ExampleWorld
from arb_pipelines.ml.matching_index import TitleIndex


@pytest.fixture(scope="module")
def catalogue():
    world = ExampleWorld(3)
    products = [world.product() for _ in range(700)]
    return [world.wording(product) for product in products], [world.wording(product) for product in products]


def recall(index, questions, top):
    found = index.query(questions, top)
    return len(set(found.query[found.query == found.position].tolist())) / len(questions)


def test_other_wordings_are_found(catalogue):
    known, questions = catalogue
    index = TitleIndex()
    index.add(known)
    assert recall(index, questions, 10) > 0.97
    found = index.query(questions, 10)
    assert np.bincount(found.query).max() <= 10
    first = found.query == 0
    assert (np.diff(found.score[first]) <= 0).all()


def test_growing_title_by_title_finds_the_same(catalogue, monkeypatch):
    known, questions = catalogue
    monkeypatch.setattr(matching_index, "SEGMENT_ROWS", 100)
    grown = TitleIndex()
    for at in range(0, len(known), 100):
        grown.add(known[at : at + 100])
    assert grown.size == len(known)
    assert len(grown.segments) <= matching_index.MAX_SEGMENTS + grown.size // 100
    assert recall(grown, questions, 10) > 0.97


def test_a_new_title_is_found_at_once(catalogue):
    index = TitleIndex()
    index.add(catalogue[0][:500])
    index.add(["zorvex QX-77123 lamp"])
    assert index.query(["lamp qx77123"], 1).position.tolist() == [500]


def test_saved_and_loaded_answers_alike(catalogue, tmp_path):
    index = TitleIndex()
    index.add(catalogue[0][:300])
    index.save(tmp_path)
    index.add(catalogue[0][300:400])
    index.save(tmp_path)
    loaded = TitleIndex.load(tmp_path)
    one, two = index.query(catalogue[1][:50], 5), loaded.query(catalogue[1][:50], 5)
    assert loaded.size == 400
    assert one.position.tolist() == two.position.tolist()


def test_another_format_is_refused(tmp_path):
    (tmp_path / "index.json").write_text('{"format": 0}', encoding="utf-8")
    with pytest.raises(ValueError, match="build it again"):
        TitleIndex.load(tmp_path)


@pytest.mark.parametrize("title", ["", "😀" * 50, "x" * 10_000, "<b></b>", "настольная лампа"])
def test_odd_titles_crash_nothing(title):
    index = TitleIndex()
    assert index.query([title], 3).query.size == 0
    index.add(["table lamp", title])
    index.query([title], 3)
    assert index.query([], 3).query.size == 0
    assert index.size == 2
