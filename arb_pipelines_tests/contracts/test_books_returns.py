"""Contract R: what every database must do with parcels, returns, settled fees, shared listings and what we say."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from arb_pipelines.adapters.sql.books import SqlBooks
from arb_pipelines.domain.listing import ListingState
from arb_pipelines.domain.money import Money, MoneyError
from arb_pipelines.domain.order import Order, OrderState
from arb_pipelines.domain.product_sheet import ProductSheet
from arb_pipelines.domain.repricing import PriceChange
from arb_pipelines.domain.return_case import ReturnRefusedError, ReturnState
from arb_pipelines.domain.settlement import Again, AlreadySettledError
from arb_pipelines_tests.contracts.trade_records import buy, listing, lot, offer_for_sale, outlet_order, stock, usd
from arb_pipelines_tests.fakes.clock import START

HOUR = timedelta(hours=1)
NEW, PICKED, PACKED, DISPATCHED, SHIPPED = OrderState
REQUESTED, RECEIVED, RESTOCKED, WRITTEN_OFF, CLOSED = ReturnState


def sold(books: SqlBooks, quantity: int = 1, *, estimated: bool = False) -> Order:
    """Return an order of everything that one listing offered."""
    sku = offer_for_sale(books, quantity=quantity).sku
    line = outlet_order(sku, quantity=quantity, item_price=usd(5_000 * quantity))
    order = books.orders.import_order(line, usd(700), fee_estimated=estimated)
    assert order is not None
    return order


def booked(books: SqlBooks, account: str) -> int:
    return books.ledger.balances().get((account, "USD"), 0)


def come_back(books: SqlBooks, order: Order, units: int = 1, name: str = "r1") -> None:
    """Open a return and let its parcel arrive."""
    assert books.returns.open(name, order.order_id, units, "why", START) is not None
    assert books.returns.advance(name, expected=[REQUESTED], state=RECEIVED, at=START + HOUR)


def test_r01_an_order_goes_through_the_house(books: SqlBooks) -> None:
    order = sold(books)
    assert books.orders.advance(order.order_id, expected=[NEW], state=PICKED)
    assert not books.orders.advance(order.order_id, expected=[NEW], state=PICKED)
    assert books.orders.advance(order.order_id, expected=[PICKED], state=PACKED)
    assert books.orders.advance(order.order_id, expected=[PACKED], state=PICKED)
    for old, new in ((NEW, PACKED), (PACKED, SHIPPED), (NEW, DISPATCHED)):
        with pytest.raises(ValueError, match="cannot go from"):
            books.orders.advance(order.order_id, expected=[old], state=new)
    assert [one.state for one in books.orders.load_unshipped()] == [PICKED]


def test_r02_a_parcel_leaves_once_and_its_label_is_booked(books: SqlBooks) -> None:
    order = sold(books)
    with pytest.raises(MoneyError):
        books.orders.dispatch(order.order_id, "T1", "post", Money(450, "EUR"), START)
    assert books.orders.dispatch(order.order_id, "T1", "post", usd(450), START + HOUR)
    assert not books.orders.dispatch(order.order_id, "T2", "post", usd(450), START + HOUR)
    assert not books.orders.dispatch("none", "T2", None, None, START)
    (left,) = books.orders.load_unshipped()
    assert (left.state, left.tracking_number, left.carrier, left.postage) == (DISPATCHED, "T1", "post", usd(450))
    assert left.profit == order.profit - usd(450)
    assert booked(books, "shipping") == 450
    assert books.totals()["profit_minor"] == left.profit.minor
    assert not books.orders.mark_shipped(order.order_id, "T2", START)
    assert books.orders.mark_shipped(order.order_id, "T1", START + 2 * HOUR)
    assert not books.orders.mark_shipped(order.order_id, "T1", START)
    assert books.orders.load() == [replace(left, state=SHIPPED)]
    assert books.broken_invariants() == {}


def test_r03_what_comes_back_is_stock_only_after_a_look(books: SqlBooks) -> None:
    order = sold(books, 2)
    come_back(books, order)
    assert [one.on_hand for one in books.inventory.load()] == [0]
    assert books.inventory.load_unlisted() == []
    assert not books.returns.advance("r1", expected=[REQUESTED], state=CLOSED, at=START)
    assert books.returns.advance("r1", expected=[RECEIVED], state=RESTOCKED, at=START + HOUR)
    assert not books.returns.advance("r1", expected=[RECEIVED], state=RESTOCKED, at=START)
    assert [one.on_hand for one in books.inventory.load_unlisted()] == [1]
    assert (booked(books, "inventory"), booked(books, "cost_of_goods")) == (2_000, 2_000)
    (case,) = books.returns.load([RESTOCKED])
    assert (case.cost, case.received_at, case.inspected_at) == (usd(2_000), START + HOUR, START + HOUR)
    assert books.broken_invariants() == {}


def test_r04_what_cannot_be_sold_is_written_off(books: SqlBooks) -> None:
    come_back(books, sold(books))
    assert books.returns.advance("r1", expected=[RECEIVED], state=WRITTEN_OFF, at=START)
    assert [one.on_hand for one in books.inventory.load()] == [0]
    assert (booked(books, "write_offs"), booked(books, "cost_of_goods")) == (2_000, 0)
    with pytest.raises(ValueError, match="cannot go from"):
        books.returns.advance("r1", expected=[WRITTEN_OFF], state=RESTOCKED, at=START)
    assert books.broken_invariants() == {}


def test_r05_no_more_comes_back_than_was_sold(books: SqlBooks) -> None:
    order = sold(books, 2)
    assert books.returns.open("r1", order.order_id, 1, "why", START) is not None
    assert books.returns.open("r1", order.order_id, 1, "why", START) is None
    for units in (0, 2):
        with pytest.raises(ReturnRefusedError):
            books.returns.open("r2", order.order_id, units, "why", START)
    with pytest.raises(LookupError):
        books.returns.open("r2", "none", 1, "why", START)
    assert books.returns.advance("r1", expected=[REQUESTED], state=CLOSED, at=START)
    assert books.returns.open("r2", order.order_id, 2, "why", START) is not None
    assert not books.returns.advance("none", expected=[REQUESTED], state=CLOSED, at=START)


def test_r06_a_refund_is_given_once_and_never_above_what_was_paid(books: SqlBooks) -> None:
    order = sold(books)  # 54.00 paid, 7.00 fee
    come_back(books, order)
    for refund, fee_back in ((5_401, 0), (0, 0), (100, 701), (100, -1)):
        with pytest.raises(ReturnRefusedError):
            books.returns.refund("r1", usd(refund), usd(fee_back), START)
    with pytest.raises(MoneyError):
        books.returns.refund("r1", Money(1, "EUR"), Money(0, "EUR"), START)
    with pytest.raises(LookupError):
        books.returns.refund("none", usd(1), usd(0), START)
    assert books.returns.refund("r1", usd(5_400), usd(600), START + HOUR)
    assert not books.returns.refund("r1", usd(5_400), usd(600), START)
    assert (booked(books, "refunds"), booked(books, "selling_fees"), booked(books, "receivable")) == (5_400, 100, -100)
    assert books.totals()["profit_minor"] == order.profit.minor - 4_800
    assert books.broken_invariants() == {}


def test_r07_refunds_of_one_order_add_up(books: SqlBooks) -> None:
    order = sold(books, 2)  # 104.00 paid
    for name in ("r1", "r2"):
        books.returns.open(name, order.order_id, 1, "why", START)
    assert books.returns.refund("r1", usd(6_000), usd(400), START)
    with pytest.raises(ReturnRefusedError):
        books.returns.refund("r2", usd(5_000), usd(0), START)
    with pytest.raises(ReturnRefusedError):
        books.returns.refund("r2", usd(4_000), usd(301), START)
    assert books.returns.refund("r2", usd(4_000), usd(300), START)


def test_r08_units_of_several_lots_come_back_at_their_own_cost(books: SqlBooks) -> None:
    for number, cost in ((1, 2_000), (2, 2_400)):
        bought = buy(books, number, START, total=cost)
        books.inventory.receive(lot(bought, START + number * HOUR, sku="shared", unit_cost=usd(cost)))
    order = books.orders.import_order(outlet_order("shared", quantity=2), usd(0), fee_estimated=False)
    assert order is not None
    come_back(books, order, name="r1")
    come_back(books, order, name="r2")
    assert [case.cost for case in books.returns.load()] == [usd(2_400), usd(2_000)]
    assert books.returns.advance("r1", expected=[RECEIVED], state=RESTOCKED, at=START)
    assert booked(books, "inventory") == 2_400
    assert books.broken_invariants() == {}


def test_r09_a_settled_fee_corrects_the_estimate_once(books: SqlBooks) -> None:
    order = sold(books, estimated=True)
    assert order.estimated_fee == usd(700)
    assert books.settlements.settle_fee(order.order_id, usd(760), "s1", START) == usd(60)
    assert books.settlements.settle_fee(order.order_id, usd(760), "s1", START) is None
    (settled,) = books.orders.load()
    assert (settled.fee, settled.estimated_fee, settled.fee_estimated) == (usd(760), usd(700), False)
    assert (booked(books, "selling_fees"), booked(books, "receivable")) == (760, 4_640)
    with pytest.raises(AlreadySettledError, match=r"s1 settled this line, its fee is 7.60 USD; this one says 0.50 USD"):
        books.settlements.settle_fee(order.order_id, usd(50), "s2", START)
    assert books.settlements.settle_fee(order.order_id, usd(50), "s2", START, Again.ADD) == usd(50)
    assert books.settlements.settle_fee(order.order_id, usd(-10), "s3", START, Again.ADD) == usd(-10)
    assert books.settlements.settle_fee(order.order_id, usd(740), "s4", START, Again.REPLACE) == usd(-60)
    assert books.settlements.settle_fee(order.order_id, usd(740), "s4", START, Again.ADD) is None
    assert books.orders.load()[0].fee == usd(740)
    with pytest.raises(LookupError):
        books.settlements.settle_fee("none", usd(1), "s1", START)
    with pytest.raises(MoneyError):
        books.settlements.settle_fee(order.order_id, Money(1, "EUR"), "s5", START, Again.ADD)
    assert books.broken_invariants() == {}


def test_r10_a_single_unit_is_on_one_outlet(books: SqlBooks) -> None:
    offered = listing(stock(books, quantity=2))
    assert books.listings.insert(offered)
    elsewhere = replace(offered, listing_id="l2", outlet="outlet-2")
    assert not books.listings.insert(elsewhere)
    assert not books.listings.insert(replace(elsewhere, quantity=1, shared_buffer=1))
    assert not books.listings.insert(replace(offered, listing_id="l3", sku="none"))


def test_r11_units_are_shared_only_with_a_buffer_and_end_elsewhere_with_a_sale(books: SqlBooks) -> None:
    received = stock(books, quantity=3)
    first = replace(listing(received), quantity=2, shared_buffer=1)
    second = replace(first, listing_id="l2", outlet="outlet-2")
    assert not books.listings.insert(replace(first, quantity=3))
    assert books.listings.insert(first)
    assert not books.listings.insert(replace(second, shared_buffer=None))
    assert books.listings.insert(second)
    assert not books.listings.insert(replace(second, listing_id="l3"))
    for outlet in ("outlet-1", "outlet-2"):
        pending, active = [ListingState.PENDING], ListingState.ACTIVE
        assert books.listings.advance(first.sku, expected=pending, state=active, outlet=outlet)
    assert books.broken_invariants() == {}
    assert books.listings.store_price(first.sku, usd(5_000), usd(4_500), "why", START, outlet="outlet-2")
    assert {one.outlet: one.price for one in books.listings.load()}["outlet-1"] == usd(5_000)
    books.orders.import_order(outlet_order(first.sku), usd(0), fee_estimated=False)
    states = {one.outlet: (one.state, one.quantity) for one in books.listings.load()}
    assert states == {"outlet-1": (ListingState.ACTIVE, 1), "outlet-2": (ListingState.ENDING, 0)}
    assert not books.listings.insert(replace(second, listing_id="l4", quantity=1))
    assert books.broken_invariants() == {}


def test_r12_a_lot_is_renamed_only_while_nobody_offers_it(books: SqlBooks) -> None:
    offered = offer_for_sale(books, quantity=2)
    assert not books.inventory.rename(offered.lot_id, offered.sku, "again")
    books.listings.advance(offered.sku, expected=[ListingState.ACTIVE], state=ListingState.WITHDRAWN)
    assert books.inventory.rename(offered.lot_id, offered.sku, "again")
    assert not books.inventory.rename(offered.lot_id, offered.sku, "again")
    # A late order of the old name still takes its unit, and ends what shows too many by now.
    received = books.inventory.load()[0]
    assert books.listings.insert(replace(listing(received), listing_id="l2"))
    assert books.orders.import_order(outlet_order(offered.sku), usd(0), fee_estimated=False) is not None
    assert [one.on_hand for one in books.inventory.load()] == [1]
    assert [one.state for one in books.listings.load() if one.sku == "again"] == [ListingState.ENDING]
    assert books.broken_invariants() == {}


def test_r13_a_rule_makes_its_first_run_once(books: SqlBooks) -> None:
    change = PriceChange("sku-1", usd(5_000), usd(4_500), "why")
    assert not books.suggestions.has_run("outlet-1", "rule")
    assert books.suggestions.store_first("outlet-1", "rule", [change], START)
    assert not books.suggestions.store_first("outlet-1", "rule", [change], START)
    assert books.suggestions.has_run("outlet-1", "rule")
    assert not books.suggestions.has_run("outlet-2", "rule")
    assert books.suggestions.load("outlet-1", "rule") == [change]


def test_r14_a_listing_keeps_what_it_says(books: SqlBooks) -> None:
    said = {"brand": "Kett", "mpn": "K1", "description": "Boils.", "photos": ("https://example.org/1.jpg",)}
    offered = replace(listing(stock(books)), **said)
    assert books.listings.insert(offered)
    assert books.listings.load() == [offered]


def test_r15_a_sheet_belongs_to_a_product(books: SqlBooks) -> None:
    with pytest.raises(IntegrityError):
        books.sheets.put(ProductSheet("none"), "me", START)
    assert books.sheets.load() == {}
