"""Which shop has which shape and stock."""

from __future__ import annotations

from collections import Counter

from arb_pipelines.sandbox.assortment import HOSTILE_KINDS, RARE_SHAPES, PageShape, build_shops, deal_products
from arb_pipelines.sandbox.catalogue import build_catalogue

SHOPS = build_shops(7, 500, 33)
STOCK = deal_products(7, SHOPS, build_catalogue(7, 300))


def test_every_shape_serves_its_share_of_500_shops() -> None:
    count = Counter(shop.shape for shop in SHOPS)
    assert set(count) == set(PageShape)
    assert count[PageShape.JAVASCRIPT] == 5
    assert count[PageShape.EUROPEAN] == 10
    assert count[PageShape.LOCAL_TEXT] == 20
    assert all(n >= 23 for shape, n in count.items() if shape not in RARE_SHAPES)


def test_less_than_five_in_a_hundred_shops_fail_for_good() -> None:
    failing = [shop.misbehaviour for shop in SHOPS if shop.misbehaviour is not None]
    assert len(failing) == 15
    assert len(set(failing)) == 10
    hostile = [shop.hostile for shop in SHOPS if shop.hostile is not None]
    assert sorted(hostile) == sorted(HOSTILE_KINDS)
    assert sum(shop.failure is not None for shop in SHOPS) == 19


def test_a_fifth_of_the_shops_is_redesigned_some_day() -> None:
    changing = [shop for shop in SHOPS if shop.later_shape is not None]
    assert 0.1 < len(changing) / len(SHOPS) < 0.25
    for shop in changing:
        assert shop.shape_at(shop.redesigned_h - 1) is shop.shape
        assert shop.shape_at(shop.redesigned_h) is shop.later_shape is not shop.shape
        assert 480 <= shop.redesigned_h < 4800


def test_a_calm_world_needs_no_browser_and_keeps_its_shapes() -> None:
    shops = build_shops(7, 500, 0, calm=True)
    assert all(shop.later_shape is None and shop.failure is None for shop in shops)
    assert PageShape.JAVASCRIPT not in {shop.shape for shop in shops}


def test_every_shop_has_exactly_as_many_products_as_asked_for() -> None:
    dealt = deal_products(7, SHOPS, build_catalogue(7, 300), pages_a_shop=20)
    assert {len({item.path for item in items}) for items in dealt.values()} == {20}


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
