"""What the words around an amount make of it."""

from __future__ import annotations

import pytest

from arb_pipelines.scraping.extraction.price_roles import Role, role_of
from arb_pipelines.scraping.extraction.vocabulary import mark_names


@pytest.mark.parametrize(
    ("before", "after", "role"),
    [
        ("", "", Role.PRICE),
        ("Our price:", "", Role.PRICE),
        ("Now", "", Role.PRICE),
        ("was", "", Role.LIST),
        ("RRP:", "", Role.LIST),
        ("statt", "", Role.LIST),
        ("UVP ", "", Role.LIST),
        ("建議售價 ", "", Role.LIST),
        ("He was here and paid", "", Role.PRICE),
        ("or 4 payments of", "", Role.OTHER),
        ("", " / month", Role.OTHER),
        ("ab ", " pro Monat", Role.OTHER),
        ("12x ", "", Role.OTHER),
        ("en 3 fois ", "", Role.OTHER),
        ("Pay with Klarna from ", "", Role.OTHER),
        ("", " / 100 g", Role.OTHER),
        ("", " per kg", Role.OTHER),
        ("(", "/m²)", Role.OTHER),
        ("You save ", "", Role.OTHER),
        ("", " off", Role.OTHER),
        ("Free shipping over ", "", Role.OTHER),
        ("Versandkostenfrei ab ", "", Role.OTHER),
        ("Spend ", " for free delivery", Role.OTHER),
        ("Shipping: ", "", Role.SHIPPING),
        ("zzgl. Versandkosten ", "", Role.SHIPPING),
        ("", " delivery", Role.SHIPPING),
        ("bez DPH ", "", Role.OTHER),
        ("", " ex. VAT", Role.OTHER),
        ("Starting price ", "", Role.OTHER),
        ("Estimate ", "", Role.OTHER),
    ],
)
def test_the_role_of_an_amount(before: str, after: str, role: Role) -> None:
    assert role_of(before, after) is role


@pytest.mark.parametrize(
    ("marks", "name"),
    [
        ("product-price", "price"),
        ("productPrice", "price"),
        ("PriceBlock__amount", "price"),
        ("cena", "price"),
        ("price-old", "old"),
        ("oldPrice", "old"),
        ("ek-slider-priceold", "old"),
        ("was", "old"),
        ("salePrice", "current"),
        ("now", "current"),
        ("monthly-rate", "other"),
        ("unit-price", "other"),
    ],
)
def test_what_a_class_name_says(marks: str, name: str) -> None:
    assert name in mark_names(marks)


def test_a_part_of_a_word_says_nothing() -> None:
    assert mark_names("bold-scenario-household") == frozenset()
