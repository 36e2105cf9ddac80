"""Searching sold and offered items."""

from __future__ import annotations

from collections import Counter
from statistics import median
from typing import Any

import pytest

from arb_pipelines.sandbox.channel import browse, insights
from arb_pipelines.sandbox.pricing import condition_factor
from arb_pipelines.sandbox.running import WorldServer
from arb_pipelines_tests.fakes.clock import SettableClock
from arb_pipelines_tests.sandbox.conftest import STARTED_AT, Seller

ALL = "90001,90002,90003"
CONDITIONS = {"1000": "NEW", "4000": "USED_VERY_GOOD", "5000": "USED_GOOD"}


def _all_sales(seller: Seller, **query: Any) -> list[dict[str, Any]]:
    sales: list[dict[str, Any]] = []
    while True:
        page = seller.search(insights.PATH, category_ids=ALL, limit=50, offset=len(sales), **query).json()
        sales += page["itemSales"]
        if "next" not in page:
            assert len(sales) == page["total"]
            return sales


def test_ninety_days_of_history_can_be_paged_through(server: WorldServer, seller: Seller) -> None:
    sales = _all_sales(seller)
    count = Counter(sale["sandboxGtin"] for sale in sales)
    assert set(count) == {product.gtin for product in server.world.products}
    assert 10 < sum(count.values()) / len(count) < 22  # 15, more or less popular
    assert len({sale["itemId"] for sale in sales}) == len(sales)
    dates = [sale["lastSoldDate"] for sale in sales]
    assert dates == sorted(dates)
    assert "2025-12-01" <= dates[0] < "2025-12-05"
    assert all(sale["sandboxDaysOnMarket"] >= 1 for sale in sales)


def test_sold_prices_follow_market_value_and_condition(server: WorldServer, seller: Seller) -> None:
    ratios: dict[str, list[float]] = {}
    for sale in _all_sales(seller):
        product = server.world.product_by_epid(sale["epid"])
        assert product is not None
        expected = product.base_usd * condition_factor(CONDITIONS[sale["conditionId"]])
        ratios.setdefault(sale["conditionId"], []).append(float(sale["lastSoldPrice"]["value"]) / expected)
    assert ratios.keys() == CONDITIONS.keys()
    for found in ratios.values():
        assert 0.93 < median(found) < 1.07
        assert 0.6 < min(found) <= max(found) < 1.5


def test_sales_since_a_moment_and_of_one_product(server: WorldServer, seller: Seller) -> None:
    late = _all_sales(seller, filter="lastSoldDate:[2026-02-20T00:00:00Z..]")
    assert late == [sale for sale in _all_sales(seller) if sale["lastSoldDate"] >= "2026-02-20"]
    gtin = server.world.products[3].gtin
    one = seller.search(insights.PATH, gtin=gtin).json()["itemSales"]
    assert {sale["sandboxGtin"] for sale in one} == {gtin}
    used = seller.search(insights.PATH, category_ids=ALL, filter="conditionIds:{4000|5000}", limit=200).json()
    assert {sale["conditionId"] for sale in used["itemSales"]} == {"4000", "5000"}


def test_others_go_on_selling(server: WorldServer, seller: Seller, clock: SettableClock) -> None:
    before = len(_all_sales(seller))
    clock.advance(seconds=24 * 10)
    sales = _all_sales(seller)
    assert len(sales) > before
    assert sales[-1]["lastSoldDate"] > f"{STARTED_AT:%Y-%m-%dT%H:%M}"


def test_a_long_run_keeps_history_and_the_latest_ninety_days(server: WorldServer, seller: Seller) -> None:
    begin = _all_sales(seller)
    seller.advance(24 * 365)
    seller.search(insights.PATH, q="kettle")
    later = _all_sales(seller)
    assert [sale["itemId"] for sale in later[: len(begin)]] == [sale["itemId"] for sale in begin]
    assert len(later) < 2.6 * len(begin)


@pytest.mark.parametrize(
    ("query", "error_id"),
    [
        ({}, 100001),
        ({"q": "x", "limit": 201}, 100003),
        ({"q": "x", "limit": 0}, 100003),
        ({"q": "x", "offset": -1}, 100002),
        ({"q": "x", "offset": 10_000}, 100021),
        ({"q": "x", "sort": "age"}, 100006),
        ({"q": "x", "filter": "lastSoldDate:[soon..]"}, 100011),
    ],
)
def test_a_wrong_search_is_refused(seller: Seller, query: dict, error_id: int) -> None:
    refused = seller.search(insights.PATH, **query)
    assert (refused.status_code, refused.json()["errors"][0]["errorId"]) == (400, error_id)


def test_competing_offers_stand_beside_our_own(server: WorldServer, seller: Seller) -> None:
    product = server.world.products[0]
    seller.list_item("A-1", product, "123.45")
    items = seller.search(browse.PATH, gtin=product.gtin).json()["itemSummaries"]
    ours = [item for item in items if item["seller"]["username"] == "sandbox-seller"]
    assert [item["price"]["value"] for item in ours] == ["123.45"]
    assert 3 <= len(items) <= 6
    prices = [float(item["price"]["value"]) for item in items]
    assert prices == sorted(prices)
    dearest = seller.search(browse.PATH, gtin=product.gtin, sort="-price").json()["itemSummaries"]
    assert [float(item["price"]["value"]) for item in dearest] == sorted(prices, reverse=True)


def test_words_search_by_any_or_by_all(server: WorldServer, seller: Seller) -> None:
    product = server.world.products[0]
    any_word = seller.search(insights.PATH, q=f"{product.brand} nonsense", limit=200).json()["total"]
    all_words = seller.search(insights.PATH, q=f"{product.brand},nonsense", limit=200).json()["total"]
    assert any_word > 0 == all_words
