"""Every site definition that ships is walked offline: its saved page must say what its record expects.

What belongs here: the definitions in the docs, any in the repository, and those that the sandbox writes, one for
each page shape, with a page drawn by the sandbox itself. No network.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from arb_pipelines.domain.site import Rendering, Site
from arb_pipelines.sandbox.assortment import PageShape
from arb_pipelines.sandbox.pages.offer_view import OfferView
from arb_pipelines.sandbox.pages.render import render_product
from arb_pipelines.sandbox.site_files import Declared, VisitPlan, site_text
from arb_pipelines.sandbox.world import World
from arb_pipelines.scraping.learning.drift import compare_records
from arb_pipelines.scraping.learning.site_folder import (
    SavedPage,
    load_pages,
    read_record,
    record_of,
    save_declaration,
    save_pages,
)
from arb_pipelines.scraping.registry import load_sites
from arb_pipelines.scraping.site_fields import build_site

TOP = Path(__file__).parents[2]
WORLD = World(seed=7, shops=20)
BASE = "http://127.0.1.1:8000"
SHIPPED = sorted(path for path in TOP.glob("**/sites/*.toml") if ".venv" not in path.parts and ".arb" not in path.parts)
SHAPES = list(PageShape)


def drawn_page(shape: PageShape, units: int = 3) -> tuple[str, SavedPage]:
    """Return the declaration of a shop of this shape, and one of its pages with what it was drawn from."""
    shop = replace(WORLD.shops[0], shape=shape)
    item = replace(WORLD.items_of(WORLD.shops[0])[0], shop=shop)
    view = OfferView(item, WORLD.shelf(item, 0), units, BASE)
    expected = {
        "name": item.name,
        "price": view.price,
        "currency": shop.currency,
        "availability": "InStock" if units else "OutOfStock",
        "sku": item.sku,
    }
    page = SavedPage("page-1.html.gz", view.url, render_product(view).plain, expected)
    return site_text(Declared(shop, BASE), VisitPlan()), page


def drifts(folder: Path, site: Site) -> list[str]:
    """Return one line a field that a saved page of the site says otherwise than expected."""
    pages = load_pages(folder, site.key)
    assert pages, f"{site.key} has no saved page"
    found = [(page, compare_records(page.expected, record_of(read_record(page, site)), live=False)) for page in pages]
    return [f"{page.file} {d.field}: {d.expected} -> {d.found}" for page, fields in found for d in fields]


@pytest.mark.parametrize("units", [3, 0], ids=["in-stock", "sold-out"])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_sandbox_shop_of_each_shape(shape: PageShape, units: int, tmp_path: Path) -> None:
    text, page = drawn_page(shape, units)
    save_declaration(tmp_path, "shop", text)
    registry = load_sites(tmp_path)
    assert registry.broken == ()
    (site,) = registry.sites
    save_pages(tmp_path, site.key, [page])
    if site.rendering is Rendering.BROWSER:
        assert record_of(read_record(page, site))["price"] is None  # only its script knows
    else:
        assert drifts(tmp_path, site) == []


def test_the_walk_can_fail(tmp_path: Path) -> None:
    text, page = drawn_page(PageShape.JSON_LD)
    save_declaration(tmp_path, "shop", text)
    site = load_sites(tmp_path).sites[0]
    save_pages(tmp_path, site.key, [replace(page, expected={**page.expected, "price": "0.01"})])
    assert [line.split(":")[0] for line in drifts(tmp_path, site)] == ["page-1.html.gz price"]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_definition(path: Path) -> None:
    registry = load_sites(path.parent)
    site = next(site for site in registry.sites if site.key == path.stem)
    assert drifts(path.parent, site) == []


def test_the_definitions_in_the_docs_can_be_read() -> None:
    blocks = re.findall(r"```toml\n(.*?)```", (TOP / "docs" / "scraping.md").read_text(encoding="utf-8"), re.DOTALL)
    declared = [tomllib.loads(block) for block in blocks if re.search(r"^url = ", block, re.MULTILINE)]
    assert declared
    for values in declared:
        assert build_site(values, default_key="shop").url
