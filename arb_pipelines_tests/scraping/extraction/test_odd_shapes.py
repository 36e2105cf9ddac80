"""Shapes that mislead price readers: member prices, trade-ins, neighbours' markup, two currencies, zero."""

from __future__ import annotations

from typing import Any

import pytest

from arb_pipelines_tests.scraping.extraction.pages import json_ld, page, product, read

H1 = "<h1>Blue Kettle 1.7 l</h1>"
BUTTON = "<button class='add-to-cart'>Add to cart</button>"


@pytest.mark.parametrize(
    ("shown", "price"),
    [
        ("<div class='price'>$89.00</div><div class='price'>Members pay $79.00</div>", "89.00"),
        ("<div class='price'>Club price: $79.00</div><div class='price'>Online price: $89.00</div>", "89.00"),
        ("<p>Get up to $400.00 trade-in value</p><div class='price'>$899.00</div>", "899.00"),
        ("<div class='price'>$899.00</div><p>or $499.00 with trade-in</p>", "899.00"),
        ("<p>4 interest-free payments of $30.00 with Klarna</p><div class='price'>$120.00</div>", "120.00"),
        ("<div class='price'>$30.00/mo</div><div class='price'>$720.00</div>", "720.00"),
        ("<div class='price'>€24.90</div><div class='price-converted'>≈ $27.10</div>", "24.90"),
        ("<div class='price'>€0.00</div>", None),
        ("<p>Shipping: $4.99</p>", None),
        ("<div class='price'>79,00 €</div><p>Najniższa cena z 30 dni: 69,00 €</p>", "79.00"),
    ],
)
def test_the_amount_that_everybody_pays_now(shown: str, price: str | None) -> None:
    assert read(page(f"{H1}{shown}{BUTTON}")).product.price == price


def test_a_member_tier_has_no_say_in_the_price() -> None:
    specifications: list[dict[str, Any]] = [
        {"price": "79.00", "priceCurrency": "EUR", "validForMemberTier": {"name": "gold"}},
        {"price": "89.00", "priceCurrency": "EUR"},
    ]
    head = json_ld(product(offers={"@type": "Offer", "priceSpecification": specifications}))
    assert read(page(H1 + BUTTON, head)).product.price == "89.00"


@pytest.mark.parametrize("more", [{}, {"url": "https://shop.example/p/red-toaster"}])
def test_markup_of_another_product_gives_no_price(more: dict[str, str]) -> None:
    other = {"@type": "Product", "name": "Red Toaster", "offers": {"price": "12.00", "priceCurrency": "EUR"}, **more}
    record = read(page(f"{H1}<p>Currently unavailable</p>", json_ld(other))).product
    assert (record.price, record.name) == (None, "Blue Kettle 1.7 l")


def test_markup_in_another_script_than_the_heading_may_still_be_the_page_s_own() -> None:
    head = json_ld(product(name="Blue Kettle 1.7 l"))
    html = page("<h1>青いケトル</h1><button>購入する</button>", head, title="青いケトル | 店")
    assert read(html, url="https://shop.example/p/17").product.price == "24.90"


def test_microdata_in_camel_case_is_read() -> None:
    body = (
        "<div itemScope itemType='http://schema.org/Product'><h1 itemProp='name'>Blue Kettle 1.7 l</h1>"
        "<div itemProp='offers' itemScope itemType='http://schema.org/Offer'><meta itemProp='price' content='24.90'>"
        "<meta itemProp='priceCurrency' content='EUR'></div></div>"
    )
    record = read(page(body)).product
    assert (record.price, record.evidence["price"][0].method) == ("24.90", "microdata")
