"""eBay's orders: paid ones, with the money of each line; each parcel told once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from arb_pipelines.adapters.http.answers import NoAnswerError, UnreadableAnswerError
from arb_pipelines.adapters.http.fields import write_time
from arb_pipelines.adapters.marketplaces.ebay.orders import EbayOrders
from arb_pipelines.adapters.marketplaces.ebay.parse import parse_line_fees
from arb_pipelines.domain.outlet import OutletRefusedError
from arb_pipelines_tests.adapters.marketplaces.ebay.stand import LISTING, connect, order, order_line, page, sell
from arb_pipelines_tests.contracts.trade_records import usd
from arb_pipelines_tests.contracts.vendor_faults import NoAnswer
from arb_pipelines_tests.contracts.vendor_transport import ContractTransport
from arb_pipelines_tests.fakes.clock import START
from arb_pipelines_tests.reports.test_profit_and_loss import order as sold_order

SOLD = replace(sold_order(1, 0, 5_000, 672, 2_000), outlet="ebay", outlet_order_id="o-1", line_item_id="l-1")


@pytest.fixture
def vendor() -> ContractTransport:
    return ContractTransport("ebay")


def orders_of(vendor: ContractTransport) -> EbayOrders:
    return EbayOrders(connect(vendor), "USPS")


def fetched(vendor: ContractTransport, *found: dict[str, Any]) -> list[Any]:
    vendor.reply("getOrders", page("orders", *found))
    return orders_of(vendor).fetch(None)


def test_the_money_of_a_line(vendor: ContractTransport) -> None:
    """Tax is apart; the fee is told where the order has one line."""
    [line] = fetched(vendor, order())
    assert (line.item_price, line.shipping_paid, line.tax) == (usd(5_000), usd(400), usd(378))
    assert (line.fee, line.due, line.quantity, line.shipped) == (usd(750), usd(4_650), 1, False)
    assert (line.sku, line.outlet, line.ordered_at) == (LISTING.sku, "ebay", datetime(2026, 1, 5, 10, tzinfo=UTC))
    assert line.ship_by == datetime(2026, 1, 8, 7, 59, 59, tzinfo=UTC)


def test_discounts_and_handling_count(vendor: ContractTransport) -> None:
    """What the buyer paid, not what was asked."""
    cost = {"shippingCost": {"value": "4.00", "currency": "USD"}, "handlingCost": {"value": "1.00", "currency": "USD"}}
    line = order_line(discountedLineItemCost={"value": "45.00", "currency": "USD"}, deliveryCost=cost)
    [found] = fetched(vendor, order(line))
    assert (found.item_price, found.shipping_paid) == (usd(4_500), usd(500))


def test_the_fee_of_two_lines_is_not_split(vendor: ContractTransport) -> None:
    """Who paid which part is not told."""
    lines = fetched(vendor, order(order_line(), order_line(lineItemId="l-2")))
    assert [(line.fee, line.due) for line in lines] == [(None, None), (None, None)]


@pytest.mark.parametrize(
    "change",
    [
        {"orderPaymentStatus": "PENDING"},
        {"orderPaymentStatus": "FAILED"},
        {"cancelStatus": {"cancelState": "CANCELED"}},
    ],
)
def test_what_is_not_paid_or_was_cancelled_is_not_shipped(vendor: ContractTransport, change: dict[str, Any]) -> None:
    """It comes again when it is paid: the last change counts, not the order's date."""
    assert fetched(vendor, order(**change)) == []
    orders_of(vendor).fetch(START)
    assert vendor.exchanges[-1].values["filter"].startswith("lastmodifieddate:[2026-")


def test_a_line_without_a_sku_is_not_ours(vendor: ContractTransport) -> None:
    """It was listed by hand; the import says so, and imports the others."""
    [line] = fetched(vendor, order(order_line(sku=None)))
    assert line.sku == "ebay-item:11"


@pytest.mark.parametrize("change", [{"orderPaymentStatus": "LATER"}, {"orderPaymentStatus": None}, {"orderId": None}])
def test_an_order_that_is_not_understood_stops_the_import(vendor: ContractTransport, change: dict[str, Any]) -> None:
    """Half an import would look like a whole one."""
    with pytest.raises(UnreadableAnswerError):
        fetched(vendor, order(**change))


def test_pages_are_read_to_the_end(vendor: ContractTransport) -> None:
    """An order that stands on two pages, because one came in between, is one order."""
    for number in (1, 2):
        shown = [order(orderId=f"o-{number}"), order(orderId="o-0")]
        vendor.reply_next("getOrders", {"total": 400, "orders": shown, "next": "https://api.ebay.com/more"})
    vendor.reply_next("getOrders", {"total": 400, "orders": [order(orderId="o-3")]})
    found = orders_of(vendor).fetch(None)
    assert [line.outlet_order_id for line in found] == ["o-0", "o-1", "o-2", "o-3"]
    assert [exchange.values["offset"] for exchange in vendor.exchanges[1:]] == ["0", "200", "400"]


@pytest.mark.parametrize("body", [{"total": 5, "orders": [], "next": "x"}, {"total": 5, "orders": []}, {"total": 0}])
def test_a_list_that_breaks_off_is_refused(vendor: ContractTransport, body: dict[str, Any]) -> None:
    """An empty page in the middle is no end."""
    vendor.reply("getOrders", body)
    if body == {"total": 5, "orders": []}:
        assert orders_of(vendor).fetch(None) == []  # fewer than counted: one was deleted meanwhile
        return
    with pytest.raises(UnreadableAnswerError):
        orders_of(vendor).fetch(None)


def test_a_parcel_is_told_once(vendor: ContractTransport) -> None:
    """eBay would make a second parcel of the same number; signs that it does not take are left out."""
    vendor.reply("getShippingFulfillments", page("fulfillments"))
    vendor.reply("createShippingFulfillment", {}, status=201)
    orders_of(vendor).confirm_shipment(SOLD, "94-00 1", START)
    [body] = vendor.bodies("createShippingFulfillment")
    assert (body["trackingNumber"], body["shippingCarrierCode"]) == ("94001", "USPS")
    assert body["lineItems"] == [{"lineItemId": "l-1", "quantity": SOLD.quantity}]
    vendor.reply("getShippingFulfillments", page("fulfillments", {"shipmentTrackingNumber": "94001"}))
    orders_of(vendor).confirm_shipment(SOLD, "94001", START)
    assert vendor.operations["createShippingFulfillment"] == 1


def test_a_parcel_of_another_carrier(vendor: ContractTransport) -> None:
    """The order's own word goes before the setting's."""
    vendor.reply("getShippingFulfillments", page("fulfillments"))
    vendor.reply("createShippingFulfillment", {"errors": [{"errorId": 1}]}, status=409)
    orders_of(vendor).confirm_shipment(replace(SOLD, carrier="UPS"), "1Z", START)
    assert vendor.bodies("createShippingFulfillment")[0]["shippingCarrierCode"] == "UPS"


def test_a_parcel_whose_answer_was_lost(vendor: ContractTransport) -> None:
    """It is not told again in the same call, and refusals are told."""
    vendor.reply("getShippingFulfillments", page("fulfillments"))
    vendor.fail_next(NoAnswer(), operation="createShippingFulfillment")
    with pytest.raises(NoAnswerError):
        orders_of(vendor).confirm_shipment(SOLD, "94001", START)
    assert vendor.operations["createShippingFulfillment"] == 1
    vendor.reply("createShippingFulfillment", {"errors": [{"errorId": 32200}]}, status=400)
    with pytest.raises(OutletRefusedError) as caught:
        orders_of(vendor).confirm_shipment(SOLD, "94001", START)
    assert caught.value.code == "outlet_32200"


def test_the_fees_of_lines(vendor: ContractTransport) -> None:
    """All kinds of fee of a line together; only sales have lines. The finances have a host of their own."""
    fees = [{"feeType": kind, "amount": {"value": "1.10", "currency": "USD"}} for kind in ("FINAL", "FIXED")]
    sale = {
        "transactionType": "SALE",
        "orderId": "o-1",
        "orderLineItems": [{"lineItemId": "l-1", "marketplaceFees": fees}, {"lineItemId": "l-2"}],
    }
    payout = {"transactionType": "TRANSFER", "transactionId": "t"}
    vendor.reply("getTransactions", page("transactions", sale, payout))
    assert orders_of(vendor).fetch_line_fees(START) == {("o-1", "l-1"): usd(220)}
    assert vendor.exchanges[-1].request.url.host == "apiz.ebay.com"
    vendor.reply("getTransactions", None, status=204)
    assert orders_of(vendor).fetch_line_fees(START) == {}
    with pytest.raises(UnreadableAnswerError):
        parse_line_fees({**sale, "orderId": None})


def test_the_settled_fees_of_our_orders(vendor: ContractTransport) -> None:
    """Of the lines that we know, since a day before the oldest of them."""
    fees = [{"amount": {"value": "6.50", "currency": "USD"}}, {"amount": {"value": "0.40", "currency": "USD"}}]
    lines = [{"lineItemId": "l-1", "marketplaceFees": fees}, {"lineItemId": "l-9", "marketplaceFees": fees}]
    vendor.reply(
        "getTransactions", page("transactions", {"transactionType": "SALE", "orderId": "o-1", "orderLineItems": lines})
    )
    assert sell(vendor).fetch_settled_fees([SOLD]) == {SOLD.order_id: usd(690)}
    since = write_time(SOLD.ordered_at - timedelta(days=1))
    assert vendor.exchanges[-1].values["filter"] == f"transactionDate:[{since}..]"
