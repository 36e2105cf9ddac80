"""Tiles are found by structure: equal siblings with links and prices of their own."""

from __future__ import annotations

from lxml import etree

from arb_pipelines.scraping.extraction.grids import find_grid_members


def members(body: str) -> int:
    root = etree.fromstring(f"<html><body>{body}</body></html>", etree.HTMLParser())
    shown = [(element, element.text) for element in root.iter("b")]
    found = find_grid_members(shown)
    assert found <= {element for element, _ in shown}
    return len(found)


def tiles(count: int, link: str = "/p/{n}", price: str = "{n}.00") -> str:
    return "".join(
        f"<li class='x'><a href='{link.format(n=n)}'>Pan</a><p><b>{price.format(n=n)}</b></p></li>"
        for n in range(count)
    )


def test_tiles_of_other_pages_are_a_grid() -> None:
    assert members(f"<ul>{tiles(6)}</ul>") == 6
    assert members("".join(f"<a class='t' href='/p/{n}'><b>{n}.00</b></a>" for n in range(5))) == 5


def test_few_tiles_are_no_grid() -> None:
    assert members(f"<ul>{tiles(3)}</ul>") == 0


def test_choices_of_one_product_are_no_grid() -> None:
    assert members(f"<ul>{tiles(6, link='/p/1?size={n}')}</ul>") == 0
    assert members(f"<ul>{tiles(6, link='#')}</ul>") == 0
    assert members("<ul>" + "<li class='x'><b>5.00</b></li>" * 6 + "</ul>") == 0


def test_one_price_everywhere_is_no_grid() -> None:
    assert members(f"<ul>{tiles(6, price='9.00')}</ul>") == 0


def test_the_price_beside_a_grid_is_no_member() -> None:
    assert members(f"<div><h1>Kettle</h1><b>24.90</b></div><ul>{tiles(6)}</ul>") == 6
