"""Which shop has which shape and stock."""

from __future__ import annotations

from collections import Counter

from arb_pipelines.sandbox.assortment import PageShape, build_shops, deal_products
from arb_pipelines.sandbox.catalogue import build_catalogue

SHOPS = build_shops(7, 500, 33)
STOCK = deal_products(7, SHOPS, build_catalogue(7, 300))


def test_every_shape_serves_its_share_of_500_shops() -> None:
    count = Counter(shop.shape for shop in SHOPS)
    assert set(count) == set(PageShape)
    assert count[PageShape.JAVASCRIPT] == 5
    assert count[PageShape.EUROPEAN] == 10
    assert all(n >= 40 for shape, n in count.items() if shape not in (PageShape.JAVASCRIPT, PageShape.EUROPEAN))


def test_three_in_a_hundred_shops_misbehave_in_every_way() -> None:
    failing = [shop.misbehaviour for shop in SHOPS if shop.misbehaviour is not None]
    assert len(failing) == 15
    assert len(set(failing)) == 10


def test_every_product_is_in_about_five_shops() -> None:
    shops_of = Counter(item.product.index for items in STOCK.values() for item in items)
    assert set(shops_of.values()) <= {4, 5, 6}
    assert len(shops_of) == 300
    assert all(2 <= len(items) <= 4 for items in STOCK.values())


def test_shops_word_the_same_product_differently() -> None:
    names: dict[int, set[str]] = {}
    for items in STOCK.values():
        for item in items:
            names.setdefault(item.product.index, set()).add(item.name)
    assert sum(len(wordings) > 1 for wordings in names.values()) > 250


def test_a_small_world_deals_each_product_once_a_shop() -> None:
    shops = build_shops(7, 6, 0)
    for items in deal_products(7, shops, build_catalogue(7, 3)).values():
        assert len({item.sku for item in items}) == len(items)
