"""Made-up titles: marked where they say, the same for everyone, and never naming a held-out maker."""

import random

from arb_pipelines.ml.title_grammar import invent_brand, invent_code, make_titles
from arb_pipelines.ml.title_words import load_list


def test_the_same_seed_gives_the_same_titles():
    assert list(make_titles(50, seed=3)) == list(make_titles(50, seed=3)) != list(make_titles(50, seed=4))


def test_spans_mark_whole_words():
    titles = list(make_titles(400, seed=5))
    for title in titles:
        for span in (title.brand, title.model):
            if span:
                start, end = span
                marked = title.text[start:end]
                assert marked == marked.strip() != ""
                assert start == 0 or not title.text[start - 1].isalnum()
                assert end == len(title.text) or not title.text[end].isalnum()
    assert 0.75 < sum(title.brand is not None for title in titles) / len(titles) < 0.95
    assert 0.5 < sum(title.model is not None for title in titles) / len(titles) < 0.8


def test_a_held_out_maker_is_never_named():
    kept = "Sony"
    without = frozenset(name.lower() for name in load_list("title_brands") if name != kept)
    named = {
        title.text[slice(*title.brand)].lower() for title in make_titles(300, seed=6, without=without) if title.brand
    }
    assert kept.lower() in named
    assert not named & without


def test_inventions_look_like_what_they_stand_for():
    chance = random.Random(7)
    assert all(any(c.isdigit() for c in invent_code(chance)) for _ in range(200))
    assert all(2 <= len(invent_brand(chance)) <= 40 for _ in range(200))
