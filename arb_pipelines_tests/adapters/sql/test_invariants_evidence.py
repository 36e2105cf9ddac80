"""The evidence behind a purchase: its reading in the price history, and its order at the shop."""

from __future__ import annotations

from dataclasses import replace

from arb_pipelines.adapters.sql.books import SqlBooks
from arb_pipelines.domain.purchase import PlacedOrder
from arb_pipelines_tests.contracts.trade_records import buy, claim, points, usd
from arb_pipelines_tests.fakes.clock import START

ORDER = PlacedOrder("shop-order-1", None, "S1", 1, usd(2_000), START, None)


def test_a_purchase_stands_on_the_reading_of_its_own_offer(books: SqlBooks) -> None:
    buy(books, 1, scrape_id="scrape-of-1")
    assert books.broken_invariants() == {}, "books without any history have nothing to compare with"
    books.price_history.insert(points({"scrape_id": "scrape-of-1", "offer_key": "offer-2"}))
    assert books.broken_invariants() == {"I4_scrape_is_in_the_history": 1}


def test_a_kept_reading_is_evidence(books: SqlBooks) -> None:
    buy(books, 1, scrape_id="scrape-of-1")
    books.price_history.insert(points({"scrape_id": "scrape-of-1", "offer_key": "offer-1"}))
    assert books.broken_invariants() == {}


def test_an_order_is_explained_by_its_id_or_by_the_reference_it_carries(books: SqlBooks) -> None:
    buy(books, 1)
    open_one = claim(books, 2)
    by_reference = replace(ORDER, shop_order_id="new", reference=open_one.purchase_id)
    assert books.unknown_orders([]) == []
    assert books.unknown_orders([("shop-1", ORDER), ("shop-1", by_reference)]) == []
    stranger = replace(ORDER, shop_order_id="strange")
    elsewhere = [("shop-2", ORDER), ("shop-1", stranger)]
    assert books.unknown_orders(elsewhere) == ["shop-order-1", "strange"]
