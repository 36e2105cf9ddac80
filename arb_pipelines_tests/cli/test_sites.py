"""`arb site`: a shop is added by its address, mended by one corrected page and checked for drift, politely."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from arb_pipelines.cli import site_lookup
from arb_pipelines.cli.sites import app
from arb_pipelines.domain.site import Rendering, SiteClass, SiteShape
from arb_pipelines.scraping.registry import load_sites
from arb_pipelines_tests.scraping.learning.whole_shops import NAMES, corner_shop, list_html, product_html, shop_of
from arb_pipelines_tests.scraping.shop_servers import Behaviour, Shop, always, html, open_shop

CHALLENGE = b"<html><head><title>Just a moment...</title></head><body>Verify you are human</body></html>"
SHELL = b"<html><head><title>Shop</title></head><body><div id='app'></div><script src='/a.js'></script></body></html>"


@pytest.fixture(autouse=True)
def sites(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ARB_SITES_DIR", str(tmp_path / "sites"))
    monkeypatch.setenv("ARB_ALLOW_LOOPBACK", "1")
    monkeypatch.setenv("ARB_USER_AGENT", "arb_pipelines/0.1 (+https://example.org/contact)")
    return tmp_path / "sites"


@pytest.fixture
def corner() -> Iterator[Shop]:
    with open_shop(corner_shop()) as shop:
        yield shop


def run(*arguments: object, answer: str | None = None) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments], input=answer)


def add(url: str, *options: object, answer: str | None = None) -> Result:
    return run("add", url, "--key", "corner", "--delay", "0", *options, answer=answer)


def ok(result: Result) -> Result:
    assert result.exit_code == 0, result.output
    return result


def refusal(*arguments: object) -> str:
    result = run(*arguments)
    assert result.exit_code == 2, result.output
    assert "Traceback" not in result.output
    return result.stderr


def test_a_shop_is_added_by_its_front_page(corner: Shop, sites: Path) -> None:
    shown = ok(add(f"{corner.url}/", "--class", "permitted", answer="y\n"))
    (site,) = load_sites(sites).sites
    assert (site.key, site.shape, site.rendering) == ("corner", SiteShape.LISTING, Rendering.STATIC)
    assert site.site_class is SiteClass.PERMITTED
    assert site.start_urls == (f"{corner.url}/kettles",)
    assert site.product_url_pattern == "/p/[^/?#]+"
    saved = json.loads((sites / "corner" / "expected.json").read_text())["pages"]
    assert len(saved) == 3
    assert all((sites / "corner" / page["file"]).is_file() and page["expected"]["price"] for page in saved)
    assert "$" not in saved[0]["expected"]["price"]
    assert "fetched, priced and learned from" in shown.stdout
    assert "reading http" in shown.stderr


def test_the_look_is_polite(corner: Shop) -> None:
    ok(add(f"{corner.url}/", "--yes"))
    assert corner.paths[0] == "/robots.txt"
    assert corner.paths.count("/robots.txt") == 1
    assert len(corner.paths) == len(set(corner.paths))
    assert len(corner.paths) <= 14
    assert corner.most_at_once == 1
    assert {agent for _, agent, _ in corner.requests} == {"arb_pipelines/0.1 (+https://example.org/contact)"}


def test_an_unknown_shop_is_restricted_until_a_person_decides(corner: Shop, sites: Path) -> None:
    shown = ok(add(f"{corner.url}/", answer="y\n")).stdout
    (site,) = load_sites(sites).sites
    assert site.site_class is SiteClass.RESTRICTED
    assert "does NOT fetch it until you decide" in " ".join(shown.split())
    assert "--class public_unspecified" in " ".join(shown.split())


def test_no_writes_nothing(corner: Shop, sites: Path) -> None:
    assert "nothing was written" in ok(add(f"{corner.url}/", answer="n\n")).stderr
    assert not sites.exists()


def test_a_product_address_is_enough(corner: Shop, sites: Path) -> None:
    report = json.loads(ok(add(f"{corner.url}/p/iron-pan-1", "--yes", "--json")).stdout)
    assert report["records"][0]["name"] == "Iron Pan 1"
    assert report["records"][0]["price"] == "11.50"
    assert load_sites(sites).sites[0].shape is SiteShape.LISTING


def test_json_without_yes_only_looks(corner: Shop, sites: Path) -> None:
    assert json.loads(ok(add(f"{corner.url}/", "--json")).stdout)["platform"] == "generic"
    assert not sites.exists()


def test_a_shop_that_needs_scripts_is_declared_for_the_browser(sites: Path) -> None:
    with open_shop(shop_of({"/": SHELL, "/p/1": SHELL})) as shop:
        shown = ok(add(f"{shop.url}/p/1", "--yes"))
    assert load_sites(sites).sites[0].rendering is Rendering.BROWSER
    assert "a browser must run them" in " ".join(shown.stdout.split())


def test_a_product_page_without_any_price_needs_the_browser(sites: Path) -> None:
    pages = {f"/p/{n}": product_html(n, price="<b></b>", extra="<script src='/a.js'></script>") for n in range(4)}
    with open_shop(shop_of({"/": list_html(list(pages)), **pages})) as shop:
        ok(add(f"{shop.url}/", "--yes"))
    (site,) = load_sites(sites).sites
    assert (site.rendering, site.shape) == (Rendering.BROWSER, SiteShape.PAGES)
    assert all("/p/" in url for url in site.start_urls)


def test_an_existing_key_is_not_overwritten(corner: Shop) -> None:
    ok(add(f"{corner.url}/", "--yes"))
    assert "exists already" in refusal("add", corner.url, "--key", "corner")


@pytest.mark.parametrize(
    ("behaviour", "said"),
    [
        (corner_shop(robots="User-agent: *\nDisallow: /"), "robots.txt does not allow"),
        (always(html(CHALLENGE)), "challenge page"),
        (always(html(CHALLENGE, 403)), "challenge page"),
        (always(html(b"gone", 404)), "answers 404"),
        (always(html(list_html(["/about"]))), "no page with a product and a price"),
        (always((200, {"Content-Type": "application/pdf"}, b"%PDF-1.7 x")), "no web page"),
        (always(html(b"", 302, Location="http://10.0.0.1/")), "not on the public internet"),
        (lambda path: html(b"oops", 503), "robots.txt cannot be read"),
    ],
)
def test_a_shop_that_cannot_be_added_says_why(behaviour: Behaviour, said: str, sites: Path) -> None:
    with open_shop(behaviour) as shop:
        assert said in refusal("add", f"{shop.url}/", "--delay", "0", "--yes")
    assert not sites.exists()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://127.0.0.1:9/", "nobody answers"),
        ("shop.example", "no web address"),
        ("https://www.amazon.com/dp/1", "may not be fetched"),
        ("http://10.0.0.1/", "not on the public internet"),
    ],
)
def test_an_address_that_cannot_be_read_says_why(url: str, said: str) -> None:
    assert said in refusal("add", url, "--yes")


def test_loopback_is_refused_without_the_sandbox_exception(corner: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARB_ALLOW_LOOPBACK", "0")
    assert "not on the public internet" in refusal("add", corner.url)
    assert not corner.requests


def misleading(number: int) -> str:
    """Return markup that states another price than the one in the buy box."""
    name = f"{NAMES[number % len(NAMES)]} {number}"
    offer = {"@type": "Offer", "price": "5.00", "priceCurrency": "USD"}
    body = json.dumps({"@context": "https://schema.org", "@type": "Product", "name": name, "offers": offer})
    return f"<script type='application/ld+json'>{body}</script><div class='price'>Price: $5.00</div>"


def misleading_shop() -> Behaviour:
    names = [f"/p/{n}" for n in range(4)]
    pages = {path: product_html(n, before=misleading(n)) for n, path in enumerate(names)}
    return shop_of({"/": list_html(names), **pages})


def added(shop: Shop, sites: Path) -> list[dict[str, Any]]:
    ok(add(f"{shop.url}/", "--class", "permitted", "--yes"))
    declaration = sites / "corner.toml"
    declaration.write_text("delay_s = 0\n" + declaration.read_text())  # else a live check waits 5 s a page
    pages: list[dict[str, Any]] = json.loads((sites / "corner" / "expected.json").read_text())["pages"]
    return pages


def number_of(page: dict[str, Any]) -> int:
    return int(page["url"].rsplit("/", 1)[-1])


def test_one_corrected_page_mends_the_site(sites: Path) -> None:
    with open_shop(misleading_shop()) as shop:
        pages = added(shop, sites)
    (sites / "corner.toml").write_text("# my own remark\n" + (sites / "corner.toml").read_text())
    value = f"{10 + number_of(pages[0])}.50"
    ok(run("fix", "corner", "--field", "price", "--value", value, "--yes"))
    text = (sites / "corner.toml").read_text()
    assert text.startswith("# my own remark\n")
    assert "amount" in load_sites(sites).sites[0].selectors["price"]
    after = json.loads((sites / "corner" / "expected.json").read_text())["pages"]
    assert [page["expected"]["price"] for page in after] == [f"{10 + number_of(page)}.50" for page in after]
    ok(run("check"))


def test_other_fields_can_be_learned_too(corner: Shop, sites: Path) -> None:
    pages = added(corner, sites)
    number = int(pages[0]["url"].rsplit("-", 1)[-1])
    for field, value in (("mpn", f"K-{number:04}"), ("availability", "InStock")):
        report = json.loads(ok(run("fix", "corner", "--field", field, "--value", value, "--yes", "--json")).stdout)
        assert report["selector"]
    after = json.loads((sites / "corner" / "expected.json").read_text())["pages"]
    assert [page["expected"]["mpn"] for page in after] == [
        f"K-{int(page['url'].rsplit('-', 1)[-1]):04}" for page in after
    ]


def test_a_fix_can_be_declined(sites: Path) -> None:
    with open_shop(misleading_shop()) as shop:
        pages = added(shop, sites)
    before = (sites / "corner.toml").read_text()
    result = run("fix", "corner", "--field", "price", "--value", f"{10 + number_of(pages[0])}.50", answer="n\n")
    assert pages[0]["expected"]["price"] == "5.00"
    assert result.exit_code == 1
    assert "price 5.00 -> 1" in result.stderr
    assert (sites / "corner.toml").read_text() == before


def test_a_fix_from_an_address_or_a_file(corner: Shop, sites: Path, tmp_path: Path) -> None:
    added(corner, sites)
    kept = len(json.loads((sites / "corner" / "expected.json").read_text())["pages"])
    known = {page["url"] for page in json.loads((sites / "corner" / "expected.json").read_text())["pages"]}
    products = [
        f"{corner.url}{path}" for path in ("/p/iron-pan-1", "/p/oven-cloth-5", "/p/salt-mill-4", "/p/tea-glass-3")
    ]
    url = next(product for product in products if product not in known)
    number = int(url.rsplit("-", 1)[-1])
    ok(run("fix", "corner", "--field", "price", "--value", f"{10 + number}.5", "--page", url, "--yes"))
    file = tmp_path / "own.html"
    file.write_bytes(product_html(2))
    ok(run("fix", "corner", "--field", "price", "--value", "12.50", "--page", file, "--yes"))
    assert len(json.loads((sites / "corner" / "expected.json").read_text())["pages"]) == kept + 2


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--field", "price", "--value", "77.77"), "stands nowhere"),
        (("--field", "price", "--value", "cheap"), "is no amount"),
        (("--field", "colour", "--value", "blue"), "has no selector"),
        (("--field", "price", "--value", "1.00", "--page", "none.html"), "cannot be read"),
        (("--field", "price", "--value", "1.00", "--page", "http://10.0.0.1/"), "is no page of"),
    ],
)
def test_a_bad_fix_says_why(corner: Shop, sites: Path, options: tuple[str, ...], said: str) -> None:
    added(corner, sites)
    assert said in refusal("fix", "corner", *options)


def test_a_restricted_site_is_not_fetched_for_a_fix(corner: Shop) -> None:
    ok(add(f"{corner.url}/", "--yes"))
    said = refusal("fix", "corner", "--field", "price", "--value", "1.00", "--page", f"{corner.url}/p/x")
    assert "is restricted and not fetched" in said


def test_an_unknown_key_names_the_nearest(corner: Shop) -> None:
    ok(add(f"{corner.url}/", "--yes"))
    assert "did you mean 'corner'?" in refusal("check", "cornr")
    assert "no site has the key" in refusal("fix", "zzz", "--field", "price", "--value", "1.00")


def test_a_saved_page_that_reads_otherwise_is_drift(corner: Shop, sites: Path) -> None:
    added(corner, sites)
    assert run("check", "corner").exit_code == 0
    path = sites / "corner" / "expected.json"
    body = json.loads(path.read_text())
    body["pages"][0]["expected"]["price"] = "99.99"
    path.write_text(json.dumps(body))
    result = run("check", "corner", "--json")
    assert result.exit_code == 1
    report = json.loads(result.stdout)
    assert report["ok"] is False
    (drift,) = report["sites"][0]["drift"]
    assert (drift["field"], drift["expected"], drift["live"]) == ("price", "99.99", False)


def test_live_pages_show_moves_and_drift(sites: Path) -> None:
    names = [f"/p/{n}" for n in range(4)]
    pages = {"/": list_html(names)} | {path: product_html(n) for n, path in enumerate(names)}
    with open_shop(shop_of(pages)) as shop:
        saved = added(shop, sites)
        first = "/p/" + str(number_of(saved[0]))
        pages[first] = product_html(number_of(saved[0]), price="$1.25")
        moved = run("check", "corner", "--live", "--json")
        pages[first] = product_html(number_of(saved[0]), price="ask us")
        gone = run("check", "corner", "--live")
    assert moved.exit_code == 0, moved.output
    report = json.loads(moved.stdout)["sites"][0]
    assert report["live_pages"] == 3
    assert [(c["field"], c["found"]) for c in report["changes"]] == [("price", "1.25")]
    assert gone.exit_code == 1
    assert "DRIFT price" in gone.stdout


def test_a_live_check_of_a_shop_that_is_gone_is_a_fault(sites: Path) -> None:
    with open_shop(corner_shop()) as shop:
        added(shop, sites)
    result = run("check", "--live")
    assert result.exit_code == 1
    assert "nobody answers" in result.stderr


def test_a_damaged_saved_page_is_told(corner: Shop, sites: Path) -> None:
    added(corner, sites)
    (sites / "corner" / "page-1.html.gz").write_bytes(b"\x1f\x8bxxxxxxxxxxxx")
    result = run("check")
    assert result.exit_code == 1
    assert "damaged gzip" in result.stderr


def test_the_delay_is_kept_between_requests(corner: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    original = site_lookup.polite_client

    def patient(*arguments: Any, **named: Any) -> Any:
        context = original(*arguments, **named)
        client = context.__enter__()
        client.sleep = waited.append
        client.clock = lambda: 0.0
        return _Kept(context, client)

    monkeypatch.setattr("arb_pipelines.cli.site_add.polite_client", patient)
    ok(run("add", f"{corner.url}/", "--key", "corner", "--delay", "7", "--yes"))
    assert waited == [7.0] * (len(corner.requests) - 1)


class _Kept:
    def __init__(self, context: Any, client: Any) -> None:
        self.context, self.client = context, client

    def __enter__(self) -> Any:
        return self.client

    def __exit__(self, *error: Any) -> Any:
        return self.context.__exit__(*error)


def test_a_search_is_declared_by_one_of_its_addresses(sites: Path) -> None:
    ads = [f"/ad/{n}" for n in range(4)]
    pages = {path: product_html(n) for n, path in enumerate(ads)} | {
        "/s?q=blue+kettle&near=Ghent&page=1": list_html(ads)
    }
    with open_shop(shop_of(pages)) as shop:
        url = f"{shop.url}/s?q=blue+kettle&near=Ghent&page=1"
        words = ("--keyword", "blue kettle", "--keyword", "pan", "--location", "Ghent")
        ok(add(url, *words, "--class", "permitted", "--yes"))
    (site,) = load_sites(sites).sites
    assert site.shape is SiteShape.SEARCH
    assert site.search_url == f"{shop.url}/s?q={{keyword}}&near={{location}}&page={{page}}"
    assert (site.keywords, site.locations) == (("blue kettle", "pan"), ("Ghent",))
    assert site.product_url_pattern == "/ad/[^/?#]+"


@pytest.mark.parametrize(
    ("words", "said"),
    [(("--keyword", "pan"), "does not hold 'pan'"), (("--location", "Ghent"), "needs a --keyword")],
)
def test_a_search_without_its_words_says_why(words: tuple[str, ...], said: str) -> None:
    assert said in refusal("add", "https://shop.example/s?q=kettle", *words)
