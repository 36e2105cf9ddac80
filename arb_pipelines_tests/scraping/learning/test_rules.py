"""Learning a site's fields from labelled pages, and reading the pages nobody labelled."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from arb_pipelines.scraping.learning.labelled_page import LabelledPage
from arb_pipelines.scraping.learning.rules import Rule, apply_rules, learn_rules

AUTHORS = (["Ada Stone"], ["Ben Frost", "Cleo Marsh"], ["Dora Pike"], ["Eli Moor", "Fay Lund", "Gus Holt"])
WORDS = ("Three", "One", "Five", "Four")
TITLES = ("The Long Road", "A Short Walk", "Rivers of Glass", "Under the Hill")
PRICES = ("12.99", "1234.50", "7.00", "89.95")


def page(number: int, *, publisher: bool = True, banner: str = "") -> bytes:
    """Return a page in the manner of an old book shop: labels in front of values, hardly a class."""
    links = ", ".join(f"<a href='/a/{name.split()[0].lower()}'>{name}</a>" for name in AUTHORS[number])
    price = f"{float(PRICES[number]):,.2f}".replace(",", "x").replace(".", ",").replace("x", ".")
    row = f"<li><b>Publisher</b>: House {number} &amp; Sons</li>" if publisher else ""
    return (
        f"<html><head><title>{TITLES[number]} by {AUTHORS[number][0]} | Reading Room</title></head><body>{banner}"
        f"<div class='top'><a href='/'>Home</a></div><div id='main'><h2>{TITLES[number]}</h2>"
        f"<h3>by {links}</h3><p class='star-rating {WORDS[number]}'></p><p>Our price: {price} €</p><ul>"
        f"<li><b>ISBN-13</b>: 978-0-316-1255{number}-1</li>{row}<li><b>Date</b>: May 200{number}</li></ul>"
        f"<img data-code='K{number}77' src='/i.png'></div></body></html>"
    ).encode()


def labels(number: int) -> dict[str, Sequence[str]]:
    return {
        "title": [TITLES[number]],
        "author": AUTHORS[number],
        "price": [PRICES[number]],
        "rating": [str(("Zero", "One", "Two", "Three", "Four", "Five").index(WORDS[number]))],
        "isbn": [f"97803161255{number}1"],
        "publisher": [f"House {number} & Sons"],
        "date": [f"May 200{number}"],
        "code": [f"K{number}77"],
    }


def learned(*numbers: int) -> dict[str, list[Rule]]:
    return learn_rules([LabelledPage(page(number), labels(number)) for number in numbers])


def wanted(number: int) -> dict[str, list[str]]:
    exact = {name: list(values) for name, values in labels(number).items()}
    exact["price"] = [f"{float(PRICES[number]):g}" if PRICES[number] != "1234.50" else "1234.5"]
    return exact


@pytest.mark.parametrize("numbers", [(0, 1, 2), (1, 2, 3)])
def test_three_pages_teach_every_field(numbers: tuple[int, ...]) -> None:
    rules = learned(*numbers)
    (other,) = {0, 1, 2, 3} - set(numbers)
    assert apply_rules(page(other), rules) == wanted(other)


@pytest.mark.parametrize("field", ["title", "price", "rating", "isbn", "publisher", "date", "code"])
def test_one_page_teaches_a_field(field: str) -> None:
    rules = learned(0)
    for other in (1, 2, 3):
        assert apply_rules(page(other), rules)[field] == wanted(other)[field]


def test_a_list_of_values_is_read_whole_though_one_was_seen() -> None:
    assert apply_rules(page(3), learned(0))["author"] == AUTHORS[3]


def test_a_field_that_the_page_does_not_show_is_missing() -> None:
    read = apply_rules(page(3, publisher=False), learned(0, 1))
    assert "publisher" not in read
    assert read["date"] == ["May 2003"]


def test_a_banner_above_everything_misleads_no_rule() -> None:
    banner = "<div><h3>New: <a>Somebody Else</a></h3><p>from 1,00 €</p></div>"
    assert apply_rules(page(3, banner=banner), learned(0, 1, 2)) == wanted(3)


def test_a_value_that_stands_nowhere_has_no_rule() -> None:
    assert learn_rules([LabelledPage(page(0), {"colour": ["mauve"], "title": [TITLES[0]], "none": []})]).keys() == {
        "title"
    }


def test_a_rule_that_is_wrong_on_a_labelled_page_is_dropped() -> None:
    """`House 0` also stands in a menu that is the same on every page; the second page shows that it is no rule."""
    menu = "<div class='menu'><span class='featured'>House 0 &amp; Sons</span></div>"
    pages = [LabelledPage(page(n, banner=menu), {"publisher": labels(n)["publisher"]}) for n in (0, 1)]
    rules = learn_rules(pages)["publisher"]
    assert not any("featured" in rule.locator.xpath for rule in rules)
    assert apply_rules(page(2, banner=menu), {"publisher": rules}) == {"publisher": ["House 2 & Sons"]}


@pytest.mark.parametrize("html", [b"", b"no markup", b"\x00\xff\xfe", b"<p>" * 20_000])
def test_hostile_bytes_have_no_fields(html: bytes) -> None:
    assert apply_rules(html, learned(0)) == {}
    assert learn_rules([LabelledPage(html, {"title": ["x y"]})]) == {}
