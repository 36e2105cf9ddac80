"""Makers that nobody has met, found by what a collection of titles says about its phrases."""

import random
from functools import cache

import pytest

from arb_pipelines.ml.title_candidates import SeenTitle
from arb_pipelines.ml.title_collection import TitleCollection
from arb_pipelines.ml.title_grammar import invent_brand
from arb_pipelines.ml.title_pipeline import WordClasses, blank_pipeline
from arb_pipelines.ml.title_ranker import MIN_EXAMPLES, Example, MakerRanker

THINGS = ("lamp", "chair", "desk", "shelf", "rug", "vase", "clock", "mirror", "frame", "stool")
CLASSES = WordClasses(THINGS, ())
blank = cache(blank_pipeline)


def seen(text: str) -> SeenTitle:
    return SeenTitle.of(CLASSES(blank().make_doc(text)))


@pytest.fixture(scope="module")
def shelves():
    """Titles of 24 invented makers of one or two words, as (title, words of its maker)."""
    chance = random.Random(4)
    makers = [invent_brand(chance).lower().replace("&", "and").replace("-", " ") for _ in range(24)]
    return [
        (f"{maker} {thing} {chance.choice('abcdef')}{chance.randint(10, 99)}", len(maker.split()), maker)
        for maker in makers
        for thing in THINGS[: chance.randint(3, 10)]
    ]


@pytest.fixture(scope="module")
def ranker(shelves):
    titles = [seen(text) for text, _, _ in shelves]
    held_out = {maker for _, _, maker in shelves[-40:]}
    examples = [
        Example(title, (0, words), maker)
        for title, (_, words, maker) in zip(titles, shelves, strict=True)
        if maker not in held_out
    ]
    return MakerRanker(TitleCollection(title.words for title in titles), examples, titles), held_out


def test_makers_out_of_training_are_found_whole(ranker, shelves):
    choose, held_out = ranker[0].choose, ranker[1]
    rows = [row for row in shelves if row[2] in held_out]
    found = choose([seen(text) for text, _, _ in rows])
    right = sum(place == (0, words) for (place, _), (_, words, _) in zip(found, rows, strict=True))
    assert right / len(rows) > 0.9
    assert all(0 < chance <= 1 for _, chance in found)


def test_a_title_without_candidates_has_no_maker(ranker):
    assert ranker[0].choose([seen(""), seen("12 34")]) == [(None, 0.0), (None, 0.0)]
    assert ranker[0].choose([]) == []


def test_too_few_examples_are_refused():
    few = [Example(seen("zor lamp"), (0, 1), "zor")] * (MIN_EXAMPLES - 1)
    with pytest.raises(ValueError, match=str(MIN_EXAMPLES)):
        MakerRanker(TitleCollection([]), few, [])
