"""How each country writes an amount."""

from __future__ import annotations

import pytest

from arb_pipelines.sandbox.locales import LOCALES, amount_text, decimal_text


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("us", "$1,234,567.89"),
        ("de", "1.234.567,89 €"),
        ("fr", "1\u202f234\u202f567,89\u00a0€"),
        ("gb", "£1,234,567.89"),
        ("ch", "CHF 1’234’567.89"),
        ("br", "R$ 1.234.567,89"),
        ("se", "1\u00a0234\u00a0567,89 kr"),
        ("pl", "1\u00a0234\u00a0567,89 zł"),
        ("jp", "123,456,789円"),
    ],
)
def test_amounts(code: str, text: str) -> None:
    assert amount_text(123_456_789, code) == text


def test_decimals_follow_the_minor_units_of_the_currency() -> None:
    assert decimal_text(5) == "0.05"
    assert decimal_text(1234, LOCALES["jp"].digits) == "1234"
