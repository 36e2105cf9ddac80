"""What visitors of the shops are served."""

from __future__ import annotations

import re

import httpx

from arb_pipelines.sandbox.running import WorldServer
from arb_pipelines_tests.sandbox.conftest import Customer


def test_the_listing_leads_to_every_product_page(server: WorldServer, web: httpx.Client, customer: Customer) -> None:
    for key, url in server.shop_urls.items():
        links = re.findall(r"href='(/p/[^']+)'", web.get(f"{url}/products").text)
        assert sorted(url + link for link in links) == sorted(offer["url"] for offer in customer.offers(shop=key))
        assert all(web.get(url + link).status_code == 200 for link in links)


def test_an_unchanged_page_is_answered_304(web: httpx.Client, customer: Customer) -> None:
    offer = customer.in_stock()
    first = web.get(offer["url"])
    again = web.get(offer["url"], headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_a_page_changes_with_a_purchase(web: httpx.Client, customer: Customer) -> None:
    offer = next(o for o in customer.offers() if o["available"] == 3)
    first = web.get(offer["url"])
    customer.buy(offer)
    again = web.get(offer["url"], headers={"If-None-Match": first.headers["ETag"]})
    assert "Only 2 left in stock" in again.text


def test_gzip_is_sent_only_to_those_who_accept_it(web: httpx.Client, customer: Customer) -> None:
    url = customer.in_stock()["url"]
    zipped, plain = web.get(url), web.get(url, headers={"Accept-Encoding": "identity"})
    assert zipped.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert zipped.content == plain.content


def test_pages_have_a_realistic_size(web: httpx.Client, customer: Customer) -> None:
    sizes = [len(web.get(offer["url"]).content) for offer in customer.offers()]
    assert 15_000 < min(sizes) <= max(sizes) < 60_000


def test_robots_txt_allows_pages_and_closes_the_order_desk(server: WorldServer, web: httpx.Client) -> None:
    text = web.get(f"{server.shop_urls['shop-001']}/robots.txt").text
    assert text == "User-agent: *\nDisallow: /api/orders\nDisallow: /api/quotes\n"


def test_pictures_home_and_nowhere(server: WorldServer, web: httpx.Client) -> None:
    url = server.shop_urls["shop-001"]
    assert web.get(f"{url}/").status_code == 200
    assert web.get(f"{url}/img/x.svg").headers["Content-Type"].startswith("image/svg+xml")
    assert web.get(f"{url}/p/no-such-thing").status_code == 404
    assert web.get(f"{url}/nowhere").status_code == 404
