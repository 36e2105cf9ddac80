"""What a title says, and that no title breaks it."""

import pytest

from arb_pipelines.ml.title_extraction import build_extractor, extract_title

BRANDS = ["Canon", "Sony", "Apple", "Black & Decker"]


@pytest.fixture(scope="module")
def extract():
    return build_extractor(BRANDS)


@pytest.mark.parametrize(
    "title,brand,model",
    [
        ("Canon EOS 5D Mark IV DSLR Camera Body Only", "Canon", "EOS 5D Mark IV"),
        ("SONY WH-1000XM4 Wireless Headphones", "Sony", "WH-1000XM4"),
        ("Apple iPhone 13 Pro 256 GB", "Apple", "iPhone 13 Pro"),
        ("Drill black & decker BDCDD12C 12V", "Black & Decker", "BDCDD12C"),
        ("Vornelle AB-1000 Lamp", None, "AB-1000"),
        ("Canon Camera Strap Black", "Canon", None),
    ],
)
def test_brand_and_model(extract, title, brand, model):
    facts = extract(title)
    assert (facts.brand, facts.model) == (brand, model)


def test_condition_features_and_quantity(extract):
    facts = extract("Sony earbuds Black 64GB open box, 2-pack")
    assert facts.condition_indicators == ("open box",)
    assert facts.key_features == ("Black", "64GB")
    assert facts.quantity == 2
    assert ("COLOUR", "Black") in facts.entities


@pytest.mark.parametrize(
    "title", ["", " ", "x" * 20_000, "😀" * 3000, "<b><i>" * 300, "Лампа настольная ランプ", "\x00\ufffe"]
)
def test_no_title_breaks_it(extract, title):
    assert extract(title).brand is None


def test_markup_is_not_read(extract):
    assert extract("<b>Sony</b><br>DSC-RX100").brand == "Sony"


def test_one_title_at_once():
    assert extract_title("Sony camera", ["Sony", "Unbranded", ""]).brand == "Sony"
