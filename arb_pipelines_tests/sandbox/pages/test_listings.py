"""Lists with their next page, searches and sitemaps."""

from __future__ import annotations

from dataclasses import replace

from arb_pipelines.sandbox.assortment import PageShape
from arb_pipelines.sandbox.pages.listings import matches, page_size, render_listing, render_sitemap, start_paths
from arb_pipelines.sandbox.world import World

WORLD = World(seed=7, shops=20)
SHOP = WORLD.shops[4]
ITEMS = tuple(item for shop in WORLD.shops for item in WORLD.items_of(shop))[:5]


def test_every_fifth_shop_shows_its_list_on_two_pages() -> None:
    assert page_size(SHOP, 5) == 3
    assert page_size(WORLD.shops[0], 5) == 5
    first, second = (render_listing(SHOP, ITEMS, number) for number in (1, 2))
    assert first is not None
    assert second is not None
    assert "rel='next' href='/products?page=2'" in first.plain.decode()
    assert "rel='next'" not in second.plain.decode()
    for page, items in ((first, ITEMS[:3]), (second, ITEMS[3:])):
        assert all(item.path in page.plain.decode() for item in items)
    assert render_listing(SHOP, ITEMS, 3) is None
    assert render_listing(SHOP, ITEMS, 0) is None


def test_a_marketplace_begins_with_a_search_for_each_kind_of_product() -> None:
    shop = replace(SHOP, shape=PageShape.SEARCH, town="Juniper Bay")
    assert start_paths(shop, ITEMS[:1])[0].endswith("&location=Juniper+Bay")
    assert start_paths(replace(SHOP, shape=PageShape.SHOPIFY_LIKE), ITEMS) == ["/collections/all"]


def test_a_search_ignores_case_and_needs_all_words() -> None:
    item = ITEMS[0]
    assert matches(item, item.product.noun.upper(), item.shop.town.lower())
    assert matches(item, "", "")
    assert not matches(item, f"{item.product.noun} zeppelin", "")
    assert not matches(item, item.product.noun, "elsewhere")


def test_a_sitemap_escapes_its_addresses() -> None:
    text = render_sitemap("http://127.0.1.1:80", ["/search?q=a&location=b"]).plain.decode()
    assert "<loc>http://127.0.1.1:80/search?q=a&amp;location=b</loc>" in text
