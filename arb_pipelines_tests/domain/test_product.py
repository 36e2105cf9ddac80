"""Identifiers, normal forms and the pack-quantity gate; python-stdnum is the oracle for check digits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import ean, isbn

from arb_pipelines.domain import product

digits = st.text("0123456789", min_size=9, max_size=13)


@given(digits)
def test_gtin_check_digit_agrees_with_stdnum(body):
    assert product.gtin_check_digit(body) == ean.calc_check_digit(body)


@given(st.text("0123456789", min_size=9, max_size=9))
def test_isbn_conversions_agree_with_stdnum(body):
    isbn10 = body + product.isbn10_check_digit(body)
    assert isbn.is_valid(isbn10)
    assert product.isbn10_to_isbn13(isbn10) == isbn.to_isbn13(isbn10)
    assert product.isbn13_to_isbn10(isbn.to_isbn13(isbn10)) == isbn10


@pytest.mark.parametrize(
    "text,gtin",
    [
        ("4006381333931", "04006381333931"),
        ("036000291452", "00036000291452"),
        ("96385074", "00000096385074"),
        ("10036000291459", "10036000291459"),
        ("978-0-471-11709-4", "09780471117094"),
        ("0-471-11709-9", "09780471117094"),
        (" 4006381333931\n", "04006381333931"),
    ],
)
def test_forms_of_a_gtin_have_one_canonical_form(text, gtin):
    assert product.normal_gtin(text) == gtin


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "Does not apply",
        "4006381333932",  # wrong check digit
        "40063813339",  # wrong length
        "0000000000000",
        "012345678905",  # the textbook number
        "4006381333931 / 4006381333931",
        "４００６３８１３３３９３１",
        "9" * 5000,
    ],
)
def test_what_is_not_a_product_number_is_none(text):
    assert product.normal_gtin(text) is None


@pytest.mark.parametrize("prefix", ["02", "04", "05", "20", "29", "981", "984", "990"])
def test_numbers_of_shops_and_coupons_are_refused(prefix):
    body = f"{prefix}1234567890"[:12]
    text = body + product.gtin_check_digit(body)
    assert ean.is_valid(text)
    assert product.normal_gtin(text) is None


def test_eight_digit_shop_number_is_refused():
    text = "2123456" + product.gtin_check_digit("2123456")
    assert ean.is_valid(text)
    assert product.normal_gtin(text) is None


def test_979_has_no_isbn10():
    assert product.isbn13_to_isbn10("9791234567896") is None
    assert product.isbn13_to_isbn10("9780471117095") is None
    assert product.isbn10_to_isbn13("0471117090") is None


@pytest.mark.parametrize(
    "text,normal",
    [
        ("Black & Decker", "blackdecker"),
        (" SONY ", "sony"),
        ("Nestlé", "nestle"),
        ("Unbranded", None),
        ("N/A", None),
        ("—", None),
    ],
)
def test_brand(text, normal):
    assert product.normal_brand(text) == normal


@pytest.mark.parametrize(
    "text,normal",
    [
        ("WH-1000XM4/B", "wh1000xm4b"),
        ("wh 1000xm4b", "wh1000xm4b"),
        ("Black", None),
        ("12", None),
        ("Does Not Apply", None),
        (None, None),
    ],
)
def test_mpn(text, normal):
    assert product.normal_mpn(text) == normal


@pytest.mark.parametrize(
    "title,quantity",
    [
        ("Vornelle Table Lamp", 1),
        ("AA Batteries 2-pack", 2),
        ("AA Batteries, 12 Pack", 12),
        ("Pack of 6 Glasses", 6),
        ("Set of 3 Bowls", 3),
        ("Lot of 25 Cards", 25),
        ("Bulb x 4", 4),
        ("Bulb (x4)", 4),
        ("2 x Table Lamp", 2),
        ("3x Table Lamp", 3),
        ("Wipes 10 ct", 10),
        ("Twin-Pack Toothbrush", 2),
        ("Pack of 2 (2-pack)", 2),
        ("94 Piece Socket Set", 1),
        ("Monitor 1920 x 1080", 1),
        ("Board 30 x 40 cm", 1),
        ("Binocular 8x42", 1),
        ("4x zoom camera", 1),
        ("3 pack, set of 2", None),
        ("Pack of 0", None),
        ("Pack of 9999", None),
        ("", 1),
        ("😀" * 10_000, 1),
        ("1 x" * 5000, 1),
    ],
)
def test_pack_quantity(title, quantity):
    assert product.pack_quantity(title) == quantity


def test_title_words_ignore_order_case_accents_and_punctuation():
    assert product.title_tokens("Crème Brûlée-Set (Red)") == product.title_tokens("red SET creme brulee")


def test_product_id_is_the_same_everywhere():
    assert product.product_id(product.gtin_key("04006381333931")) == "50accfd3147c9518"
    assert product.maker_key("sony", "wh1000xm4", 1) != product.maker_key("sony", "wh1000xm4", 2)
