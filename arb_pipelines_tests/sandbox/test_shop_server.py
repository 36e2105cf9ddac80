"""What visitors of the shops are served."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from decimal import Decimal

import httpx
from protego import Protego

from arb_pipelines.sandbox.assortment import PageShape, Shop
from arb_pipelines.sandbox.pages.listings import STALE_SLUG, start_paths
from arb_pipelines.sandbox.running import WorldServer
from arb_pipelines.sandbox.validators import Validator, validator_of
from arb_pipelines_tests.fakes.clock import SettableClock
from arb_pipelines_tests.sandbox.conftest import Customer


def _links(server: WorldServer, web: httpx.Client, key: str) -> list[str]:
    """Walk the shop's lists or searches, following rel=next, and return the product addresses on its own pages."""
    shop = next(shop for shop in server.world.shops if shop.key == key)
    url = server.shop_urls[key]
    waiting, found = start_paths(shop, server.world.items_of(shop)), dict[str, None]()
    while waiting:
        text = web.get(url + waiting.pop()).text
        waiting += re.findall(r"<link rel='next' href='([^']+)'", text)
        for link in re.findall(r"<li[^>]*><a (?:class='product-link' )?href='(/[^']+)'", text):
            found[url + link.replace("&amp;", "&")] = None
    return list(found)


def test_lists_and_searches_lead_to_every_product_page(
    server: WorldServer, web: httpx.Client, customer: Customer
) -> None:
    for key in server.shop_urls:
        expected = {offer["url"] for offer in customer.offers(shop=key)}
        found = set(_links(server, web, key))
        stale = {link for link in found if STALE_SLUG in link}
        assert found - stale == expected
        assert all(web.get(link).status_code == 200 for link in expected)


def _again(web: httpx.Client, url: str, first: httpx.Response) -> dict[str, int]:
    """Ask once more with each validator that the first answer had, and return the statuses."""
    asked = {"ETag": "If-None-Match", "Last-Modified": "If-Modified-Since"}
    return {
        name: web.get(url, headers={asked[name]: first.headers[name]}).status_code
        for name in asked
        if name in first.headers
    }


def test_every_validator_says_so_exactly_when_the_body_changes(
    start: Callable[..., WorldServer], web: httpx.Client, clock: SettableClock
) -> None:
    """Over 30 world days of 12 shops a request is answered 304 if and only if the body is the one it asks about."""
    server = start(shops=12)
    kinds = {shop.key: validator_of(shop) for shop in server.world.shops}
    answers = {o["url"]: (o["shop"], web.get(o["url"])) for o in Customer(server, web).offers()}
    seen = Counter[tuple[str, bool]]()
    for _ in range(6):
        clock.advance(seconds=120)  # five world days
        for url, (key, first) in answers.items():
            now = web.get(url)
            if now.status_code != 200 or first.status_code != 200:
                answers[url] = (key, now)
                continue
            unchanged = now.content == first.content
            statuses = _again(web, url, first)
            assert set(statuses.values()) <= {304 if unchanged else 200}, (url, statuses)
            assert bool(statuses) == (kinds[key] is not Validator.NONE)
            for name in statuses:
                seen[name, unchanged] += 1
                assert (first.headers[name] == now.headers[name]) == unchanged
            answers[url] = (key, now)
    assert min(seen[name, same] for name in ("ETag", "Last-Modified") for same in (True, False)) >= 10


def test_an_unchanged_page_is_answered_without_a_body(web: httpx.Client, customer: Customer) -> None:
    offer = next(o for o in customer.offers() if o["shop"] == "shop-001")
    first = web.get(offer["url"])
    again = web.get(offer["url"], headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]


def test_a_page_changes_with_a_purchase(web: httpx.Client, customer: Customer) -> None:
    offer = next(o for o in customer.offers() if o["available"] == 3 and "ETag" in web.get(o["url"]).headers)
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
    rules = Protego.parse(text)
    url = server.shop_urls["shop-001"]
    assert rules.can_fetch(f"{url}/p/some-thing", "arb-pipelines")
    assert not rules.can_fetch(f"{url}/api/orders", "arb-pipelines")
    assert list(rules.sitemaps) == [f"{url}/sitemap.xml"]


def test_sitemaps_name_every_product(server: WorldServer, web: httpx.Client, customer: Customer) -> None:
    for key, url in server.shop_urls.items():
        index = web.get(f"{url}/sitemap.xml")
        assert index.headers["Content-Type"].startswith("application/xml")
        maps = re.findall(r"<loc>([^<]+)</loc>", index.text)
        assert maps == [f"{url}/sitemap-pages.xml", f"{url}/sitemap-products.xml"]
        listed = re.findall(r"<loc>([^<]+)</loc>", web.get(maps[1]).text)
        assert sorted(listed) == sorted(offer["url"] for offer in customer.offers(shop=key))


def _shop_of(server: WorldServer, shape: PageShape) -> tuple[Shop, str]:
    shop = next(shop for shop in server.world.shops if shop.shape is shape)
    return shop, server.shop_urls[shop.key]


def test_a_search_needs_matching_words_and_place(start: Callable[..., WorldServer], web: httpx.Client) -> None:
    server = start(shops=25)
    shop, url = _shop_of(server, PageShape.SEARCH)
    item = server.world.items_of(shop)[0]
    asked = {"q": item.product.noun.upper(), "location": shop.town}
    assert item.path in web.get(f"{url}/search", params=asked).text
    assert item.path in web.get(f"{url}/search", params={"q": item.product.noun}).text
    for other in ({**asked, "location": "Elsewhere"}, {**asked, "q": f"{item.product.noun} zeppelin"}):
        assert "Nothing found" in web.get(f"{url}/search", params=other).text


def test_json_files_of_a_shopify_like_shop(start: Callable[..., WorldServer], web: httpx.Client) -> None:
    server = start(shops=25)
    shop, url = _shop_of(server, PageShape.SHOPIFY_LIKE)
    truth = {o["sku"]: o for o in web.get(f"{server.channel_url}/sandbox/offers", params={"shop": shop.key}).json()}
    products = web.get(f"{url}/products.json", params={"limit": 250}).json()["products"]
    assert {p["variants"][0]["sku"] for p in products} == truth.keys()
    for product in products:
        variant = product["variants"][0]
        offer = truth[variant["sku"]]
        assert Decimal(variant["price"]) * 100 == offer["price_minor"]
        assert variant["available"] == (offer["available"] > 0)
        alone = web.get(f"{url}/products/{product['handle']}.json").json()["product"]
        script = web.get(f"{url}/products/{product['handle']}.js").json()
        assert alone == product
        assert script["variants"][0]["price"] == offer["price_minor"]
    assert web.get(f"{url}/products.json", params={"limit": 1, "page": 2}).json()["products"] == products[1:2]
    assert web.get(f"{url}/products/nothing.json").status_code == 404


def test_some_shops_answer_200_to_addresses_that_are_not_there(server: WorldServer, web: httpx.Client) -> None:
    answers = {key: web.get(f"{url}/p/no-such-thing") for key, url in server.shop_urls.items()}
    assert {key for key, answer in answers.items() if answer.status_code == 200} == {"shop-008", "shop-018"}
    assert all("Page not found" in answer.text for answer in answers.values())


def test_a_redesign_changes_the_page_and_not_its_address(start: Callable[..., WorldServer], web: httpx.Client) -> None:
    server = start(shops=40)
    shop = next(shop for shop in server.world.shops if shop.later_shape is PageShape.RDFA)
    url = server.shop_urls[shop.key] + server.world.items_of(shop)[0].path
    before = web.get(url).text
    web.post(f"{server.channel_url}/sandbox/advance", json={"hours": shop.redesigned_h + 1})
    after = web.get(url).text
    assert "typeof='Product'" not in before
    assert "typeof='Product'" in after
    assert before.split("</style>")[0] != after.split("</style>")[0]


def test_a_world_of_large_bodies(start: Callable[..., WorldServer], web: httpx.Client) -> None:
    server = start(shops=16, calm=True, misbehaving_every=0, pages_a_shop=20, body_kb=(60, 150))
    sizes = []
    for shop in server.world.shops:
        items = server.world.items_of(shop)
        assert len(items) == 20
        sizes.append(len(web.get(server.shop_urls[shop.key] + items[0].path).content))
    assert 60_000 < min(sizes) < 75_000
    assert 140_000 < max(sizes) < 160_000


def test_pictures_home_and_nowhere(server: WorldServer, web: httpx.Client) -> None:
    url = server.shop_urls["shop-001"]
    assert web.get(f"{url}/").status_code == 200
    assert web.get(f"{url}/img/x.svg").headers["Content-Type"].startswith("image/svg+xml")
    assert web.get(f"{url}/p/no-such-thing").status_code == 404
    assert web.get(f"{url}/nowhere").status_code == 404
