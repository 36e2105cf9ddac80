"""The forms of addresses: grouping, the pattern of product pages, lists and their further pages."""

from __future__ import annotations

import re

import pytest
from lxml import html

from arb_pipelines.scraping.learning.platforms import Platform
from arb_pipelines.scraping.learning.url_patterns import (
    form_of,
    further_pages,
    induce_pattern,
    links_of,
    listing_candidates,
    rank_groups,
)

S = "https://shop.example"


@pytest.mark.parametrize(
    ("products", "others", "also", "never"),
    [
        (["/p/a-1", "/p/b-2"], ["/about"], "/p/zz", "/pages/zz"),
        (["/products/red-hat", "/products/cap"], ["/collections/all"], "/products/x?variant=1", "/collections/all"),
        (["/blue-kettle-101.html", "/pan-7321.html"], ["/kettles.html"], "/lid-55.html", "/kettles.html"),
        (["/12-blue-kettle.html", "/99-pan.html"], ["/3-kettles"], "/4711-lid.html", "/3-kettles"),
        (["/shop/item.php?id=12", "/shop/item.php?id=99"], ["/shop/list.php"], "/shop/item.php?a=b&id=5", "/shop/"),
        (["/home/kettle-12", "/garden/rake-77"], ["/home"], "/home/pan-44", "/home"),
        (["/p/12345"], ["/"], "/p/9", "/c/9"),
    ],
)
def test_a_pattern_fits_products_only(products: list[str], others: list[str], also: str, never: str) -> None:
    pattern = re.compile(induce_pattern([S + path for path in products], [S + path for path in others]))
    assert all(pattern.search(S + path) for path in [*products, also])
    assert not any(pattern.search(S + path) for path in [*others, never])


def test_product_pages_come_first() -> None:
    urls = [f"{S}/blog/post-{n}" for n in range(30)] + [f"{S}/c/kettles", f"{S}/cart", S]
    urls += [f"{S}/item/kettle-{n}-10{n}" for n in range(5)]
    assert rank_groups(urls, Platform.GENERIC)[0].urls[0] == f"{S}/item/kettle-0-100"


def test_a_shop_system_names_its_own_form() -> None:
    urls = [f"{S}/collections/c{n}" for n in range(40)] + [f"{S}/products/hat"]
    assert rank_groups(urls, Platform.SHOPIFY)[0].urls == [f"{S}/products/hat"]
    lists = listing_candidates(urls, "/products/[^/?#]+", Platform.SHOPIFY)
    assert lists[0] == f"{S}/collections/c0"


def test_the_front_page_has_no_form() -> None:
    assert form_of(f"{S}/") == ()
    assert form_of(f"{S}/p/blue-kettle-12.html") == ("p", "<slug-n>.html")


def test_links_stay_on_the_host() -> None:
    root = html.fromstring(
        "<div><a href='/a#x'>1</a><a href='/a'>2</a><a href='https://www.shop.example/b'>3</a>"
        "<a href='https://other.example/'>4</a><a href='mailto:a@b'>5</a><a href='/c.pdf'>6</a><a href='http://['>7</a>"
    )
    assert links_of(root, f"{S}/x") == [f"{S}/a", "https://www.shop.example/b"]


def test_further_pages_of_a_list() -> None:
    root = html.fromstring("<p><a href='?page=3'>3</a><a href='/k?page=2'>2</a><a href='/z?page=2'>z</a></p>")
    assert further_pages(root, f"{S}/k", 5) == ([f"{S}/k?page=2", f"{S}/k?page=3"], False)
    named = html.fromstring("<p><a rel='next' href='/k/page/2'>more</a></p>")
    assert further_pages(named, f"{S}/k", 5) == ([f"{S}/k/page/2"], True)
