"""Whole pages: what is read, from where, and what is left unknown."""

from __future__ import annotations

import pytest

from arb_pipelines.domain.raw_product import Availability
from arb_pipelines.domain.site import Site
from arb_pipelines_tests.scraping.extraction.pages import json_ld, page, product, read

H1 = "<h1>Blue Kettle 1.7 l</h1>"
BUTTON = "<button class='add-to-cart'>Add to cart</button>"


def price_of(body: str, head: str = "", **more: str) -> str | None:
    return read(page(body, head), **more).product.price  # type: ignore[arg-type]  # url is text


def test_json_ld_fills_the_record() -> None:
    record = read(page(H1, json_ld(product()))).product
    assert (record.name, record.price, record.currency) == ("Blue Kettle 1.7 l", "24.90", "EUR")
    assert (record.sku, record.gtin, record.brand) == ("K-17", "4006381333931", "Acme")
    assert (record.availability, record.condition) == (Availability.IN_STOCK, "NewCondition")
    assert (record.shipping, record.list_price, record.seller) == (None, None, None)
    assert record.evidence["price"][0].method == "json-ld"
    assert record.evidence["price"][0].raw == "24.90"


def test_microdata_fills_the_record() -> None:
    body = (
        "<div itemscope itemtype='http://schema.org/Product'><h1 itemprop='name'>Blue Kettle 1.7 l</h1>"
        "<span itemprop='brand' itemscope itemtype='http://schema.org/Brand'><b itemprop='name'>Acme</b></span>"
        "<meta itemprop='gtin13' content='4006381333931'><div itemprop='offers' itemscope "
        "itemtype='http://schema.org/Offer'><meta itemprop='priceCurrency' content='GBP'>"
        "<span itemprop='price' content='24.90'>£24.90</span>"
        "<link itemprop='availability' href='http://schema.org/OutOfStock'></div></div>"
    )
    record = read(page(body)).product
    assert (record.price, record.currency, record.brand) == ("24.90", "GBP", "Acme")
    assert record.availability is Availability.OUT_OF_STOCK
    assert [e.method for e in record.evidence["price"]] == ["microdata", "visible"]


def test_rdfa_and_meta_tags_are_read() -> None:
    rdfa = (
        "<div vocab='http://schema.org/' typeof='Product'><h1 property='name'>Blue Kettle 1.7 l</h1>"
        "<div property='offers' typeof='Offer'><span property='price' content='24.90'>24,90</span>"
        "<meta property='priceCurrency' content='EUR'></div></div>"
    )
    assert read(page(rdfa)).product.price == "24.90"
    meta = (
        '<meta property="og:type" content="product"><meta property="product:price:amount" content="24,90">'
        '<meta property="product:price:currency" content="EUR"><meta property="product:brand" content="Acme">'
    )
    record = read(page(H1, meta)).product
    assert (record.price, record.currency, record.brand) == ("24.90", "EUR", "Acme")


def test_a_page_without_markup_is_read_as_a_reader_does() -> None:
    body = (
        f"{H1}<p class='brand'>Acme</p><div class='price'>1.234,50 €</div><p class='stock'>Auf Lager</p>"
        "<p>Art.-Nr.: K-17</p><p>EAN: 4006381333931</p><p>Zustand: gebraucht, sehr gut</p>"
    )
    record = read(page(body)).product
    assert (record.name, record.price, record.currency) == ("Blue Kettle 1.7 l", "1234.50", "EUR")
    assert (record.sku, record.gtin, record.brand) == ("K-17", "4006381333931", "Acme")
    assert record.availability is Availability.IN_STOCK
    assert record.condition == "gebraucht, sehr gut"


def test_the_state_of_a_script_is_read_for_this_product_only() -> None:
    script = (
        '<script>window.__STATE__ = {"related": [{"name": "Red Toaster", "price": 9.5, "sku": "T-1"}],'
        ' "product": {"title": "Blue Kettle 1.7 l", "sku": "K-17",'
        ' "price": {"amount": "24.90", "currencyCode": "EUR"}}};'
        "</script>"
    )
    record = read(page(H1 + script)).product
    assert (record.price, record.currency, record.sku) == ("24.90", "EUR", "K-17")


@pytest.mark.parametrize(
    ("body", "price"),
    [
        ("<div class='price'><del>$40.00</del> <ins>$24.90</ins></div>", "24.90"),
        ("<div><span class='old-price'>€ 40,00</span><span class='price'>€ 24,90</span></div>", "24.90"),
        ("<div class='price'>Was £40.00 Now £24.90</div>", "24.90"),
        ("<p>RRP: £40.00</p><p class='price'>£24.90</p>", "24.90"),
        ("<div class='price'>$24<sup>90</sup></div>", "24.90"),
        ("<div class='price'>24<span class='decimals'>90</span> €</div>", "24.90"),
        ("<div class='price'><b>294</b><span> 元</span></div>", "294"),
        ("<div class='price'>R$ 2.720,00</div>", "2720.00"),
        ("<div class='price'>CHF 1'299.00</div><p>or 12 x CHF 108.25</p>", "1299.00"),
        ("<div class='price'>€ 24,90</div><p class='unit-price'>(€ 14,65 / l)</p>", "24.90"),
        ("<div class='price'>$24.90</div><p>or 4 payments of <span class='price'>$6.23</span></p>", "24.90"),
        ("<p>Free shipping over $50.00</p><div class='price'>$24.90</div>", "24.90"),
        ("<div class='price'>$24.90</div><p>Free shipping on orders over $50</p>", "24.90"),
        ("<p>You save $15.10</p><div class='price'>$24.90</div>", "24.90"),
    ],
)
def test_the_price_among_other_amounts(body: str, price: str) -> None:
    record = read(page(f"{H1}{body}{BUTTON}")).product
    assert record.price == price


@pytest.mark.parametrize(
    "body",
    [
        "<p>Free shipping over $50.00</p>",
        "<p>or 4 payments of $6.23</p>",
        "<p>You save $15.10</p>",
        "<p>Gift cards from $10.00 to $500.00</p>",
        "<p>Call us: 555 123 4567</p>",
        "",
    ],
)
def test_what_is_no_price_is_not_given_as_one(body: str) -> None:
    assert price_of(f"{H1}{body}{BUTTON}") is None


def test_what_the_page_strikes_out_outweighs_stale_markup() -> None:
    body = f"{H1}<div><s class='price-old'>€ 24,90</s> <b class='price-new'>€ 19,90</b></div>{BUTTON}"
    record = read(page(body, json_ld(product()))).product
    assert (record.price, record.list_price) == ("19.90", "24.90")


def test_a_neighbours_price_is_not_taken() -> None:
    tiles = "".join(
        f"<div class='product-tile'><a href='/p/{n}'>Pan {n}</a><span class='price'>€ {n},99</span></div>"
        for n in range(10, 16)
    )
    assert price_of(f"{H1}<p>Price on request</p><div class='related-products'>{tiles}</div>") is None


def test_the_variant_of_the_address_is_taken() -> None:
    offers = [
        {"@type": "Offer", "price": "10", "priceCurrency": "EUR", "url": "https://shop.example/p/blue-kettle?v=1"},
        {"@type": "Offer", "price": "12", "priceCurrency": "EUR", "url": "https://shop.example/p/blue-kettle?v=2"},
    ]
    html = page(H1, json_ld(product(offers=offers)))
    assert read(html, url="https://shop.example/p/blue-kettle?v=2").product.price == "12"


def test_an_ambiguous_sign_is_read_by_the_country() -> None:
    html = page(f"{H1}<div class='price'>$24.90</div>")
    assert read(html).product.currency == "USD"
    assert read(html, url="https://shop.example.ca/p/1").product.currency == "CAD"
    assert read(page(f"{H1}<div class='price'>$24.90</div>", attributes="lang='en-AU'")).product.currency == "AUD"


def test_a_short_sign_needs_the_country_behind_it() -> None:
    html = page(f"{H1}<p>R170 SLK, 8 ft</p><div class='price'>R 1 299.00</div>")
    assert read(html, url="https://shop.example.co.za/p/1").product.currency == "ZAR"
    assert read(html).product.currency is None


def test_a_price_without_any_markup_or_class_is_read_when_it_stands_alone() -> None:
    assert price_of(f"{H1}<div><div>$24.90</div></div>") == "24.90"


def test_the_price_of_a_used_copy_is_not_the_price() -> None:
    assert price_of(f"{H1}<p>Used for $11.95</p>") is None


def test_entities_in_markup_are_read() -> None:
    record = read(page("<p>x</p>", json_ld(product(name="Kettle&reg; &amp; Lid")))).product
    assert record.name == "Kettle® & Lid"


def test_postage_is_what_is_stated_and_never_a_default() -> None:
    priced = f"{H1}<div class='price'>$24.90</div>"
    assert read(page(f"{priced}<p class='shipping'>Shipping: $4.99</p>")).product.shipping == "4.99"
    assert read(page(f"{priced}<p class='shipping'>Free shipping</p>")).product.shipping == "0"
    assert read(page(f"{priced}<p>Free shipping over $50.00</p>")).product.shipping is None
    assert read(page(priced)).product.shipping is None


@pytest.mark.parametrize(
    ("phrase", "state"),
    [
        ("In stock", Availability.IN_STOCK),
        ("Out of stock", Availability.OUT_OF_STOCK),
        ("Currently not available", Availability.OUT_OF_STOCK),
        ("Derzeit nicht lieferbar", Availability.OUT_OF_STOCK),
        ("Only 2 left in stock", Availability.LIMITED),
        ("Pre-order now", Availability.PRE_ORDER),
        ("Available on backorder", Availability.BACK_ORDER),
        ("Discontinued", Availability.DISCONTINUED),
        ("Нет в наличии", Availability.OUT_OF_STOCK),
        ("在庫切れ", Availability.OUT_OF_STOCK),
    ],
)
def test_stock_as_the_page_says_it(phrase: str, state: Availability) -> None:
    body = f"{H1}<div class='price'>$24.90</div><p class='stock'>{phrase}</p>"
    assert read(page(body)).product.availability is state


def test_silence_about_stock_is_unknown() -> None:
    assert read(page(f"{H1}<div class='price'>$24.90</div>")).product.availability is None


def test_a_wrong_check_digit_is_no_gtin() -> None:
    assert read(page(H1, json_ld(product(gtin13="4006381333932")))).product.gtin is None
    assert read(page(H1, json_ld(product(gtin13=None, isbn="0-306-40615-2")))).product.gtin == "9780306406157"


def test_a_sites_own_selector_outweighs_everything() -> None:
    site = Site("s", "S", "https://shop.example", selectors={"price": ".mine", "sku": "#code", "condition": ".state"})
    body = (
        f"{H1}<b class='mine'>Nur 19,90 €</b><i id='code'>Item no. K-99</i><i class='state'>Condition: Used - Good</i>"
    )
    record = read(page(body, json_ld(product())), site=site).product
    assert (record.site, record.price, record.sku, record.condition) == ("s", "19.90", "K-99", "Used - Good")
    assert record.evidence["price"][0].method == "selector"


def test_a_selector_that_finds_nothing_leaves_the_general_readers() -> None:
    site = Site("s", "S", "https://shop.example", currency="EUR", selectors={"price": ".none"})
    assert read(page(H1, json_ld(product())), site=site).product.price == "24.90"


def test_the_currency_of_the_site_stands_in_for_a_silent_page() -> None:
    site = Site("s", "S", "https://shop.example", currency="NOK", selectors={"price": ".p"})
    record = read(page(f"{H1}<b class='p'>249,00</b>"), site=site).product
    assert (record.price, record.currency) == ("249.00", "NOK")
