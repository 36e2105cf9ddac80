"""Pages that only a browser can show, with the system's Chromium."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from arb_pipelines.domain.site import Rendering, Site, SiteClass, VisitOutcome
from arb_pipelines.scraping.browser import missing_browser, shows_price
from arb_pipelines.services.crawling import CrawlPlan, run_crawl
from arb_pipelines.settings import BrowserEngine, find_browser
from arb_pipelines_tests.conftest import skip_or_fail
from arb_pipelines_tests.scraping import jsonl_store
from arb_pipelines_tests.scraping.shop_servers import html, open_shop, selling

REPOSITORY = Path(__file__).parents[2]
SHELL = b"""<html><head><title>Red Lamp | Shop</title></head><body><div id='app'></div><img src='/picture.png'>
<script>
  fetch('/api/product').then(answer => answer.json()).then(product => {
    document.getElementById('app').innerHTML = '<h1>' + product.name + '</h1><div class="price">' + product.price
      + '</div><button>Add to cart</button><p>' + 'Made for every day. '.repeat(30) + '</p>';
  });
</script></body></html>"""


def rendered(path: str) -> tuple[int, dict[str, str], bytes]:
    if path == "/api/product":
        return 200, {"Content-Type": "application/json"}, '{"name": "Red Lamp", "price": "€ 1.234,50"}'.encode()
    return html(b"", 404) if path == "/robots.txt" else html(SHELL)


def test_a_page_filled_by_its_own_script_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    if browser is None:
        skip_or_fail("no chromium on the PATH: apt install chromium")
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    with open_shop(rendered) as shop, open_shop(selling) as plain:
        common = {"site_class": SiteClass.PERMITTED, "delay_s": 0.0}
        sites = [
            Site("js", "JS", shop.url, start_urls=(f"{shop.url}/p/1",), rendering=Rendering.BROWSER, **common),
            Site("plain", "Plain", plain.url, start_urls=(f"{plain.url}/p/1",), **common),
        ]
        store = {"factory": f"{jsonl_store.MODULE}:build", "options": {"path": str(tmp_path / "raw.jsonl")}}
        plan = CrawlPlan("tick", sites, store, "arb_pipelines/0.1 (+x)", 60, allow_loopback=True, browser_path=browser)
        visits = run_crawl(plan, tmp_path)
    log = (tmp_path / "crawl.log").read_text(encoding="utf-8")
    assert [visit.outcome for visit in visits] == [VisitOutcome.OK, VisitOutcome.OK], log
    records = {record["site"]: record for record in jsonl_store.load(tmp_path / "raw.jsonl")}
    assert (records["js"]["name"], records["js"]["price"], records["js"]["currency"]) == ("Red Lamp", "1234.50", "EUR")
    assert "/api/product" in shop.paths
    assert "/picture.png" not in shop.paths
    assert {agent for _, agent, _ in shop.requests} == {"arb_pipelines/0.1 (+x)"}


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    assert "no browser is set" in str(missing_browser(None))
    assert "no browser at" in str(missing_browser(str(tmp_path / "none")))
    plain_file = tmp_path / "file"
    plain_file.touch()
    assert "no browser at" in str(missing_browser(str(plain_file)))
    plain_file.chmod(0o755)
    assert missing_browser(str(plain_file)) is None


@pytest.mark.parametrize(("text", "shown"), [("now € 5", True), ("5 EUR", True), ("5 pieces", False)])
def test_a_filled_page_shows_a_price(text: str, shown: bool) -> None:
    assert shows_price(text) is shown


def test_a_browser_elsewhere_needs_none_here() -> None:
    assert missing_browser(None, "http://grid.example:9222") is None


def test_the_best_browser_is_found_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    system, own = tmp_path / "bin", tmp_path / "playwright"
    monkeypatch.setenv("PATH", str(system))
    assert find_browser(BrowserEngine.CHROMIUM, own) is None
    expected = []
    for path in (
        own / "chromium-1" / "chrome-linux" / "chrome",
        own / "chromium_headless_shell-1" / "chrome-linux" / "headless_shell",
        system / "chromium",
        system / "chromium-headless-shell",
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o755)
        expected.append(find_browser(BrowserEngine.CHROMIUM, own) == path)
    assert expected == [True] * 4
    assert find_browser(BrowserEngine.FIREFOX, own) is None
