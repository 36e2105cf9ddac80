"""Contract S: what every database must do with stock, listings and buyers' orders."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from arb_pipelines.adapters.sql.books import SqlBooks
from arb_pipelines.domain.inventory import OutOfStockError
from arb_pipelines.domain.ledger import Account, UnbalancedError
from arb_pipelines.domain.listing import ListingState
from arb_pipelines.domain.money import Money, MoneyError
from arb_pipelines.domain.order import OrderState
from arb_pipelines_tests.contracts.trade_records import (
    approval,
    buy,
    listing,
    lot,
    offer_for_sale,
    opportunity,
    outlet_order,
    purchase,
    stock,
    usd,
)
from arb_pipelines_tests.fakes.clock import START

HOUR = timedelta(hours=1)
PENDING, ACTIVE, ENDING, SOLD, WITHDRAWN = ListingState


def test_s01_a_purchase_brings_one_lot(books: SqlBooks) -> None:
    received = lot(buy(books))
    assert books.inventory.receive(received)
    assert not books.inventory.receive(replace(received, lot_id="again"))
    assert books.inventory.load() == [received]
    with pytest.raises(IntegrityError):
        books.inventory.receive(lot(purchase(approval(opportunity(9)))))


def test_s02_more_on_hand_than_received_is_refused(books: SqlBooks) -> None:
    with pytest.raises(IntegrityError):
        books.inventory.receive(replace(lot(buy(books)), on_hand=2))


def test_s03_unlisted_is_stock_that_no_open_listing_offers(books: SqlBooks) -> None:
    first, second = stock(books, 1), stock(books, 2, START + HOUR)
    assert books.inventory.load_unlisted() == [first, second]
    books.listings.insert(listing(first))
    assert books.inventory.load_unlisted() == [second]
    books.listings.advance(first.sku, expected=[PENDING], state=WITHDRAWN)
    assert books.inventory.load_unlisted() == [first, second]


def test_s04_one_open_listing_a_sku(books: SqlBooks) -> None:
    offered = listing(stock(books))
    assert books.listings.insert(offered)
    assert not books.listings.insert(replace(offered, listing_id="another"))
    assert books.listings.load() == [offered]
    assert books.listings.advance(offered.sku, expected=[PENDING], state=WITHDRAWN)
    assert books.listings.insert(replace(offered, listing_id="another"))


def test_s05_listing_states_are_compare_and_set(books: SqlBooks) -> None:
    offered = listing(stock(books))
    books.listings.insert(offered)
    assert not books.listings.advance(offered.sku, expected=[ACTIVE], state=SOLD)
    assert not books.listings.advance("none", expected=[PENDING], state=ACTIVE)
    assert books.listings.advance(offered.sku, expected=[PENDING, ACTIVE], state=ACTIVE, outlet_listing_id="L1")
    assert not books.listings.advance(offered.sku, expected=[PENDING], state=ACTIVE)
    assert books.listings.load([ACTIVE]) == [replace(offered, state=ACTIVE, outlet_listing_id="L1")]
    assert books.listings.load([SOLD, PENDING]) == []


def test_s06_of_several_listings_the_newest_is_meant(books: SqlBooks) -> None:
    offered = listing(stock(books))
    books.listings.insert(offered)
    books.listings.advance(offered.sku, expected=[PENDING], state=WITHDRAWN)
    books.listings.insert(replace(offered, listing_id="second", listed_at=START + HOUR))
    books.listings.advance(offered.sku, expected=[PENDING], state=WITHDRAWN)
    assert books.listings.advance(offered.sku, expected=[WITHDRAWN], state=ACTIVE)
    assert [one.listing_id for one in books.listings.load([ACTIVE])] == ["second"]


@pytest.mark.parametrize("wrong", [{"price": 2_999}, {"price": 6_001}, {"floor": 0}, {"floor": 6_500}])
def test_s07_a_listing_without_good_bounds_is_refused(books: SqlBooks, wrong: dict[str, int]) -> None:
    offered = listing(stock(books))
    with pytest.raises(ValueError, match="not between"):
        books.listings.insert(replace(offered, **{name: usd(minor) for name, minor in wrong.items()}))
    with pytest.raises(MoneyError):
        books.listings.insert(replace(offered, ceiling=Money(6_000, "EUR")))
    assert books.listings.load() == []


def test_s08_a_price_changes_only_from_what_it_was(books: SqlBooks) -> None:
    sku = offer_for_sale(books).sku
    later = START + HOUR
    assert not books.listings.store_price(sku, usd(4_999), usd(4_500), "why", later)
    assert not books.listings.store_price("none", usd(5_000), usd(4_500), "why", later)
    assert not books.listings.store_price(sku, Money(5_000, "EUR"), Money(4_500, "EUR"), "why", later)
    assert books.listings.store_price(sku, usd(5_000), usd(4_500), "why", later)
    changed = books.listings.load()[0]
    assert (changed.price, changed.repriced_at, changed.listed_at) == (usd(4_500), later, START)


def test_s09_a_price_stays_within_its_bounds(books: SqlBooks) -> None:
    sku = offer_for_sale(books).sku
    for price in (2_999, 6_001):
        with pytest.raises(ValueError, match="not between"):
            books.listings.store_price(sku, usd(5_000), usd(price), "why", START)
    assert books.listings.load()[0].price == usd(5_000)


def test_s10_an_order_takes_its_unit_and_closes_the_listing(books: SqlBooks) -> None:
    sku = offer_for_sale(books).sku
    order = books.orders.import_order(outlet_order(sku), usd(700), fee_estimated=False)
    assert order is not None
    assert (order.revenue, order.fee, order.cost_of_goods, order.profit) == (
        usd(5_400),
        usd(700),
        usd(2_000),
        usd(2_700),
    )
    assert books.orders.load() == [order]
    assert books.orders.load_unshipped() == [order]
    assert books.inventory.load()[0].on_hand == 0
    assert books.inventory.load_unlisted() == []
    assert [one.quantity for one in books.listings.load([SOLD])] == [0]
    assert books.totals() == {
        "offers": 0,
        "opportunities": 1,
        "purchases": 1,
        "listings": 1,
        "orders": 1,
        "profit_minor": 2_700,
    }
    assert books.broken_invariants() == {}


def test_s11_the_sale_is_booked(books: SqlBooks) -> None:
    sku = offer_for_sale(books).sku
    books.orders.import_order(outlet_order(sku), usd(700), fee_estimated=True)
    booked = {account: minor for (account, _), minor in books.ledger.balances().items()}
    assert booked == {
        Account.CASH: -2_000,
        Account.RESERVED: 0,
        Account.INVENTORY: 0,
        Account.RECEIVABLE: 4_700,
        Account.SELLING_FEES: 700,
        Account.REVENUE: -5_400,
        Account.COST_OF_GOODS: 2_000,
    }


def test_s12_an_order_imported_twice_counts_once(books: SqlBooks) -> None:
    sku = offer_for_sale(books).sku
    assert books.orders.import_order(outlet_order(sku), usd(700), fee_estimated=False) is not None
    assert books.orders.import_order(outlet_order(sku), usd(700), fee_estimated=False) is None
    assert len(books.orders.load()) == 1
    assert books.broken_invariants() == {}


def test_s13_more_than_we_own_cannot_be_sold(books: SqlBooks) -> None:
    sku = offer_for_sale(books).sku
    with pytest.raises(OutOfStockError):
        books.orders.import_order(outlet_order(sku, quantity=2), usd(700), fee_estimated=False)
    assert books.orders.load() == []
    assert books.inventory.load()[0].on_hand == 1
    assert len(books.listings.load([ACTIVE])) == 1


def test_s14_a_sku_that_is_not_ours(books: SqlBooks) -> None:
    with pytest.raises(LookupError, match="not ours"):
        books.orders.import_order(outlet_order("none"), usd(700), fee_estimated=False)


def test_s15_currencies_do_not_mix(books: SqlBooks) -> None:
    sku = offer_for_sale(books).sku
    with pytest.raises((MoneyError, UnbalancedError)):
        books.orders.import_order(outlet_order(sku), Money(700, "EUR"), fee_estimated=False)
    assert books.orders.load() == []
    assert books.inventory.load()[0].on_hand == 1


def test_s16_the_oldest_lot_is_sold_first(books: SqlBooks) -> None:
    dear = replace(lot(buy(books, 1, START + HOUR, 2_400), START + HOUR), sku="shared", unit_cost=usd(2_400))
    cheap = replace(lot(buy(books, 2, START, quantity=2), START), sku="shared")
    books.inventory.receive(dear)
    books.inventory.receive(cheap)
    books.listings.insert(listing(replace(cheap, on_hand=3)))
    order = books.orders.import_order(outlet_order("shared", quantity=2), usd(0), fee_estimated=False)
    assert order is not None
    assert order.cost_of_goods == usd(4_000)
    assert [(one.state, one.quantity) for one in books.listings.load()] == [(PENDING, 1)]
    last = books.orders.import_order(outlet_order("shared", 2), usd(0), fee_estimated=False)
    assert last is not None
    assert last.cost_of_goods == usd(2_400)
    assert [one.state for one in books.listings.load()] == [SOLD]
    assert books.broken_invariants() == {}


def test_s17_an_order_over_two_lots(books: SqlBooks) -> None:
    for number, cost in ((1, 2_000), (2, 2_400)):
        received = lot(buy(books, number, total=cost), START + number * HOUR, sku="shared", unit_cost=usd(cost))
        books.inventory.receive(received)
    order = books.orders.import_order(outlet_order("shared", quantity=2), usd(700), fee_estimated=False)
    assert order is not None
    assert order.cost_of_goods == usd(4_400)
    assert books.broken_invariants() == {}


def test_s18_a_shipment_is_recorded_once(books: SqlBooks) -> None:
    sku = offer_for_sale(books).sku
    order = books.orders.import_order(outlet_order(sku), usd(700), fee_estimated=False)
    assert order is not None
    assert books.orders.mark_shipped(order.order_id, "T1", START + HOUR)
    assert not books.orders.mark_shipped(order.order_id, "T2", START + HOUR)
    assert not books.orders.mark_shipped("none", "T2", START + HOUR)
    assert books.orders.load_unshipped() == []
    shipped = replace(order, state=OrderState.SHIPPED, tracking_number="T1", shipped_at=START + HOUR)
    assert books.orders.load() == [shipped]
    assert books.broken_invariants() == {}


def test_s19_an_order_shipped_elsewhere_is_not_shipped_again(books: SqlBooks) -> None:
    sku = offer_for_sale(books).sku
    books.orders.import_order(outlet_order(sku, shipped=True), usd(700), fee_estimated=False)
    assert books.orders.load_unshipped() == []
    assert books.broken_invariants() == {}


def test_s20_orders_are_numbered_within_their_outlet(books: SqlBooks) -> None:
    assert books.orders.newest_ordered_at("outlet-1") is None
    sku = offer_for_sale(books, 1, quantity=3).sku
    one = outlet_order(sku, 1)
    for order in (one, replace(one, line_item_id="2"), replace(one, outlet="outlet-2", ordered_at=START + HOUR)):
        assert books.orders.import_order(order, usd(0), fee_estimated=False) is not None
    assert books.orders.newest_ordered_at("outlet-1") == START
    assert books.orders.newest_ordered_at("outlet-2") == START + HOUR


def test_s21_each_currency_has_its_own_profit(books: SqlBooks) -> None:
    sku = offer_for_sale(books).sku
    books.orders.import_order(outlet_order(sku), usd(700), fee_estimated=False)
    euro = {"item_price": Money(1_000, "EUR"), "shipping_paid": Money(0, "EUR"), "tax": Money(0, "EUR")}
    received = replace(lot(buy(books, 2)), unit_cost=Money(400, "EUR"))
    books.inventory.receive(received)
    books.orders.import_order(outlet_order(received.sku, 2, **euro), Money(100, "EUR"), fee_estimated=False)
    totals = books.totals()
    assert (totals["profit_minor_usd"], totals["profit_minor_eur"]) == (2_700, 500)
    assert totals["profit_minor"] in {2_700, 500}
