"""The declarations that the sandbox writes for the site registry."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from arb_pipelines.domain.site import Rendering, Site, SiteClass, SiteShape
from arb_pipelines.sandbox.assortment import PageShape, Shop
from arb_pipelines.sandbox.running import WorldServer
from arb_pipelines.sandbox.site_files import Declared, VisitPlan, site_text
from arb_pipelines.sandbox.world import World
from arb_pipelines.scraping.registry import load_sites

WORLD = World(shops=110)


def test_the_registry_reads_every_file(server: WorldServer, tmp_path: Path) -> None:
    assert server.write_sites(tmp_path, interval_s=60) == 20
    registry = load_sites(tmp_path)
    assert registry.broken == ()
    assert [site.key for site in registry.sites] == list(server.shop_urls)
    site = registry.sites[2]
    assert (site.site_class, site.shape, site.buyer) == (SiteClass.PERMITTED, SiteShape.LISTING, "sandbox")
    assert (site.interval_s, site.delay_s, site.currency, str(site.tax_rate)) == (60, 0.1, "USD", "0")
    assert list(site.start_urls) == [f"{server.shop_urls[site.key]}/products"]


def test_a_plan_for_load_tests_visits_all_pages_at_once(server: WorldServer, tmp_path: Path) -> None:
    server.write_sites(tmp_path, plan=VisitPlan(interval_s=60, pages_per_visit=20, delay_s=0.0))
    site = load_sites(tmp_path).sites[0]
    assert (site.interval_s, site.pages_per_visit, site.delay_s) == (60, 20, 0.0)


def test_files_of_a_larger_sandbox_go_and_others_stay(server: WorldServer, tmp_path: Path) -> None:
    (tmp_path / "shop-777.toml").write_text(site_text(Declared(WORLD.shops[0], "http://127.0.1.1:1"), VisitPlan()))
    (tmp_path / "shop-mine.toml").write_text('name = "mine"\n')
    server.write_sites(tmp_path)
    assert not (tmp_path / "shop-777.toml").exists()
    assert (tmp_path / "shop-mine.toml").read_text() == 'name = "mine"\n'


@pytest.mark.parametrize(
    ("number", "rendering", "currency"),
    [(25, Rendering.STATIC, "EUR"), (50, Rendering.BROWSER, "USD"), (3, Rendering.STATIC, "USD")],
)
def test_rendering_and_currency_follow_the_shape(
    tmp_path: Path, number: int, rendering: Rendering, currency: str
) -> None:
    shop = WORLD.shops[number - 1]
    (tmp_path / f"{shop.key}.toml").write_text(site_text(Declared(shop, "http://127.0.1.1:8000"), VisitPlan()))
    site = load_sites(tmp_path).sites[0]
    assert (site.rendering, site.currency) == (rendering, currency)


def _declared(tmp_path: Path, declared: Declared) -> Site:
    (tmp_path / f"{declared.shop.key}.toml").write_text(site_text(declared, VisitPlan()))
    return load_sites(tmp_path).sites[0]


@pytest.mark.parametrize("shop", [shop for shop in WORLD.shops if shop.hostile is None][:40], ids=lambda shop: shop.key)
def test_the_pattern_fits_every_product_and_no_start_page(tmp_path: Path, shop: Shop) -> None:
    items = WORLD.items_of(shop)
    site = _declared(tmp_path, Declared(shop, "http://127.0.1.1:8000", items))
    pattern = re.compile(site.product_url_pattern or "")
    assert all(pattern.search("http://127.0.1.1:8000" + item.path) for item in items)
    assert not any(pattern.search(url) for url in site.start_urls)


def test_a_search_site_starts_with_keyword_and_location(tmp_path: Path) -> None:
    shop = next(shop for shop in WORLD.shops if shop.shape is PageShape.SEARCH)
    items = WORLD.items_of(shop)
    site = _declared(tmp_path, Declared(shop, "http://127.0.1.1:8000", items))
    assert all("/search?q=" in url and f"location={shop.town.split()[0]}" in url for url in site.start_urls)
    assert len(site.start_urls) == len({item.product.noun for item in items})


def test_selectors_are_those_of_the_shape_of_today(tmp_path: Path) -> None:
    shop = next(shop for shop in WORLD.shops if shop.shape is PageShape.TABLE)
    assert _declared(tmp_path, Declared(shop, "http://127.0.1.1:8000")).selectors["price"] == ".spec-price td"
    now = Declared(shop, "http://127.0.1.1:8000", shape=PageShape.RDFA)
    assert _declared(tmp_path, now).selectors == {}


def test_a_hostile_shop_is_met_where_its_attack_waits(tmp_path: Path) -> None:
    shop = WORLD.shops[82]
    assert shop.hostile == "gzip_bomb"
    site = _declared(tmp_path, Declared(shop, "http://127.0.1.83:8000", WORLD.items_of(shop)))
    assert (site.shape, list(site.start_urls)) == (SiteShape.PAGES, ["http://127.0.1.83:8000/p/1"])
    lister = replace(shop, hostile="endless_pagination")
    site = _declared(tmp_path, Declared(lister, "http://127.0.1.83:8000"))
    assert (site.shape, list(site.start_urls)) == (SiteShape.LISTING, ["http://127.0.1.83:8000/products"])
