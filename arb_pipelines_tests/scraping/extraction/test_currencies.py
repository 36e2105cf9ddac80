"""Signs with several meanings are read by the page's country, and stay unknown when nothing tells."""

from __future__ import annotations

import pytest

from arb_pipelines.scraping.extraction.currencies import (
    choose_meaning,
    home_currency,
    iso_code,
    locale_currency,
    meanings_of,
)
from arb_pipelines_tests.scraping.extraction.pages import page, read


@pytest.mark.parametrize(
    ("text", "code"),
    [("eur", "EUR"), ("€", "EUR"), ("NTD", "TWD"), ("R$", "BRL"), ("$", None), ("kr", None), ("", None), (None, None)],
)
def test_what_is_unambiguous(text: str | None, code: str | None) -> None:
    assert iso_code(text) == code


@pytest.mark.parametrize(
    ("host", "code"),
    [
        ("www.shop.ca", "CAD"), ("shop.co.uk", "GBP"), ("shop.com.au", "AUD"), ("shop.se", "SEK"), ("shop.de", "EUR"),
        ("shop.com", None), ("shop.io", None), ("shop.co", None), ("localhost", None),
    ],
)  # fmt: skip
def test_the_country_of_a_host(host: str, code: str | None) -> None:
    assert home_currency(host) == code


@pytest.mark.parametrize(("locale", "code"), [("en-CA", "CAD"), ("pt_BR", "BRL"), ("de", None), (None, None)])
def test_the_country_of_a_locale(locale: str | None, code: str | None) -> None:
    assert locale_currency(locale) == code


def test_a_hint_decides_and_the_usual_meaning_is_the_fallback() -> None:
    assert choose_meaning(meanings_of("$"), [None, "CAD"]) == "CAD"
    assert choose_meaning(meanings_of("$"), ["EUR"]) == "USD"
    assert choose_meaning(meanings_of("kr"), ["NOK"]) == "NOK"
    assert choose_meaning(meanings_of("kr"), [None]) is None
    assert choose_meaning((), ["EUR"]) is None


@pytest.mark.parametrize(("lang", "code"), [("sv", "SEK"), ("da", "DKK"), ("nb-NO", "NOK"), ("en", None)])
def test_the_pages_language_says_whose_crowns(lang: str, code: str | None) -> None:
    html = page("<h1>Blue Kettle 1.7 l</h1><div class='price'>249 kr</div>", attributes=f"lang='{lang}'")
    assert read(html).product.currency == code
