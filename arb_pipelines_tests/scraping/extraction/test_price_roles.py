"""What the words around an amount make of it."""

from __future__ import annotations

import pytest

from arb_pipelines.scraping.extraction.price_roles import Role, flags_of, role_of


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
    ("marks", "flag"),
    [
        ("product-price", "is_price"),
        ("productPrice", "is_price"),
        ("PriceBlock__amount", "is_price"),
        ("cena", "is_price"),
        ("price-old", "is_old"),
        ("oldPrice", "is_old"),
        ("ek-slider-priceold", "is_old"),
        ("was", "is_old"),
        ("salePrice", "is_current"),
        ("now", "is_current"),
        ("monthly-rate", "is_other"),
        ("unit-price", "is_other"),
    ],
)
def test_what_a_class_name_says(marks: str, flag: str) -> None:
    assert getattr(flags_of(marks), flag)


def test_a_part_of_a_word_says_nothing() -> None:
    flags = flags_of("bold-scenario-household")
    assert not any((flags.is_price, flags.is_old, flags.is_other))
