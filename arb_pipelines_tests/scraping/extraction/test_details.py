"""Category path, pictures, counts, ISBN and ASIN: what a page says beside the price."""

from __future__ import annotations

from typing import Any

import pytest

from arb_pipelines_tests.scraping.extraction.pages import json_ld, page, product, read

HEADING = "<h1>Blue Kettle 1.7 l</h1>"
PRICE = "<div class='price'>€ 24,90</div>"


def crumbs(*names: str) -> dict[str, Any]:
    items = [{"@type": "ListItem", "position": n, "name": name} for n, name in enumerate(names, 1)]
    return {"@type": "BreadcrumbList", "itemListElement": items[::-1]}


@pytest.mark.parametrize(
    ("names", "path"),
    [
        (("Home", "Kitchen", "Kettles"), "Kitchen > Kettles"),
        (("Startseite", "Küche", "Blue Kettle 1.7 l"), "Küche"),
        (("shop.example", "Kitchen"), "Kitchen"),
        (("Kitchen",), "Kitchen"),
    ],
)
def test_marked_breadcrumbs_are_the_category_path(names: tuple[str, ...], path: str) -> None:
    assert read(page(HEADING + PRICE, json_ld(crumbs(*names)))).product.category == path


def test_shown_breadcrumbs_are_the_category_path() -> None:
    links = "".join(f"<li><a href='/{name}'>{name}</a></li>" for name in ("Home", "Kitchen", "Kettles"))
    body = f"<nav class='breadcrumbs'><ol>{links}</ol></nav>{HEADING}{PRICE}"
    assert read(page(body)).product.category == "Kitchen > Kettles"


def test_all_pictures_are_kept_once_and_absolute() -> None:
    head = (
        json_ld(product(image=["/a.jpg", {"url": "/b.jpg"}, "/a.jpg"])) + "<meta property='og:image' content='/c.jpg'>"
    )
    record = read(page(HEADING, head)).product
    assert record.images == tuple(f"https://shop.example/{name}.jpg" for name in "abc")
    assert record.image == record.images[0]


def test_no_picture_is_an_empty_tuple() -> None:
    assert read(page(HEADING + PRICE)).product.images == ()


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("1,234 reviews", (1234, None, None)),
        ("Bewertungen (17)", (17, None, None)),
        ("12 watchers", (None, None, 12)),
        ("351 Aufrufe", (None, 351, None)),
        ("1 204 просмотров", (None, 1204, None)),
        ("made of 3 parts", (None, None, None)),
        ("4.5 of 5 stars", (None, None, None)),
    ],
)
def test_counts_in_text(text: str, counts: tuple[int | None, ...]) -> None:
    record = read(page(f"{HEADING}{PRICE}<p>{text}</p>")).product
    assert (record.rating_count, record.views, record.watchers) == counts


def test_marked_rating_count_wins() -> None:
    head = json_ld(product(aggregateRating={"@type": "AggregateRating", "reviewCount": "57", "ratingValue": 4.5}))
    assert read(page(f"{HEADING}<p>3 reviews</p>", head)).product.rating_count == 57


def test_an_isbn_is_also_a_gtin_and_a_gtin_is_no_isbn() -> None:
    book = read(page(HEADING, json_ld(product(gtin13="9780306406157")))).product
    assert (book.gtin, book.isbn) == ("9780306406157", "9780306406157")
    assert read(page(HEADING, json_ld(product()))).product.isbn is None


def test_the_asin_stands_in_the_address() -> None:
    html = page(HEADING + PRICE)
    assert read(html, url="https://shop.example/Blue-Kettle/dp/B00ABC1234?th=1").product.asin == "B00ABC1234"
    assert read(html, url="https://shop.example/dp/kettle").product.asin is None
