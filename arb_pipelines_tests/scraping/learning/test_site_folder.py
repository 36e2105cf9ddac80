"""A site's files: what is written comes back, and a person's comments stay."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from arb_pipelines.scraping.learning.site_folder import (
    SavedPage,
    SavedPageError,
    key_for,
    load_pages,
    save_pages,
    site_text,
    with_values,
)
from arb_pipelines.scraping.registry import load_path, load_sites
from arb_pipelines.scraping.site_fields import SiteError


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("https://www.Shop.example/x", "shop.example"),
        ("http://127.0.0.1:8000/", "127.0.0.1-8000"),
        ("https://münchen.example/", "m-nchen.example"),
        ("nothing", "site"),
    ],
)
def test_a_key_is_made_of_the_host(url: str, key: str) -> None:
    assert key_for(url) == key


def test_a_declaration_is_toml_without_what_is_unknown() -> None:
    text = site_text({"name": 'A "B"', "start_urls": ("/a",), "currency": None}, ["a remark"])
    assert text.startswith("# a remark\n")
    assert tomllib.loads(text) == {"name": 'A "B"', "start_urls": ["/a"]}


def test_a_change_keeps_comments_and_order() -> None:
    text = '# mine\nname = "A"  # short\nurl = "https://a.example"\n'
    changed = with_values(text, {"selectors.price": "//p/text()", "delay_s": 2.0})
    assert changed.startswith('# mine\nname = "A"  # short\n')
    assert tomllib.loads(changed)["selectors"] == {"price": "//p/text()"}
    assert tomllib.loads(changed)["delay_s"] == 2.0
    assert tomllib.loads(with_values(changed, {"selectors.sku": "b"}))["selectors"] == {
        "price": "//p/text()",
        "sku": "b",
    }


def test_saved_pages_come_back(tmp_path: Path) -> None:
    page = SavedPage("page-1.html.gz", "https://a.example/p", b"<html>\xe4</html>", {"name": "Kettle", "mpn": None})
    save_pages(tmp_path, "a", [page])
    assert load_pages(tmp_path, "a") == [page]
    assert load_pages(tmp_path, "b") == []


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"pages": [{"file": "x"}]}'])
def test_a_broken_list_of_records_is_told(text: str, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "expected.json").write_text(text)
    with pytest.raises(SavedPageError, match="not a list of expected records"):
        load_pages(tmp_path, "a")


def test_a_page_outside_the_folder_is_not_read(tmp_path: Path) -> None:
    page = SavedPage("../../secret", "https://a.example/p", b"<html></html>", {})
    save_pages(tmp_path, "a", [])
    (tmp_path / "secret").write_text("x")
    (tmp_path / "a" / "expected.json").write_text(
        f'{{"pages": [{{"file": "{page.file}", "url": "u", "expected": {{}}}}]}}'
    )
    with pytest.raises(SavedPageError, match="cannot be read"):
        load_pages(tmp_path, "a")


def test_the_file_of_a_key_is_found_whatever_its_name(tmp_path: Path) -> None:
    (tmp_path / "b.toml").write_text('key = "a"\nname = "A"\nurl = "https://a.example"\n')
    assert load_path(tmp_path, "a") == tmp_path / "b.toml"
    with pytest.raises(SiteError, match="no file"):
        load_path(tmp_path, "b")


@pytest.mark.parametrize(
    ("selector", "fits"), [("//p[@id='x']/text()", True), ("normalize-space(//p)", True), ("//p[", False)]
)
def test_a_selector_may_be_an_xpath(selector: str, fits: bool, tmp_path: Path) -> None:
    text = site_text({"name": "A", "url": "https://a.example", "selectors": {"price": selector}}, [])
    (tmp_path / "a.toml").write_text(text)
    assert bool(load_sites(tmp_path).sites) is fits
