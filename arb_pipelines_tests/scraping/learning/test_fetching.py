"""The polite client: robots.txt first, addresses judged and pinned, bounds on everything."""

from __future__ import annotations

import gzip
import socket
from collections.abc import Callable
from typing import Any

import pytest

from arb_pipelines.scraping.learning.fetching import MAX_BODY_BYTES, FetchError, PoliteClient
from arb_pipelines.scraping.learning.sitemaps import fetch_sitemap_urls, read_sitemap
from arb_pipelines_tests.scraping.shop_servers import (
    Answer,
    Behaviour,
    always,
    html,
    open_shop,
    redirecting,
    with_robots,
)

AGENT = "arb_pipelines/0.1 (+https://example.org/contact)"
REACHABLE = "arb_pipelines/0.1 (+https://192.0.2.7/contact)"


def client(**changes: Any) -> PoliteClient:
    return PoliteClient(AGENT, allow_loopback=True, delay_s=0.0, **changes)


def reason(behaviour: Behaviour, path: str = "/p/1") -> str:
    with open_shop(behaviour) as shop:
        one = client()
        with pytest.raises(FetchError) as caught:
            one.fetch(shop.url + path)
        one.close()
    return caught.value.reason


def bomb(path: str) -> Answer:
    body = gzip.compress(bytes(MAX_BODY_BYTES + 1))
    return html(b"", 404) if path == "/robots.txt" else html(body, Content_Encoding="gzip")


@pytest.mark.parametrize(
    ("behaviour", "wanted"),
    [
        (with_robots("User-agent: *\nDisallow: /p/"), "robots_disallow"),
        (with_robots("User-agent: arb_pipelines\nDisallow: /p/\n\nUser-agent: *\nAllow: /"), "robots_disallow"),
        (with_robots("oops", 503), "robots_unreachable"),
        (redirecting(lambda path: f"{path}x"), "redirect_loop"),
        (redirecting(lambda path: "http://169.254.169.254/latest"), "ssrf_private_address"),
        (redirecting(lambda path: "file:///etc/passwd"), "bad_url"),
        (bomb, "too_large"),
        (always((200, {"Content-Type": "text/html", "Content-Encoding": "gzip"}, b"no gzip")), "connection_lost"),
        (always(html(bytes(MAX_BODY_BYTES + 1))), "too_large"),
    ],
)
def test_what_is_not_fetched_has_a_reason(behaviour: Behaviour, wanted: str) -> None:
    assert reason(behaviour) == wanted


def test_a_gzipped_page_is_unpacked() -> None:
    packed = gzip.compress(b"<html>kettle</html>")
    with open_shop(always(html(packed, Content_Encoding="gzip"))) as shop:
        one = client()
        page = one.fetch(f"{shop.url}/")
        one.close()
    assert (page.body, page.encoding, page.status) == (b"<html>kettle</html>", "utf-8", 200)


def test_robots_is_asked_again_behind_a_redirect() -> None:
    with open_shop(with_robots("User-agent: *\nDisallow: /")) as closed:
        assert reason(redirecting(lambda path: f"{closed.url}/p/1")) == "robots_disallow"
        assert closed.paths == ["/robots.txt"]


def test_a_longer_crawl_delay_is_kept() -> None:
    waited: list[float] = []
    with open_shop(with_robots("User-agent: *\nCrawl-delay: 9")) as shop:
        one = client(clock=lambda: 0.0, sleep=waited.append)
        one.fetch(f"{shop.url}/p/1")
        one.fetch(f"{shop.url}/p/2")
        one.close()
    assert waited == [9.0, 9.0]


def answering(*addresses: str) -> Callable[..., list[Any]]:
    return lambda *_, **__: [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 80)) for address in addresses]


@pytest.mark.parametrize("addresses", [("10.0.0.1",), ("93.184.216.34", "192.168.0.1")])
def test_a_name_that_points_inside_is_refused(addresses: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", answering(*addresses))
    with pytest.raises(FetchError) as caught:
        PoliteClient(REACHABLE).fetch("http://shop.example/")
    assert caught.value.reason == "ssrf_private_address"


def test_an_unknown_host_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise socket.gaierror("unknown")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(FetchError, match="the host is not known"):
        PoliteClient(REACHABLE).fetch("http://shop.example/")


def test_sitemaps_are_followed_products_first() -> None:
    asked: list[str] = []

    def shop_answer(path: str) -> Answer:
        asked.append(path)
        base = f"http://{shop.url.removeprefix('http://')}"
        if path == "/robots.txt":
            return 200, {}, f"Sitemap: {base}/index.xml".encode()
        if path == "/index.xml":
            names = ("pages", "products-1", "blog")
            return (
                200,
                {},
                b"<s>" + b"".join(f"<sitemap><loc>{base}/{n}.xml</loc></sitemap>".encode() for n in names) + b"</s>",
            )
        return 200, {}, gzip.compress(f"<u><url><loc>{base}{path}/x</loc></url></u>".encode())

    with open_shop(shop_answer) as shop:
        one = client()
        urls = fetch_sitemap_urls(one, shop.url)
        one.close()
    assert asked[1:3] == ["/index.xml", "/products-1.xml"]
    assert urls[0] == f"{shop.url}/products-1.xml/x"


@pytest.mark.parametrize("body", [b"", b"not xml", b"\x1f\x8bbroken", b"<a><b>", b"{}"])
def test_a_bad_sitemap_is_empty(body: bytes) -> None:
    assert read_sitemap(body) == ([], [])


def test_entities_of_a_sitemap_are_not_resolved() -> None:
    body = b'<!DOCTYPE u [<!ENTITY x SYSTEM "file:///etc/hostname">]><u><url><loc>https://s.example/&x;</loc></url></u>'
    assert read_sitemap(body)[1] in ([], ["https://s.example/"])


def test_no_public_shop_is_asked_without_a_contact() -> None:
    with pytest.raises(FetchError, match="ARB_USER_AGENT") as caught:
        PoliteClient(AGENT).fetch("http://shop.example/")
    assert caught.value.reason == "no_contact"
