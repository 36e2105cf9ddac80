"""What Amazon really took: only where the bookings of a sale add up, else the estimate stays."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from arb_pipelines.adapters.http.answers import UnreadableAnswerError
from arb_pipelines.adapters.marketplaces.amazon.finances import parse_sale
from arb_pipelines.domain.order import Order
from arb_pipelines_tests.adapters.marketplaces.amazon.account import NOW, STORE, an_order, open_amazon
from arb_pipelines_tests.contracts.trade_records import usd

ORDER = an_order()  # a sale of 20.00
ID = "111-1111111-1111111"


def amount(text: str, currency: str = "USD") -> dict[str, Any]:
    return {"currencyAmount": float(text), "currencyCode": currency}


def sale(credited: str = "17.00", fee: str = "-3.00", sku: str | None = None, **changes: Any) -> dict[str, Any]:
    """Return the booking of a sale; with a SKU its money stands at an item."""
    kinds = [{"breakdownType": "ProductCharges", "breakdownAmount": amount("20.00")}]
    kinds.append(
        {"breakdownType": "Expenses", "breakdowns": [{"breakdownType": "AmazonFees", "breakdownAmount": amount(fee)}]}
    )
    money: dict[str, Any] = {"totalAmount": amount(credited), "breakdowns": kinds}
    contexts = [{"contextType": "ProductContext", "sku": sku, "asin": "B0", "quantityShipped": 1}]
    parts = money if sku is None else {"items": [{**money, "contexts": contexts}]}
    return {
        "transactionType": "Shipment",
        "transactionStatus": "RELEASED",
        "relatedIdentifiers": [{"relatedIdentifierName": "ORDER_ID", "relatedIdentifierValue": ID}],
        **parts,
        **changes,
    }


def told(*bookings: dict[str, Any], orders: tuple[Order, ...] = (ORDER,)) -> dict[str, Any]:
    amazon = open_amazon()
    amazon.vendor.reply("listTransactions", {"payload": {"transactions": list(bookings)}})
    found: dict[str, Any] = amazon.seller.fetch_settled_fees(orders)
    return found


@pytest.mark.parametrize(
    "bookings",
    [
        [sale()],
        [sale(sku="LOT-1")],
        [sale(sku="LOT-1"), sale("5.00", "-1.00", sku="LOT-2")],
        [sale("9.00", "-1.00"), sale("8.00", "-2.00")],  # two parcels
        [sale(transactionStatus="DEFERRED"), sale(transactionStatus="DEFERRED_RELEASED"), sale()],
    ],
)
def test_a_fee_that_adds_up(bookings: list[dict[str, Any]]) -> None:
    assert told(*bookings) == {ORDER.order_id: usd(300)}


@pytest.mark.parametrize(
    "bookings",
    [
        [],
        [sale("18.00")],
        [sale(transactionStatus="DEFERRED")],
        [sale(transactionType="Refund")],
        [sale(relatedIdentifiers=[])],
        [sale(breakdowns=[])],
        [sale(sku="LOT-2")],
        [sale("20.00", "0.00")],
        [sale("23.00", "3.00")],
        [sale(totalAmount=None)],
    ],
)
def test_what_is_not_certain_is_not_told(bookings: list[dict[str, Any]]) -> None:
    shown = [{name: value for name, value in one.items() if value is not None} for one in bookings]
    assert told(*shown) == {}


def test_two_lines_of_an_order_need_their_skus() -> None:
    other = replace(ORDER, order_id="other", line_item_id="2", sku="LOT-2", revenue=usd(600))
    assert told(sale(), orders=(ORDER, other)) == {}
    both = told(sale(sku="LOT-1"), sale("5.00", "-1.00", sku="LOT-2"), orders=(ORDER, other))
    assert both == {ORDER.order_id: usd(300), "other": usd(100)}


def test_what_is_asked_and_pages() -> None:
    """Every marketplace, since a day before the oldest sale but at most 179 days; the token stands in the payload."""
    amazon = open_amazon()
    amazon.vendor.reply_next("listTransactions", {"payload": {"nextToken": "t1"}})
    amazon.vendor.reply_next("listTransactions", {"payload": {"transactions": [sale()]}})
    assert amazon.seller.fetch_settled_fees([ORDER]) == {ORDER.order_id: usd(300)}
    asked = [one.values for one in amazon.vendor.exchanges if one.operation == "listTransactions"]
    assert asked == [
        {"postedAfter": "2026-05-03T12:00:00.000Z"},
        {"postedAfter": "2026-05-03T12:00:00.000Z", "nextToken": "t1"},
    ]
    amazon.vendor.reply("listTransactions", {"payload": {}})
    amazon.seller.fetch_settled_fees([replace(ORDER, ordered_at=NOW - timedelta(days=400))])
    assert amazon.vendor.exchanges[-1].values["postedAfter"] == "2025-11-06T12:00:00.000Z"
    assert STORE not in str(asked)


@pytest.mark.parametrize("money", [{"currencyAmount": "1.00", "currencyCode": "USD"}, {"currencyAmount": 1}, [1]])
def test_an_amount_that_is_none_is_refused(money: Any) -> None:
    with pytest.raises(UnreadableAnswerError):
        list(parse_sale(sale(totalAmount=money)))
