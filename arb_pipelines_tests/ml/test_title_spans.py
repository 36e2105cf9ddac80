"""Which words of a recognised title are its maker and model, and what is taken where nothing was recognised."""

from functools import cache

import pytest

from arb_pipelines.ml.title_pipeline import WordClasses, blank_pipeline
from arb_pipelines.ml.title_spans import find

blank = cache(blank_pipeline)
CLASSES = WordClasses(["lamp", "womens", "trainers", "pack"], ["quux", "zor works"])


def found(text: str, label: str, **recognised: str) -> str | None:
    """Return what is found in a title in which the recogniser marked these stretches."""
    doc = CLASSES(blank().make_doc(text))
    places = {name: text.index(part) for name, part in recognised.items()}
    doc.ents = [doc.char_span(places[n], places[n] + len(part), label=n) for n, part in recognised.items()]
    span, kind = find(doc, doc.ents, label, CLASSES.brands)
    assert kind.startswith(label)
    return None if span is None else span.text


@pytest.mark.parametrize(
    "title,recognised,model",
    [
        ("quux ultra 22 womens trainers", "ultra 22 womens trainers", "ultra 22"),
        ("quux EOS 5D Mark IV", "EOS 5D Mark IV", "EOS 5D Mark IV"),
        ("quux cooker 6 quart", "cooker 6 quart", None),
        ("quux lamp 36 pieces", "lamp 36 pieces", None),
        ("quux tape 25 '", "tape 25", None),
        ("quux jeans 32x34", "32x34", None),
        ("quux moto (2021)", "2021", None),
        ("quux ABC lamp", "ABC", "ABC"),
    ],
)
def test_amounts_years_and_words_are_no_part_of_a_model(title, recognised, model):
    assert found(title, "MODEL", MODEL=recognised) == model


@pytest.mark.parametrize(
    "title,model",
    [
        ("quux V11 lamp", "V11"),
        ("quux P30 Lite 128GB", "P30 Lite"),
        ("quux 9 Pro", "9 Pro"),
        ("quux 737 lamp", "737"),
        ("quux 120 crayons", None),
        ("quux 10 lamp", None),
        ("quux 250 ml lamp", None),
        ("quux 2021 lamp", None),
        ("quux 7-in-1 lamp", None),
        ("quux", None),
        ("lamp", None),
    ],
)
def test_what_stands_behind_the_maker_is_taken_last(title, model):
    recognised = {"BRAND": "quux"} if "quux" in title else {}
    assert found(title, "MODEL", **recognised) == model


def test_a_part_number_goes_before_what_stands_behind_the_maker():
    assert found("quux 737 lamp AB-1234", "MODEL", BRAND="quux") == "AB-1234"


def test_a_second_finding_counts_where_the_first_is_an_amount():
    doc = CLASSES(blank().make_doc("quux cooker 6 quart KSM150"))
    doc.ents = [doc.char_span(5, 19, label="MODEL"), doc.char_span(20, 26, label="MODEL")]
    span, _ = find(doc, doc.ents, "MODEL", CLASSES.brands)
    assert span.text == "KSM150"


@pytest.mark.parametrize(
    "title,recognised,maker",
    [
        ("zor works lamp", {"BRAND": "zor"}, "zor works"),
        ("lamp for quux", {}, None),
        ("lamp quux", {}, "quux"),
        ("vornelle lamp", {}, "vornelle"),
    ],
)
def test_makers(title, recognised, maker):
    assert found(title, "BRAND", **recognised) == maker
