"""From stated makers to what the ranker learns, and a reader that has studied a collection."""

import pytest

from arb_pipelines.ml.title_extraction import TitleReader
from arb_pipelines.ml.title_labels import LabelledTitle
from arb_pipelines.ml.title_pipeline import WordClasses, build_pipeline
from arb_pipelines.ml.title_study import _examples
from arb_pipelines_tests.ml.small_title_model import TITLES, small_reader

THINGS = ("lamp", "chair", "desk", "shelf", "rug", "vase")


def row(title: str, brand: str) -> LabelledTitle:
    return LabelledTitle(title, brand, "", in_test=False)


@pytest.fixture(scope="module")
def nlp():
    return build_pipeline(WordClasses(["lamp"], ["Quux Works"]))


def test_a_maker_is_shown_known_unknown_and_known_in_part(nlp):
    shown = list(_examples(nlp, nlp.get_pipe("title_words").classes, row("quux works lamp", "Quux-Works")))
    assert [example.title.known for example in shown] == ["BIO", "OOO", "BOO"]
    assert {example.maker for example in shown} == {(0, 2)}


def test_a_title_that_names_its_maker_in_another_way_teaches_nothing(nlp):
    classes = nlp.get_pipe("title_words").classes
    assert not list(_examples(nlp, classes, row("quux lamp", "Quux Works Inc")))
    assert [e.maker for e in _examples(nlp, classes, row("lamp", "Quux Works Inc"))] == [None, None]


@pytest.fixture(scope="module")
def studied() -> TitleReader:
    assert TITLES
    reader = TitleReader(small_reader()._nlp)
    titles = [
        (f"zor{letter} vane{letter} {thing} k{n}{number}", f"zor{letter} vane{letter}")
        for n, letter in enumerate("abcdefghij")
        for number, thing in enumerate(THINGS, 10)
    ]
    reader.study([title for title, _ in titles], [row(*pair) for pair in titles if "zora" not in pair[1]])
    return reader


def test_a_maker_never_stated_is_read_whole_with_its_chance(studied):
    record = studied.read("zora vanea lamp k010")
    assert record.brand == "zora vanea"
    assert 0 < record.brand_confidence <= 1
    assert ("BRAND", "zora vanea") in [(entity.label, entity.text) for entity in record.entities]


@pytest.mark.parametrize("title", ["", "😀", "<b>", "12", "for zora vanea"])
def test_no_title_breaks_it(studied, title):
    record = studied.read(title)
    assert (record.brand is None) == (record.brand_confidence == 0.0)


def test_a_collection_without_stated_makers_is_refused(studied):
    with pytest.raises(ValueError, match="marked"):
        TitleReader(small_reader()._nlp).study(["zora lamp"], [])
