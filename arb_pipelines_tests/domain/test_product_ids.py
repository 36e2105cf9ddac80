"""ISBN and ASIN, held against python-stdnum, and why a number is refused."""

import pytest
from stdnum import ean, isbn

from arb_pipelines.domain.product import gtin_check_digit, normal_gtin
from arb_pipelines.domain.product_ids import (
    is_miswritten,
    likely_asin,
    likely_gtin,
    normal_asin,
    normal_isbn10,
    normal_isbn13,
    refuse_gtin,
)

BOOKS = ["0-306-40615-2", "080442957X", "978-0-306-40615-7", "9791034735877", "0306406153", "9780306406158", "", "abc"]


@pytest.mark.parametrize("text", BOOKS)
def test_isbn_agrees_with_stdnum(text):
    expected = isbn.to_isbn13(isbn.compact(text)) if isbn.is_valid(text) else None
    assert normal_isbn13(text) == (expected and isbn.compact(expected))


@pytest.mark.parametrize("number", range(400_638_133_300, 400_638_133_360, 7))
def test_check_digit_agrees_with_stdnum(number):
    assert gtin_check_digit(str(number)) == ean.calc_check_digit(str(number))


def test_979_has_no_isbn10_and_no_likely_asin():
    assert normal_isbn13("9791034735877") == "9791034735877"
    assert normal_isbn10("9791034735877") is None
    assert likely_asin("9791034735877") is None


def test_printed_music_is_no_book():
    music = "979026000043" + gtin_check_digit("979026000043")
    assert normal_gtin(music) is not None
    assert normal_isbn13(music) is None


@pytest.mark.parametrize(
    ("text", "asin"),
    [
        ("b00012abcd", "B00012ABCD"),
        (" 0306406152", "0306406152"),
        ("0306406153", None),
        ("B1", None),
        ("A00012ABCD", None),
        (None, None),
        ("", None),
        ("x" * 10_000, None),
        ("😀" * 10, None),
        ("B00012АBCD", None),
    ],
)
def test_asin(text, asin):
    assert normal_asin(text) == asin


def test_a_book_leads_from_gtin_to_asin_and_back():
    assert likely_asin("9780306406157") == "0306406152"
    assert likely_gtin("0306406152") == normal_gtin("9780306406157")
    assert likely_gtin("B00012ABCD") is None
    assert likely_asin("4006381333931") is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("4006381333931", None),
        ("4006381333932", "check digit is wrong"),
        ("0306406153", "ISBN-10 has a wrong check digit"),
        ("Does not apply", "no number"),
        (None, "no number"),
        ("12345", "8, 12, 13 or 14"),
        ("40063813339x1", "8, 12, 13 or 14"),
        ("0012345678905", "placeholder"),
        ("2000000000008", "shops give themselves"),
    ],
)
def test_a_refusal_says_why(text, words):
    reason = refuse_gtin(text)
    assert (reason is None) == (words is None)
    assert words is None or words in reason


@pytest.mark.parametrize(("text", "wrong"), [("4006381333932", True), ("0306406153", True), ("2000000000008", False)])
def test_miswritten_means_a_wrong_check_digit_only(text, wrong):
    assert is_miswritten(text) is wrong


@pytest.mark.parametrize("text", ["4006381333931", "Does not apply", "", None, "SKU-17", "12345"])
def test_other_texts_are_not_miswritten(text):
    assert is_miswritten(text) is False
