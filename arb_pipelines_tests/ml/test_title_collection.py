"""Counts over a collection of titles."""

import pytest

from arb_pipelines.ml.title_collection import NO_SPREAD_KNOWN, TitleCollection

TITLES = [
    ("acme", "works", "lamp"),
    ("acme", "works", "chair"),
    ("acme", "works", "desk", "acme"),
    ("zorvane", "photo", "shop"),
    ("zorvane", "photo", "frame"),
    ("photo", "frame"),
    ("lamp", "by", "acme"),
]


@pytest.fixture(scope="module")
def collection():
    return TitleCollection([*TITLES, TITLES[0]])  # a title that is there twice counts once


def test_starts_and_titles_with(collection):
    assert (collection.starts(("acme",)), collection.titles_with(("acme",))) == (3, 4)
    assert (collection.starts(()), collection.titles_with(())) == (0, 0)
    assert collection.starts(("never", "met")) == 0


def test_a_maker_is_followed_by_many_words_and_a_line_by_the_same(collection):
    maker, cut = ("acme", "works"), ("acme",)
    assert (collection.words_behind(maker), collection.words_behind(cut)) == (3, 1)
    assert (collection.variety(maker), collection.main_share(maker)) == (1.0, pytest.approx(1 / 3))
    assert (collection.spread(maker), collection.spread(cut)) == (pytest.approx(1.0), 0.0)


def test_nothing_is_known_of_a_phrase_met_once(collection):
    assert collection.spread(("lamp",)) == collection.spread(("never",)) == NO_SPREAD_KNOWN
    assert (collection.variety(("never",)), collection.main_share(("never",))) == (0.0, 0.0)


def test_the_rest_of_a_title_may_begin_another(collection):
    begins, _, before, met, _ = collection.rest_evidence(("photo", "frame"))
    assert begins > 0
    assert before == met  # two titles, and another word before it in each
    assert collection.rest_evidence(()) == [0.0] * 5


@pytest.mark.parametrize("phrase", [("acme",), ("never", "met"), ("acme", "works", "lamp", "by")])
def test_evidence_is_always_as_many_numbers(collection, phrase):
    assert len(collection.evidence(phrase)) == len(collection.evidence(("photo", "frame")))
