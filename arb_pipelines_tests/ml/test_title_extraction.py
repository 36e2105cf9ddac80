"""What a title says, with how sure we are, and that no title breaks it."""

import json

import pytest

from arb_pipelines.ml.title_extraction import MAX_BRAND_CHARS, TitleReader
from arb_pipelines_tests.ml.small_title_model import small_reader


@pytest.fixture(scope="module")
def reader() -> TitleReader:
    return small_reader()


@pytest.mark.parametrize(
    "title,brand,model",
    [
        ("Nikon D750 DSLR Camera with 24-120mm Lens", "Nikon", "D750"),
        ("Apple iPhone 13 Pro 256 GB", "Apple", "iPhone 13 Pro"),
        ("Bosch GSR18-2C cordless drill", "Bosch", "GSR18-2C"),
        ("Vornelle AB-1000 desk lamp", "Vornelle", "AB-1000"),  # a maker that nobody has met
        ("samsung ln32a450 32 ' black flat panel lcd hdtv", "samsung", "ln32a450"),
    ],
)
def test_brand_and_model(reader, title, brand, model):
    record = reader.read(title)
    assert (record.brand, record.model) == (brand, model)
    assert 0.5 < record.brand_confidence <= 1
    assert 0 < record.model_confidence <= 1


def test_condition_features_and_quantity(reader):
    record = reader.read("Sony earbuds Black 64GB open box, 2-pack", description="Second sentence: size 10.")
    assert record.condition_indicators == ("open box",)
    assert {"Black", "64GB", "earbuds"} <= set(record.key_features)
    assert (record.quantity, record.storage, record.colour, record.size) == (2, "64 GB", "black", "size 10")
    assert ("COLOUR", "Black") in [(entity.label, entity.text) for entity in record.entities]


def test_entities_stand_where_they_say_and_do_not_overlap(reader):
    record = reader.read("Panasonic  NN-K35H microwave oven <b>800W</b> 23 cm silver")
    ends = 0
    for entity in record.entities:
        assert record.title[entity.start : entity.end].strip() == entity.text.strip()
        assert entity.start >= ends
        ends = entity.end


@pytest.mark.parametrize(
    "title",
    [
        "",
        " ",
        "x" * 10_000,
        "😀" * 3000,
        "<b><i>" * 300,
        "\x00\ufffe",
        "()[]|,,,",
        "Лампа настольная ランプ",
        "a " * 5000,
    ],
)
def test_no_title_breaks_it(reader, title):
    record = reader.read(title, description=title)
    assert record.model is None or any(c.isalnum() for c in record.model)
    assert len(record.brand or "") <= MAX_BRAND_CHARS
    json.dumps(record.as_dict())


@pytest.mark.parametrize("title", ["", "😀😀😀", "x" * 10_000, "N/A"])
def test_unknown_is_none_without_confidence(reader, title):
    record = reader.read(title)
    assert (record.brand, record.brand_confidence, record.model, record.model_confidence) == (None, 0.0, None, 0.0)


def test_the_first_words_of_a_book_are_no_maker(reader):
    assert reader.read("Vornelle and the Glass River hardback").brand is None
    assert reader.read("Sony and the rise of Tokyo hardback").brand == "Sony"


def test_a_size_is_no_model(reader):
    record = reader.read("Nikon boots UK 8")
    assert (record.size, record.model) == ("UK 8", None)


def test_a_maker_can_be_made_known_without_training(reader):
    reader.know(["Quux & Sons"])
    assert reader.read("Quux & Sons garden chair").brand == "Quux & Sons"


@pytest.mark.parametrize("title", ["case for Apple tablet", "leather case fits Canon camera"])
def test_what_an_accessory_is_for_did_not_make_it(reader, title):
    assert reader.read(title).brand is None


def test_many_titles_keep_their_order(reader):
    titles = ["Sony DSC-W120 camera", "", "Canon SD1100 camera"]
    assert [record.brand for record in reader.read_many(titles)] == ["Sony", None, "Canon"]
