"""Which stretches of a title may name its maker, and how they are described."""

from functools import cache

import pytest

from arb_pipelines.ml.title_candidates import Describer, SeenTitle, candidates
from arb_pipelines.ml.title_collection import TitleCollection
from arb_pipelines.ml.title_pipeline import WordClasses, blank_pipeline

blank = cache(blank_pipeline)


def seen(text: str, brands: tuple[str, ...] = ()) -> SeenTitle:
    return SeenTitle.of(WordClasses(["lamp"], brands)(blank().make_doc(text)))


def texts(title: SeenTitle) -> set[str]:
    return {" ".join(title.words[start:end]) for start, end in candidates(title)}


def test_a_title_is_seen_as_its_word_classes():
    title = seen("Quux Labs lamp X-100 Inc.", ("Quux Labs",))
    assert (title.words[:2], title.known[:3], title.kinds[2:4]) == (("quux", "labs"), "BIO", "am")
    assert title.met[2]
    assert title.is_company[:2] == (False, True)
    assert "inc" in title.words[4]


def test_candidates_stand_at_the_start_behind_by_and_at_known_makers():
    assert {"zor", "zor vane", "quux"} <= texts(seen("zor vane lamp quux", ("quux",)))
    assert "acme works" in texts(seen("lamp by acme works"))
    assert not candidates(seen("123 (4)"))
    assert not candidates(seen(""))


def test_what_an_accessory_is_for_is_no_candidate():
    assert "quux" not in texts(seen("lamp for quux", ("quux",)))


def test_a_candidate_is_at_most_four_words():
    assert max(end - start for start, end in candidates(seen("a b c d e f"))) == 4


@pytest.mark.parametrize("text", ["zor lamp", "zor", "lamp by acme inc", "quux x-100 quux"])
def test_descriptions_are_always_as_many_numbers(text):
    describer = Describer(TitleCollection([("zor", "lamp"), ("zor", "chair")]))
    title = seen(text, ("quux",))
    lengths = {len(describer.describe(title, place)) for place in candidates(title)}
    assert lengths == {len(describer.describe(seen("other words"), (0, 1)))}


def test_the_name_itself_tells_nothing():
    describer = Describer(TitleCollection([("zora", "lamp"), ("bela", "lamp")]))
    assert describer.describe(seen("zora lamp"), (0, 1)) == describer.describe(seen("bela lamp"), (0, 1))
