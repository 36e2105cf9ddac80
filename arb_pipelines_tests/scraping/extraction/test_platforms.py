"""Shop systems' own templates: price, list price, number and stock without any structured data."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from arb_pipelines_tests.scraping.extraction.pages import page, read

HEADING = "<h1>Blue Kettle 1.7 l</h1>"
WOO = """<body class="woocommerce"><div class="summary entry-summary"><p class="price">
<del><span class="amount">€30,00</span></del><ins><span class="amount">€24,90</span></ins></p>
<p class="stock {stock}">{words}</p><span class="sku_wrapper">Nr.<span class="sku">K-17</span></span></div>"""
MAGENTO = """<div class="product-info-main"><span data-price-type="finalPrice" data-price-amount="24.9">€24.90</span>
<span data-price-type="oldPrice" data-price-amount="30">€30.00</span>
<div class="stock {stock}"><span>{words}</span></div>
<div itemprop="sku">K-17</div></div>"""


@pytest.mark.parametrize("template", [WOO, MAGENTO])
@pytest.mark.parametrize(
    ("stock", "words", "state"),
    [
        ("in-stock", "", "InStock"),
        ("out-of-stock", "", "OutOfStock"),
        ("unavailable", "", "OutOfStock"),
        ("", "Sold out", "OutOfStock"),
    ],
)
def test_template_fields(template: str, stock: str, words: str, state: str) -> None:
    record = read(page(HEADING + template.format(stock=stock, words=words))).product
    assert (record.price, record.currency) == ("24.90", "EUR")
    assert Decimal(record.list_price or 0) == 30
    assert record.sku == "K-17"
    assert record.availability is not None
    assert record.availability.value == state


@pytest.mark.parametrize(("attribute", "state"), [("", "InStock"), ("disabled", "OutOfStock")])
def test_the_button_of_an_order_form_says_the_stock(attribute: str, state: str) -> None:
    form = f"<form action='/cart/add'><button type='submit' name='add' {attribute}>→</button></form>"
    head = "<script src='https://cdn.shopify.com/s/theme.js'></script>"
    record = read(page(f"{HEADING}<div class='price'>$24.90</div>{form}", head)).product
    assert record.availability is not None
    assert record.availability.value == state


def test_data_for_the_shops_own_script_is_read() -> None:
    data = json.dumps(
        {"price_amount": 24.9, "reference": "K-17", "ean13": "4006381333931", "name": "Blue Kettle 1.7 l"}
    )
    body = (
        f"{HEADING}<span class='price'>24,90 €</span><div id='product-details' data-product='{data}'>prestashop</div>"
    )
    record = read(page(body)).product
    assert (record.price, record.sku, record.gtin) == ("24.90", "K-17", "4006381333931")


@pytest.mark.parametrize("data", ["", "[", "[1]", "{" * 100_000, '{"price_amount": {}}'])
def test_broken_data_is_no_evidence(data: str) -> None:
    body = (
        f"{HEADING}<span class='price'>24,90 €</span><div id='product-details' data-product='{data}'>prestashop</div>"
    )
    assert read(page(body)).product.price == "24.90"


def test_another_systems_marks_do_not_count() -> None:
    body = (
        f"{HEADING}<div class='price'>€24.90</div><div class='product-info-main'><i data-price-amount='1'>x</i></div>"
    )
    assert read(page(body)).product.price == "24.90"


@pytest.mark.parametrize(
    ("facts", "state"),
    [
        ({"quantity": 3}, "InStock"),
        ({"quantity": "0"}, "OutOfStock"),
        ({"quantity": 0, "allow_oosp": 1}, None),
        ({"quantity": 0, "availability": "available"}, "InStock"),
        ({"quantity": 1, "availability": "last_remaining_items"}, "LimitedAvailability"),
        ({"quantity": True}, None),
        ({}, None),
    ],
)
def test_the_shops_own_count_of_its_stock(facts: dict[str, object], state: str | None) -> None:
    data = json.dumps({"name": "Blue Kettle 1.7 l", "reference": "K-17", **facts})
    body = f"{HEADING}<span class='price'>24,90 €</span><section data-product='{data}'>prestashop</section>"
    record = read(page(body)).product
    assert (record.availability.value if record.availability else None) == state
    assert record.sku == "K-17"
