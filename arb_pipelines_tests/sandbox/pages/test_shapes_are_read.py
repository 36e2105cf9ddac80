"""Every page shape is read back as what the shop really offers: the sandbox's truth against our extraction."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from arb_pipelines.domain.raw_product import Availability, RawProduct
from arb_pipelines.domain.site import Site
from arb_pipelines.sandbox.assortment import PageShape, StockedItem
from arb_pipelines.sandbox.locales import FOREIGN, LOCALES
from arb_pipelines.sandbox.pages.offer_view import OfferView
from arb_pipelines.sandbox.pages.render import SHAPES, render_product
from arb_pipelines.sandbox.site_files import Declared, VisitPlan, site_text
from arb_pipelines.sandbox.world import World
from arb_pipelines.scraping.extraction.page import read_page
from arb_pipelines.scraping.registry import load_sites

WORLD = World(seed=7, shops=60)
URL = "http://127.0.1.1:8000"
STATIC = [shape for shape in PageShape if shape is not PageShape.JAVASCRIPT]
ITEMS = [item for shop in WORLD.shops for item in WORLD.items_of(shop)][:60:12]
# What a shape does not say, or does not say for machines; everything else must come out right.
SILENT = {
    PageShape.OPEN_GRAPH: {"gtin", "mpn"},
    PageShape.PLAIN: {"gtin", "mpn"},
    PageShape.EMBEDDED_STATE: {"mpn"},
    PageShape.WAS_NOW: {"gtin", "mpn"},
    PageShape.TABLE: {"mpn"},
    PageShape.UNIT_PRICE: {"gtin", "mpn"},
    PageShape.INSTALMENTS: {"gtin", "mpn"},
    PageShape.EUROPEAN: {"mpn"},
    PageShape.SHOPIFY_LIKE: {"gtin", "mpn"},  # a barcode stands in its script, in a variant without a name
    PageShape.WOOCOMMERCE_LIKE: {"gtin", "mpn"},
    PageShape.PRESTASHOP_LIKE: {"gtin", "mpn"},  # the number stands in an attribute with JSON
    PageShape.SEARCH: {"gtin", "mpn"},
    PageShape.LOCAL_TEXT: {"mpn"},
}
LISTED = {
    PageShape.WAS_NOW,
    PageShape.SHOPIFY_LIKE,
    PageShape.WOOCOMMERCE_LIKE,
    PageShape.MAGENTO_LIKE,
    PageShape.PRESTASHOP_LIKE,
    PageShape.LOCAL_TEXT,
    PageShape.NEXT_DATA,
}


def _view(item: StockedItem, shape: PageShape, *, units: int = 3, locale: str = "us") -> OfferView:
    code = "de" if shape is PageShape.EUROPEAN else locale
    shop = replace(item.shop, shape=shape, locale=code, currency=LOCALES[code].currency)
    shelf = WORLD.shelf(item, 0)
    shelf = replace(shelf, list_price_minor=shelf.price_minor * 3 // 2)
    return OfferView(replace(item, shop=shop), shelf, units, URL, sale_until=date(2026, 3, 9))


def _site(view: OfferView, folder: Path) -> Site:
    (folder / f"{view.item.shop.key}.toml").write_text(site_text(Declared(view.item.shop, URL), VisitPlan()))
    return load_sites(folder).sites[0]


def _read(view: OfferView, site: Site | None) -> RawProduct:
    html = render_product(view).plain
    reading = read_page(html, url=view.url, site=site, fetched_at=datetime(2026, 3, 1, tzinfo=UTC), tick_id="t")
    assert reading.verdict is None
    return reading.product


def _truth(view: OfferView) -> dict[str, object]:
    product = view.item.product
    fields: dict[str, object] = {
        "name": view.item.name,
        "price": view.price,
        "currency": view.item.shop.currency,
        "sku": view.item.sku,
        "brand": product.brand,
        "gtin": product.gtin,
    }
    if product.mpn:
        fields["mpn"] = product.mpn
    silent = SILENT.get(view.shape, set())
    return {name: value for name, value in fields.items() if name not in silent}


def test_the_list_of_shapes_is_complete() -> None:
    assert len(SHAPES) >= 20
    assert set(SHAPES) == set(PageShape)


@pytest.mark.parametrize("shape", STATIC)
def test_every_field_that_a_page_shows_is_read(shape: PageShape, tmp_path: Path) -> None:
    for item in ITEMS:
        view = _view(item, shape)
        read = _read(view, _site(view, tmp_path))
        # A page may spell a brand in two ways: in its title in capitals, beside it not.
        assert {name: getattr(read, name) for name in _truth(view)} | {"brand": str(read.brand).title()} == _truth(view)
        assert read.availability in (Availability.IN_STOCK, Availability.LIMITED)
        if shape in LISTED:
            assert read.list_price == view.list_price


@pytest.mark.parametrize("shape", STATIC)
def test_an_empty_shelf_is_seen(shape: PageShape, tmp_path: Path) -> None:
    for item in ITEMS[:2]:
        view = _view(item, shape, units=0)
        read = _read(view, _site(view, tmp_path))
        assert (read.availability, read.price) == (Availability.OUT_OF_STOCK, view.price)


@pytest.mark.parametrize("shape", STATIC)
def test_the_price_needs_no_site_file(shape: PageShape) -> None:
    for item in ITEMS[:2]:
        view = _view(item, shape)
        read = _read(view, None)
        assert (read.price, read.currency) == (view.price, view.item.shop.currency)


@pytest.mark.parametrize("locale", FOREIGN)
def test_amounts_of_every_country(locale: str, tmp_path: Path) -> None:
    for item in ITEMS[:2]:
        view = _view(item, PageShape.LOCAL_TEXT, locale=locale)
        read = _read(view, _site(view, tmp_path))
        assert (read.price, read.currency, read.list_price) == (view.price, view.item.shop.currency, view.list_price)
        assert read.availability in (Availability.IN_STOCK, Availability.LIMITED)
        few, none = (_read(_view(item, PageShape.LOCAL_TEXT, units=n, locale=locale), None) for n in (1, 0))
        assert few.availability in (Availability.IN_STOCK, Availability.LIMITED)
        assert none.availability is Availability.OUT_OF_STOCK
