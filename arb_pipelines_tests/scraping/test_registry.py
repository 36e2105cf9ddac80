"""The folder of site files: every fault is one clear line, and no fault hides another site."""

from __future__ import annotations

import time
from decimal import Decimal
from pathlib import Path

import pytest

from arb_pipelines.domain.site import Rendering, SiteClass, SiteShape
from arb_pipelines.scraping.registry import SiteRegistry, load_sites
from arb_pipelines.scraping.site_fields import is_forbidden_host

GOOD = 'name = "Corner"\nurl = "https://corner.example/"\nsite_class = "permitted"\n'


def load_one(folder: Path, text: str, name: str = "shop") -> SiteRegistry:
    (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    return load_sites(folder)


def reason_of(folder: Path, text: str) -> str:
    registry = load_one(folder, text)
    assert registry.sites == ()
    assert len(registry.broken) == 1
    return registry.broken[0].reason


def test_a_full_declaration_is_read(tmp_path: Path) -> None:
    text = GOOD + (
        'shape = "listing"\nstart_urls = ["/products", "sale?p=1"]\nproduct_url_pattern = "/p/\\\\d+"\n'
        'rendering = "browser"\npages_per_visit = 3\ndelay_s = 2\ninterval_s = 600\ncurrency = "EUR"\n'
        'tax_rate = "0.0825"\ntax_recoverable = true\nbuyer = "assist"\nenabled = false\n'
        '[selectors]\nprice = ".price > b"\n'
    )
    (site,) = load_one(tmp_path, text).sites
    assert site.key == "shop"
    assert site.site_class is SiteClass.PERMITTED
    assert (site.shape, site.rendering) == (SiteShape.LISTING, Rendering.BROWSER)
    assert site.start_urls == ("https://corner.example/products", "https://corner.example/sale?p=1")
    assert (site.delay_s, site.interval_s, site.pages_per_visit) == (2.0, 600, 3)
    assert site.tax_rate == Decimal("0.0825")
    assert site.selectors == {"price": ".price > b"}
    assert not site.enabled


def test_a_site_without_start_urls_starts_at_its_own_url(tmp_path: Path) -> None:
    (site,) = load_one(tmp_path, GOOD).sites
    assert site.start_urls == ("https://corner.example/",)


def test_a_site_without_a_class_is_restricted(tmp_path: Path) -> None:
    (site,) = load_one(tmp_path, 'name = "C"\nurl = "https://c.example"\n').sites
    assert site.site_class is SiteClass.RESTRICTED


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name = ", "not valid TOML"),
        ('name = "C"\n', "field 'url' is missing"),
        (GOOD + "prise = 1\n", "unknown field 'prise'"),
        (GOOD + 'site_clas = "permitted"\n', "did you mean 'site_class'?"),
        (GOOD.replace("permitted", "allowed"), 'one of "api_licensed"'),
        (GOOD.replace("https://corner.example/", "ftp://corner.example/"), "starts with https:// or http://"),
        (GOOD + "delay_s = -1\n", "seconds from 0"),
        (GOOD + "delay_s = true\n", "seconds from 0"),
        (GOOD + "pages_per_visit = 0\n", "whole number from 1"),
        (GOOD + 'currency = "euro"\n', "ISO 4217"),
        (GOOD + 'tax_rate = "8.25"\n', "share below 1"),
        (GOOD + 'start_urls = "/p"\n', "a list of texts"),
        (GOOD + 'start_urls = ["ftp://x/"]\n', "starts with https:// or http://"),
        (GOOD + 'product_url_pattern = "("\n', "a regular expression"),
        (GOOD + '[selectors]\nprice = "..x"\n', "field 'selectors.price'"),
        (GOOD + 'key = "Shop 1"\n', "lower-case letters"),
        (GOOD + "enabled = 1\n", "true or false"),
        ('name = "A"\nurl = "https://www.amazon.co.uk/dp/1"\n', "forbidden: pages of www.amazon.co.uk"),
        (GOOD + 'start_urls = ["https://www.ebay.de/itm/1"]\n', "forbidden: pages of www.ebay.de"),
    ],
)
def test_a_bad_declaration_says_what_is_wrong(tmp_path: Path, text: str, said: str) -> None:
    reason = reason_of(tmp_path, text)
    assert said in reason
    assert "\n" not in reason


def test_a_broken_file_leaves_the_others(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("= broken", encoding="utf-8")
    (tmp_path / "b.toml").write_bytes(b'name = "\xff\xfe"')
    (tmp_path / "c.toml").mkdir()
    registry = load_one(tmp_path, GOOD)
    assert [site.key for site in registry.sites] == ["shop"]
    assert [broken.path.name for broken in registry.broken] == ["a.toml", "b.toml", "c.toml"]
    assert str(registry.broken[0]).startswith(f"{tmp_path / 'a.toml'}: not valid TOML")


def test_the_second_site_with_a_key_is_broken(tmp_path: Path) -> None:
    load_one(tmp_path, GOOD + 'key = "twin"\n', name="a")
    registry = load_one(tmp_path, GOOD + 'key = "twin"\n', name="b")
    assert [site.key for site in registry.sites] == ["twin"]
    assert registry.broken[0].reason == "key 'twin' is already used by a.toml: change one of them"


def test_a_missing_folder_is_one_broken_entry(tmp_path: Path) -> None:
    registry = load_sites(tmp_path / "none")
    assert registry.sites == ()
    assert "does not exist" in registry.broken[0].reason


def test_a_mended_file_is_read_again(tmp_path: Path) -> None:
    assert load_one(tmp_path, "name = ").broken
    assert load_one(tmp_path, GOOD).sites


def test_five_hundred_files_are_read_fast(tmp_path: Path) -> None:
    for number in range(500):
        (tmp_path / f"s{number:03}.toml").write_text(GOOD + '[selectors]\nprice = ".p"\n', encoding="utf-8")
    started = time.process_time()
    first = load_sites(tmp_path)
    cold_s = time.process_time() - started
    started = time.process_time()
    assert load_sites(tmp_path) == first
    warm_s = time.process_time() - started
    assert len(first.sites) == 500
    assert cold_s < 1.0  # 0.15 s measured; the bound only catches a change of order
    assert warm_s < 0.2  # 0.011 s measured: what every tick of the sensor pays


@pytest.mark.parametrize(
    ("host", "forbidden"),
    [
        ("amazon.com", True),
        ("www.amazon.co.jp", True),
        ("smile.amazon.de", True),
        ("ebay.com.au", True),
        ("facebook.com", True),
        ("ebay.example.com", False),
        ("notamazon.com", False),
        ("amazon", False),
    ],
)
def test_forbidden_hosts(host: str, forbidden: bool) -> None:
    assert is_forbidden_host(host) is forbidden
