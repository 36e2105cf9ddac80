"""The declarations that the sandbox writes for the site registry."""

from __future__ import annotations

from pathlib import Path

import pytest

from arb_pipelines.domain.site import Rendering, SiteClass, SiteShape
from arb_pipelines.sandbox.running import WorldServer
from arb_pipelines.sandbox.site_files import site_text
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


def test_files_of_a_larger_sandbox_go_and_others_stay(server: WorldServer, tmp_path: Path) -> None:
    (tmp_path / "shop-777.toml").write_text(site_text(WORLD.shops[0], "http://127.0.1.1:1", 300))
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
    (tmp_path / f"{shop.key}.toml").write_text(site_text(shop, "http://127.0.1.1:8000", 300))
    site = load_sites(tmp_path).sites[0]
    assert (site.rendering, site.currency) == (rendering, currency)
