"""What scripts know of the page's product."""

from __future__ import annotations

import json
from typing import Any

import pytest

from arb_pipelines.scraping.extraction.embedded_state import read_strict
from arb_pipelines_tests.scraping.extraction.pages import json_ld, page, product, read

HEADING = "<h1>Blue Kettle 1.7 l</h1><div class='price'>€24.90</div>"
NUMBERED = "https://shop.example/p/blue-kettle-884412"
VARIANT = {"id": 998877, "title": "Default Title", "sku": "K-17", "barcode": "4006381333931", "price": 2490}


def _state(data: Any) -> str:
    return f"<script id='__NEXT_DATA__' type='application/json'>{json.dumps(data)}</script>"


@pytest.mark.parametrize("beside", ["", "<input type='hidden' name='product_id' value='884412'>"])
def test_an_explicit_sku_outweighs_a_number_in_the_address(beside: str) -> None:
    state = _state({"props": {"product": {"id": 884412, "name": "Blue Kettle 1.7 l", "sku": "K-17", "price": 24.9}}})
    body = HEADING + beside + state + "<a href='/p/884412'></a>" * 6
    assert read(page(body), NUMBERED).product.sku == "K-17"


def test_without_one_the_number_in_the_address_stays() -> None:
    state = _state({"product": {"id": 884412, "name": "Blue Kettle 1.7 l", "price": 24.9}})
    assert read(page(HEADING + state), NUMBERED).product.sku == "884412"


@pytest.mark.parametrize("markup", ["", json_ld(product(gtin13=None))])
def test_the_only_variant_names_the_barcode(markup: str) -> None:
    state = _state({"product": {"id": 7712345, "title": "Blue Kettle 1.7 l", "vendor": "Acme", "variants": [VARIANT]}})
    record = read(page(HEADING + markup + state)).product
    assert (record.sku, record.gtin, record.price) == ("K-17", "4006381333931", "24.90")


def test_of_several_variants_the_one_in_the_address_counts() -> None:
    other = {**VARIANT, "id": 998878, "sku": "K-18", "barcode": "4006381333948"}
    state = _state({"product": {"title": "Blue Kettle 1.7 l", "vendor": "Acme", "variants": [VARIANT, other]}})
    html = page(HEADING + state)
    assert read(html, "https://shop.example/p/blue-kettle?variant=998878").product.gtin == "4006381333948"
    assert read(html).product.gtin is None


@pytest.mark.parametrize("variants", [None, 1, "x", [1, None], {"a": 1}])
def test_odd_variants_cost_nothing(variants: Any) -> None:
    state = _state({"product": {"title": "Blue Kettle 1.7 l", "price": 24.9, "variants": variants}})
    assert read(page(HEADING + state)).product.price == "24.90"


@pytest.mark.parametrize(
    ("text", "value"), [('{"a": 1.5}', {"a": 1.5}), ('{"a": "x\ny"}', {"a": "x\ny"}), ("{", None), ("", None)]
)
def test_strict_json(text: str, value: Any) -> None:
    assert read_strict(text) == value
