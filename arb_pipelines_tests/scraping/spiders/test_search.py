"""Sites that are asked by keyword and place: which searches are made, and how far their results are followed."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from arb_pipelines.domain.site import Site, SiteClass, SiteShape, VisitOutcome
from arb_pipelines.scraping.registry import load_sites
from arb_pipelines.scraping.spiders.search import page_number, searches_of
from arb_pipelines.services.crawling import CrawlPlan, run_crawl
from arb_pipelines_tests.scraping import jsonl_store
from arb_pipelines_tests.scraping.shop_servers import Answer, Shop, html, open_shop, page

REPOSITORY = Path(__file__).parents[3]
GOOD = 'name = "M"\nurl = "https://market.example"\nsite_class = "permitted"\nshape = "search"\n'
TEMPLATE = "/search?q={keyword}&near={location}&page={page}"


def site(url: str, **changes: Any) -> Site:
    values: dict[str, Any] = {
        "site_class": SiteClass.PERMITTED,
        "shape": SiteShape.SEARCH,
        "search_url": f"{url}{TEMPLATE}",
        "keywords": ("tea kettle", "pan"),
        "locations": ("Köln",),
        "delay_s": 0.0,
        "pages_per_visit": 4,
        "product_url_pattern": "/ad/",
    }
    return Site("market", "Market", url, **(values | changes))


def market(path: str) -> Answer:
    """A classified site: two ads a result page, without end; `pan` finds nothing."""
    if path.startswith("/ad/"):
        return html(page(name=f"Kettle {path[4:]}"))
    if not path.startswith("/search"):
        return html(b"none", 404)
    form = parse_qs(urlsplit(path).query)
    number = int(form.get("page", ["1"])[0])
    ads = [f"/ad/{number}-{n}" for n in (1, 2)] if form["q"] == ["tea kettle"] else []
    links = "".join(f"<a href='{ad}'>Ad</a>" for ad in ads)
    following = f"<a rel='next' href='/search?q=tea+kettle&page={number + 1}'>next</a>"
    prose = "Everything that people nearby sell today. " * 12
    return html(f"<html><body><h1>Results</h1>{links}{following}<p>{prose}</p></body></html>".encode())


def crawl(folder: Path, shop: Shop, monkeypatch: pytest.MonkeyPatch, **changes: Any) -> Any:
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    store = {"factory": f"{jsonl_store.MODULE}:build", "options": {"path": str(folder / "raw.jsonl")}}
    plan = CrawlPlan(
        "tick-1", [site(shop.url, **changes)], store, user_agent="arb_pipelines/0.1 (+https://example.org/contact)",
        deadline_s=60, allow_loopback=True,
    )  # fmt: skip
    return run_crawl(plan, folder)[0]


def test_every_keyword_is_searched_at_every_place() -> None:
    one = site("https://m.example", keywords=("tea & cake", "pan"), locations=("New York", "Köln"))
    assert [search.url for search in searches_of(one)] == [
        "https://m.example/search?q=tea+%26+cake&near=New+York&page=1",
        "https://m.example/search?q=tea+%26+cake&near=K%C3%B6ln&page=1",
        "https://m.example/search?q=pan&near=New+York&page=1",
        "https://m.example/search?q=pan&near=K%C3%B6ln&page=1",
    ]


def test_words_in_a_path_are_quoted_as_a_path() -> None:
    one = site("https://m.example", search_url="https://m.example/{location}/s/{keyword}", keywords=("a/b c",))
    assert [search.url for search in searches_of(one)] == ["https://m.example/K%C3%B6ln/s/a%2Fb%20c"]


def test_the_number_of_a_result_page_is_in_its_step() -> None:
    assert [page_number(kind) for kind in ("search", "search 2")] == [1, 2]


def test_results_are_followed_page_by_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_shop(market) as shop:
        visit = crawl(tmp_path, shop, monkeypatch)
    assert (visit.outcome, visit.pages, visit.offers) == (VisitOutcome.OK, 4, 4)
    searched = [parse_qs(urlsplit(path).query) for path in shop.paths if path.startswith("/search")]
    assert {(form["q"][0], form["near"][0]) for form in searched} >= {("tea kettle", "Köln")}
    assert all(path.startswith(("/robots.txt", "/search", "/ad/")) for path in shop.paths)


def test_endless_results_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_shop(market) as shop:
        visit = crawl(tmp_path, shop, monkeypatch, pages_per_visit=100, search_pages=3, keywords=("tea kettle",))
    assert visit.offers == 6
    assert sum(path.startswith("/search") for path in shop.paths) == 3


def test_a_template_without_page_follows_rel_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changes = {"search_url": None, "keywords": ("tea kettle",), "search_pages": 2, "locations": ()}
    with open_shop(market) as shop:
        changes["search_url"] = f"{shop.url}/search?q={{keyword}}"
        visit = crawl(tmp_path, shop, monkeypatch, pages_per_visit=100, **changes)
    assert visit.offers == 4
    assert sum(path.startswith("/search") for path in shop.paths) == 2


def test_a_search_without_results_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_shop(market) as shop:
        visit = crawl(tmp_path, shop, monkeypatch, keywords=("pan",))
    assert (visit.outcome, visit.reason) == (VisitOutcome.FAILED, "no_product_links")


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ('keywords = ["a"]\n', "needs a search_url"),
        ('search_url = "/s?q={keyword}"\n', "needs keywords"),
        ('search_url = "/s?q={keyword}&l={location}"\nkeywords = ["a"]\n', "add `locations"),
        ('search_url = "/s?q=fixed"\nkeywords = ["a"]\n', "an address with {keyword}"),
        ('search_url = "/s?q={keyword}&x={place}"\nkeywords = ["a"]\n', "an address with {keyword}"),
        ('search_url = "https://www.ebay.com/sch?q={keyword}"\nkeywords = ["a"]\n', "forbidden"),
        ('search_url = "/s?q={keyword}"\nkeywords = ["a"]\nsearch_pages = 99\n', "whole number from 1 to 20"),
    ],
)
def test_a_bad_search_says_what_is_wrong(tmp_path: Path, lines: str, said: str) -> None:
    (tmp_path / "m.toml").write_text(GOOD + lines, encoding="utf-8")
    (broken,) = load_sites(tmp_path).broken
    assert said in broken.reason


def test_a_relative_search_is_joined_to_the_site(tmp_path: Path) -> None:
    (tmp_path / "m.toml").write_text(GOOD + 'search_url = "/s?q={keyword}"\nkeywords = ["a"]\n', encoding="utf-8")
    assert load_sites(tmp_path).sites[0].search_url == "https://market.example/s?q={keyword}"
