"""What eBay's orders show of cancellations and refunds; the fee that came back only where the bookings add up."""

from __future__ import annotations

from typing import Any

import pytest

from arb_pipelines.adapters.marketplaces.ebay.returns import parse_returns
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.return_case import ToldReturn
from arb_pipelines_tests.adapters.marketplaces.ebay.stand import order, order_line, page, sell
from arb_pipelines_tests.contracts.trade_records import usd
from arb_pipelines_tests.contracts.vendor_transport import ContractTransport
from arb_pipelines_tests.fakes.clock import START


def money(text: str) -> dict[str, str]:
    return {"value": text, "currency": "USD"}


def refund(text: str, status: str = "REFUNDED") -> dict[str, Any]:
    return {"amount": money(text), "refundStatus": status, "refundDate": "2026-01-09T10:00:00.000Z"}


def refunded(*refunds: dict[str, Any], lines: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    summary = {"totalDueSeller": money("46.50"), "refunds": list(refunds)}
    return order(*lines, paymentSummary=summary, orderPaymentStatus="FULLY_REFUNDED")


def booking(amount: str, *fees: str, kind: str = "REFUND") -> dict[str, Any]:
    lines = [{"lineItemId": "l-1", "marketplaceFees": [{"amount": money(fee)} for fee in fees]}]
    return {"transactionType": kind, "orderId": "o-1", "amount": money(amount), "orderLineItems": lines}


TWO = (order_line(), order_line(lineItemId="l-2"))


@pytest.mark.parametrize(
    ("document", "told"),
    [
        (order(), []),
        (order(cancelStatus={"cancelState": "CANCELED"}), [ToldReturn("o-1", "l-1", True)]),
        (order(cancelStatus={"cancelState": "CANCEL_REQUESTED"}), []),
        (refunded(refund("54.00")), [ToldReturn("o-1", "l-1", False, usd(5_400))]),
        (refunded(refund("4.00"), refund("50.00")), [ToldReturn("o-1", "l-1", False, usd(5_400))]),
        (refunded(refund("54.00", "PENDING")), []),
        (refunded(refund("9.00"), lines=TWO), []),
        (
            refunded(lines=(order_line(refunds=[refund("9.00")]), TWO[1])),
            [ToldReturn("o-1", "l-1", False, usd(900))],
        ),
    ],
)
def test_what_an_order_shows(document: dict[str, Any], told: list[ToldReturn]) -> None:
    assert parse_returns(document) == told


@pytest.mark.parametrize(
    ("bookings", "fee_back"),
    [
        ([booking("47.30", "6.30", "0.40")], usd(670)),
        ([booking("47.30", "6.70"), booking("60.00", "7.00", kind="SALE")], usd(670)),
        ([booking("54.00")], usd(0)),
        ([booking("54.00", "6.70")], None),
        ([], None),
    ],
)
def test_the_fee_that_came_back(bookings: list[dict[str, Any]], fee_back: Money | None) -> None:
    vendor = ContractTransport("ebay")
    vendor.reply("getOrders", page("orders", refunded(refund("54.00"))))
    vendor.reply("getTransactions", page("transactions", *bookings))
    assert sell(vendor).fetch_returns(START) == [ToldReturn("o-1", "l-1", False, usd(5_400), fee_back)]


def test_bookings_that_are_refused_tell_no_fee() -> None:
    """As those of sellers in the EU are; without a refund they are not asked for."""
    vendor = ContractTransport("ebay")
    vendor.reply("getOrders", page("orders", refunded(refund("54.00"))))
    vendor.reply("getTransactions", {"errors": [{"errorId": 215002}]}, status=403)
    assert sell(vendor).fetch_returns(START)[0].fee_back is None
    vendor.reply("getOrders", page("orders", order(cancelStatus={"cancelState": "CANCELED"})))
    asked = vendor.operations["getTransactions"]
    assert sell(vendor).fetch_returns(START) == [ToldReturn("o-1", "l-1", True)]
    assert vendor.operations["getTransactions"] == asked
