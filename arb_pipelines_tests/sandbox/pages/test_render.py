"""Every page shape states the offer."""

from __future__ import annotations

import gzip
import json
import re
from dataclasses import replace

import pytest

from arb_pipelines.sandbox.assortment import PageShape
from arb_pipelines.sandbox.locales import money_text
from arb_pipelines.sandbox.pages.offer_view import OfferView
from arb_pipelines.sandbox.pages.render import SHAPES, product_json, render_product
from arb_pipelines.sandbox.world import World

WORLD = World(seed=7, shops=20)
ITEM = WORLD.items_of(WORLD.shops[0])[0]
STOCK_WORDS = {PageShape.SEARCH: ("Available", "No longer available")}


def _view(shape: PageShape, units: int = 3, price_minor: int = 123_499, currency: str = "USD") -> OfferView:
    locale = "de" if currency == "EUR" else "us"
    shop = replace(WORLD.shops[0], shape=shape, currency=currency, locale=locale, shipping_minor=499)
    shelf = replace(WORLD.shelf(ITEM, 0), price_minor=price_minor, list_price_minor=199_999)
    return OfferView(replace(ITEM, shop=shop), shelf, units, "http://127.0.1.1:8000")


def _html(view: OfferView) -> str:
    return render_product(view).plain.decode()


def test_every_shape_can_be_drawn() -> None:
    assert set(SHAPES) == set(PageShape)


@pytest.mark.parametrize("shape", [shape for shape in PageShape if shape is not PageShape.JAVASCRIPT])
def test_name_price_shipping_stock_and_condition_are_on_the_page(shape: PageShape) -> None:
    html, empty = _html(_view(shape)), _html(_view(shape, units=0))
    in_stock, out_of_stock = STOCK_WORDS.get(shape, ("In stock", "Out of stock"))
    amount = "</span>1,234.99" if shape is PageShape.WOOCOMMERCE_LIKE else "$1,234.99"
    for text in (ITEM.name, amount, "$4.99", in_stock, ITEM.condition, ITEM.sku):
        assert text in html
    assert out_of_stock not in html
    assert out_of_stock in empty


@pytest.mark.parametrize("shape", list(PageShape))
def test_the_gzip_form_is_the_page(shape: PageShape) -> None:
    page = render_product(_view(shape))
    assert gzip.decompress(page.gzipped) == page.plain


@pytest.mark.parametrize("shape", [PageShape.JSON_LD, PageShape.JSON_LD_GRAPH, PageShape.RELATED])
def test_json_ld_states_the_whole_offer(shape: PageShape) -> None:
    scripts = re.findall(r'<script type="application/ld\+json">(.*?)</script>', _html(_view(shape, units=0)))
    last = json.loads(scripts[-1])
    product = next(node for node in last.get("@graph", [last]) if node["@type"] == "Product")
    offer = product["offers"]
    assert (product["sku"], product["gtin13"]) == (ITEM.sku, ITEM.product.gtin)
    assert (offer["price"], offer["priceCurrency"]) == ("1234.99", "USD")
    assert offer["availability"] == "https://schema.org/OutOfStock"
    assert offer["shippingDetails"]["shippingRate"]["value"] == "4.99"


def test_a_european_page_writes_a_decimal_comma() -> None:
    html = _html(_view(PageShape.EUROPEAN, currency="EUR"))
    assert "1.234,99 €" in html
    assert "content='EUR'" in html


def test_a_reduced_page_strikes_out_the_list_price() -> None:
    html = _html(_view(PageShape.WAS_NOW))
    assert "<del class='was'>$1,999.99</del> <ins class='now'>$1,234.99</ins>" in html


def test_the_price_of_a_javascript_shop_is_in_its_record_alone() -> None:
    view = _view(PageShape.JAVASCRIPT)
    assert "1,234.99" not in _html(view)
    assert (product_json(view)["price"], product_json(view)["sku"]) == ("1234.99", ITEM.sku)


@pytest.mark.parametrize(
    ("shape", "misleading"),
    [(PageShape.INSTALMENTS, "4 payments of"), (PageShape.UNIT_PRICE, "/ 100 g"), (PageShape.RELATED, "also-bought")],
)
def test_awkward_pages_show_other_amounts_before_the_price(shape: PageShape, misleading: str) -> None:
    html = _html(_view(shape)).split("<main>")[1]
    assert html.index(misleading) < html.index("$1,234.99")


def test_amounts_in_words() -> None:
    assert money_text(5, "USD") == "$0.05"
    assert money_text(123_456_789, "EUR") == "1.234.567,89 €"
