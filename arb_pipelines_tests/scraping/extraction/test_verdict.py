"""Pages that are not product pages give no price and say why."""

from __future__ import annotations

import gzip

import pytest

from arb_pipelines.scraping.extraction.page import page_verdict
from arb_pipelines_tests.scraping.extraction.pages import URL, json_ld, page, product, read

CHALLENGES = [
    "<html><head><title>Just a moment...</title></head><body>Checking your browser</body></html>",
    "<html><head><title>Access Denied</title></head><body>You don't have permission. Reference #18</body></html>",
    "<html><head><title>Robot Check</title></head><body>Enter the characters you see below $5.00</body></html>",
    "<html><body><div id='px-captcha'></div><p class='price'>$10.00</p></body></html>",
    "<html><head><title>Shop</title></head><body><h1>Please verify you are a human</h1><b>$9.99</b></body></html>",
]


@pytest.mark.parametrize("html", CHALLENGES)
def test_a_challenge_is_no_product(html: str) -> None:
    reading = read(html.encode())
    assert reading.verdict == "challenge"
    assert (reading.product.price, reading.product.availability) == (None, None)
    assert reading.product.evidence["page"][0].raw == "challenge"


@pytest.mark.parametrize(
    "html",
    [
        "<html><head><title>Blue Kettle</title></head><body><div id='root'></div></body></html>",
        "<html><body><noscript>Enable JavaScript to run this.</noscript><div id='app'></div></body></html>",
        "<html><body></body></html>",
    ],
)
def test_a_shell_is_no_product(html: str) -> None:
    reading = read(html.encode())
    assert reading.verdict == "empty_shell"
    assert reading.product.price is None


def test_a_shell_whose_markup_describes_the_product_is_read() -> None:
    html = f"<html><head><title>Blue Kettle 1.7 l</title>{json_ld(product())}</head><body></body></html>"
    assert read(html.encode()).product.price == "24.90"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"   ",
        b"%PDF-1.7",
        b'{"price": 5}',
        b"[1]",
        b"\x89PNG\r\n\x1a\n" + bytes(200),
        b"plain text",
        gzip.compress(b"x" * 999, mtime=0),
    ],
)
def test_what_is_not_html_is_said_to_be_so(body: bytes) -> None:
    reading = read(body)
    assert (reading.verdict, reading.product.price) == ("not_html", None)
    assert page_verdict(body, URL) == "not_html"


def test_a_listing_has_no_price_of_its_own() -> None:
    tiles = "".join(
        f"<li class='card'><a href='/p/{n}'>Pan {n}</a><span class='price'>$ {n}.99</span></li>" for n in range(10, 22)
    )
    reading = read(page(f"<h1>Pans</h1><ul>{tiles}</ul>", title="Pans | Shop"), url="https://shop.example/pans")
    assert (reading.verdict, reading.product.price) == ("listing", None)


def test_a_product_page_has_no_verdict() -> None:
    html = page("<h1>Blue Kettle 1.7 l</h1><div class='price'>$5.00</div>")
    assert page_verdict(html, URL) is None


def test_a_text_that_speaks_of_robots_is_no_challenge() -> None:
    body = "<h1>Robot vacuum</h1><div class='price'>$199.00</div><p>Are you a robot fan? Access denied to dust.</p>"
    reading = read(page(body + "<p>More and more text. </p>" * 200))
    assert (reading.verdict, reading.product.price) == (None, "199.00")


@pytest.mark.parametrize(
    ("url", "price"),
    [
        ("https://shop.example/", None),
        ("https://shop.example/?utm_source=x", None),
        ("https://shop.example/?product=7", "24.90"),
        ("", "24.90"),
    ],
)
def test_a_shops_front_page_has_no_price(url: str, price: str | None) -> None:
    assert read(page("<h1>Blue Kettle</h1><div class='price'>€ 24,90</div>"), url=url).product.price == price


@pytest.mark.parametrize(
    "body",
    [
        "<form class='captcha'><p>Confirm that you are human</p></form>",
        "<div class='x-captcha-box'>One moment please</div>",
        "<p>Please confirm you are not a robot</p>",
    ],
)
def test_a_captcha_is_no_empty_shell(body: str) -> None:
    html = f"<html><head><title>Shop</title></head><body>{body}</body></html>".encode()
    assert page_verdict(html, URL) == "challenge"
