"""Whole little shops for a look from outside: front page, lists, products, sitemap and robots.txt.

What belongs here: answers only; `shop_servers.open_shop` serves them.
"""

from __future__ import annotations

from collections.abc import Callable

from arb_pipelines_tests.scraping.shop_servers import Answer, html

PROSE = "Made for every day, tried in our own kitchen. " * 12
NAMES = ["Blue Kettle", "Iron Pan", "Bread Knife", "Tea Glass", "Salt Mill", "Oven Cloth"]


def product_html(number: int, before: str = "", price: str | None = None, extra: str = "") -> bytes:
    """Return a product page without structured data; `extra` goes below the price."""
    name = NAMES[number % len(NAMES)]
    shown = price or f"${10 + number}.50"
    return (
        f"<html><head><title>{name} {number} | Corner Shop</title></head><body><nav><a href='/'>Home</a>"
        f"<a href='/about'>About us</a></nav><h1 class='product-name'>{name} {number}</h1>{before}"
        f"<div class='buy-box'><span class='amount'>{shown}</span></div><button>Add to cart</button>{extra}"
        f"<p class='stock'>In stock</p><p>Item no. <b class='code'>K-{number:04}</b></p><p>{PROSE}</p></body></html>"
    ).encode()


def list_html(links: list[str], extra: str = "") -> bytes:
    """Return a page of links; `extra` goes below them."""
    anchors = "".join(f"<li><a href='{link}'>{link.rsplit('/', 1)[-1]}</a></li>" for link in links)
    return (
        f"<html><head><title>All | Corner Shop</title></head><body><nav><a href='/'>Home</a><a href='/about'>About us"
        f"</a><a href='/blog/how-to-boil-water'>Blog</a><a href='/kettles'>Kettles</a></nav><h1>Everything</h1>"
        f"<ul>{anchors}</ul>{extra}<p>{PROSE}</p></body></html>"
    ).encode()


def shop_of(pages: dict[str, bytes], robots: str | None = None, sitemap: list[str] | None = None) -> Behaviour:
    """Return a shop with these pages by path; a path with `?` must match as a whole."""

    def answer(path: str) -> Answer:
        if path == "/robots.txt":
            return html(b"none", 404) if robots is None else (200, {"Content-Type": "text/plain"}, robots.encode())
        if path == "/sitemap.xml" and sitemap is not None:
            rows = "".join(f"<url><loc>{url}</loc></url>" for url in sitemap)
            xml = f"<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'>{rows}</urlset>"
            return 200, {"Content-Type": "application/xml"}, xml.encode()
        return html(pages[path]) if path in pages else html(b"<html><body>none</body></html>", 404)

    return answer


Behaviour = Callable[[str], Answer]


def corner_shop(folder: str = "/p/", robots: str | None = None, extra: str = "") -> Behaviour:
    """Return a shop whose front page links to a list of six products, with a second page of the list."""
    products = [f"{folder}{name.lower().replace(' ', '-')}-{n}" for n, name in enumerate(NAMES)]
    pages = {path: product_html(n, extra=extra) for n, path in enumerate(products)}
    pages["/"] = list_html(["/kettles"])
    pages["/kettles"] = list_html(products[:4], "<a rel='next' href='/kettles?page=2'>Next</a>")
    pages["/kettles?page=2"] = list_html(products[4:])
    pages["/about"] = list_html([])
    pages["/blog/how-to-boil-water"] = list_html([])
    return shop_of(pages, robots)
