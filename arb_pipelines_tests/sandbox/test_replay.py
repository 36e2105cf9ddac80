"""Saved pages served as shops."""

from __future__ import annotations

import gzip

import httpx
import pytest

from arb_pipelines.sandbox.replay import ReplayShops

PLAIN = "<html><h1>Größe 1</h1></html>".encode()
PAGES = {"shop-a": PLAIN, "shop b/2": gzip.compress(b"<html>two</html>")}


def test_each_page_has_a_shop_of_its_own(web: httpx.Client) -> None:
    with ReplayShops(PAGES) as shops:
        urls = dict(shops.urls)
        assert list(urls) == list(PAGES)
        assert len({httpx.URL(url).host for url in urls.values()}) == 2
        assert web.get(urls["shop-a"]).content == PLAIN
        assert web.get(urls["shop b/2"]).text == "<html>two</html>"
        assert web.get(urls["shop-a"], headers={"Accept-Encoding": "identity"}).content == PLAIN
        robots = httpx.URL(urls["shop-a"]).join("/robots.txt")
        assert web.get(robots).text == "User-agent: *\nAllow: /\n"
        assert web.get(httpx.URL(urls["shop-a"]).join("/product/shop%20b%2F2")).status_code == 404


def test_nothing_answers_afterwards(web: httpx.Client) -> None:
    with ReplayShops(PAGES) as shops:
        url = shops.urls[0][1]
    with pytest.raises(httpx.ConnectError):
        web.get(url)


def test_there_must_be_pages() -> None:
    with pytest.raises(ValueError, match="needs 1 to"):
        ReplayShops({})
