"""Pages that show a price with and without tax: the taxed one, or none where the page leaves open who buys."""

from __future__ import annotations

from decimal import Decimal

import pytest

from arb_pipelines.scraping.extraction.tax_pairs import is_taxed
from arb_pipelines_tests.scraping.extraction.pages import json_ld, page, product, read

H1 = "<h1>Blue Kettle 1.7 l</h1>"
BUTTON = "<button class='add-to-cart'>Add to cart</button>"
NET_FIRST = (
    "<div><span>bez DPH</span><span class='price'>100,00 €</span></div>"
    "<div><span>s DPH</span><span class='price'>121,00 €</span></div>"
)


def price_of(shown: str, head: str = "") -> str | None:
    return read(page(f"{H1}{shown}{BUTTON}", head)).product.price


@pytest.mark.parametrize(
    "shown",
    [
        NET_FIRST,
        "<div class='price'>£100.00 <i>ex. VAT</i></div><div class='price'>£120.00 <i>inc. VAT</i></div>",
        "<p class='price'>£100.00 ex VAT (£120.00 inc VAT)</p>",
        "<p class='price'>100,00 € HT 120,00 € TTC</p>",
        "<p>Netto: 100,00 €</p><p>Brutto: 119,00 €</p>",
        "<p class='price'>100,00 € bez DPH<br>121,00 € s DPH</p>",
    ],
)
def test_a_shop_that_puts_the_untaxed_price_first_leaves_open_what_is_paid(shown: str) -> None:
    record = read(page(f"{H1}{shown}{BUTTON}")).product
    assert record.price is None
    assert record.currency in ("EUR", "GBP")
    assert record.evidence["price"][0].method == "doubt"
    assert "without tax" in record.evidence["price"][0].raw


@pytest.mark.parametrize(
    ("shown", "price"),
    [
        ("<p><b class='price'>121,00 €</b> s DPH</p><p><span class='price'>100,00 €</span> bez DPH</p>", "121.00"),
        ("<p class='price'>119,00 € inkl. MwSt. <small>(100,00 € netto)</small></p>", "119.00"),
        ("<p class='price'>120,00 € TTC (100,00 € HT)</p>", "120.00"),
        ("<p class='price'>11,000円（税込）</p><p>10,000円（税抜）</p>", "11000"),
        ("<p>Cena bez DPH: 100,00 €</p><p>Cena s DPH: <strong>121,00 €</strong></p>", "121.00"),
        ("<p class='small'>ex VAT <span>£100.00</span></p><p>inc VAT <span>£120.00</span></p>", "120.00"),
        ("<p class='price'>£100.00 ex VAT</p><p class='main-price'>£120.00 inc VAT</p>", "120.00"),
    ],
)
def test_the_taxed_price_that_stands_first_or_clearest_is_the_price(shown: str, price: str) -> None:
    assert price_of(shown) == price


def test_markup_decides_between_the_two() -> None:
    offer = {"@type": "Offer", "price": "121.00", "priceCurrency": "EUR"}
    assert price_of(NET_FIRST, json_ld(product(offers=offer))) == "121.00"


def test_a_price_that_the_markup_calls_untaxed_gives_way_to_the_taxed_one_on_the_page() -> None:
    untaxed = {"price": "100.00", "priceCurrency": "EUR", "valueAddedTaxIncluded": "false"}
    offer = {"@type": "Offer", "price": "100.00", "priceCurrency": "EUR", "priceSpecification": untaxed}
    shown = "<p><b class='price'>121,00 €</b> s DPH</p><p>100,00 € bez DPH</p>"
    assert price_of(shown, json_ld(product(offers=offer))) == "121.00"
    assert price_of("", json_ld(product(offers=offer))) == "100.00"


def test_of_two_specifications_the_taxed_one_is_the_price() -> None:
    specifications = [
        {"price": "100.00", "priceCurrency": "EUR", "valueAddedTaxIncluded": False},
        {"price": "119.00", "priceCurrency": "EUR", "valueAddedTaxIncluded": True},
    ]
    assert price_of("", json_ld(product(offers={"priceSpecification": specifications}))) == "119.00"


def test_amounts_without_a_word_on_tax_are_no_such_pair() -> None:
    assert price_of("<div class='price'>€100.00</div><p>with its case €120.00</p>") == "100.00"


@pytest.mark.parametrize(
    ("net", "gross", "expected"),
    [
        ("100.00", "119.00", True),
        ("4386.00", "5263.20", True),
        ("3.56", "4.27", True),
        ("8264", "9999", True),
        ("100.00", "150.00", False),
        ("100.00", "100.00", False),
        ("119.00", "100.00", False),
        ("0", "1.00", False),
    ],
)
def test_a_usual_rate_lies_between(net: str, gross: str, expected: bool) -> None:
    assert is_taxed(Decimal(net), Decimal(gross)) is expected
