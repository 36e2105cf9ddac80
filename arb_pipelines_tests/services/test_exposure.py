"""What is out: approvals, open purchases, parcels and stock, each once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from arb_pipelines.adapters.sql.books import SqlBooks, open_books
from arb_pipelines.services.exposure import load_exposure
from arb_pipelines_tests.contracts.trade_records import (
    approve,
    buy,
    claim,
    offer_for_sale,
    outlet_order,
    stock,
    usd,
)
from arb_pipelines_tests.fakes.clock import START


@pytest.fixture
def books(sqlite_url: str) -> Iterator[SqlBooks]:
    opened = open_books(sqlite_url)
    yield opened
    opened.close()


def test_each_stage_counts_once(books: SqlBooks) -> None:
    """25.00 approved, 25.00 reserved, 20.00 on the way, 20.00 in stock."""
    approve(books, 1, brand="acme")
    claim(books, 2, site="shop-2", url="https://shop-2.example/p/2")
    buy(books, 3, product_id="product-3")
    stock(books, 4)
    exposed = load_exposure(books, "USD", START)
    assert exposed["total"] == 9_000
    assert (exposed["brand:acme"], exposed["brand:?"]) == (2_500, 6_500)
    assert (exposed["site:shop-1"], exposed["site:shop-2"]) == (6_500, 2_500)
    assert exposed["product:product-3"] == 2_000
    assert exposed["outlet:outlet-1"] == 9_000


def test_goods_that_arrived_and_are_no_stock_yet_are_out(books: SqlBooks) -> None:
    """Between the parcel and the lot, and for good where a total does not divide evenly, the money is still spent."""
    bought = buy(books)
    assert books.purchases.mark_delivered(bought.purchase_id, START)
    assert load_exposure(books, "USD", START)["total"] == 2_000


def test_what_is_sold_expired_or_in_another_currency_is_not_out(books: SqlBooks) -> None:
    offered = offer_for_sale(books, 1)
    books.orders.import_order(outlet_order(offered.sku), usd(700), fee_estimated=False)
    approve(books, 2)
    assert load_exposure(books, "USD", START + timedelta(hours=1)) == {}
    assert load_exposure(books, "EUR", START) == {}
