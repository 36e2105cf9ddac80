"""Reading the sandbox's JSON: right, unknown as None, or refused; never anything else."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arb_pipelines.adapters.http.answers import Answer, UnreadableAnswerError
from arb_pipelines.adapters.http.fields import write_time
from arb_pipelines.adapters.marketplaces.sandbox.parse import (
    parse_outlet_orders,
    parse_placed_order,
    parse_placement,
    parse_quote,
    parse_refusal,
    parse_sale,
)
from arb_pipelines.domain.purchase import BuyQuote, OrderRefused, PlacedOrder
from arb_pipelines_tests.contracts.broken_documents import broken
from arb_pipelines_tests.contracts.trade_records import usd

QUOTE = {"sku": "S1", "total_minor": 1299, "currency": "USD", "available": 2, "quoted_at": "2026-01-05T09:00:00.000Z"}
ORDER = {
    "order_id": "shop-1-000001", "reference": "pu-1", "sku": "S1", "quantity": 1, "total_minor": 1299,
    "currency": "USD", "status": "placed", "placed_at": "2026-01-05T09:00:00.000Z",
}  # fmt: skip
USD_5 = {"value": "5.00", "currency": "USD"}
LINE = {
    "lineItemId": "10", "sku": "ARB-1", "quantity": 1, "lineItemCost": {"value": "50.00", "currency": "USD"},
    "deliveryCost": {"shippingCost": {"value": "0.00", "currency": "USD"}}, "lineItemFulfillmentStatus": "NOT_STARTED",
    "ebayCollectAndRemitTaxes": [{"taxType": "STATE_SALES_TAX", "amount": {"value": "3.50", "currency": "USD"}}],
}  # fmt: skip
CHANNEL_ORDER = {
    "orderId": "17-00000-00001", "creationDate": "2026-01-05T09:00:00.000Z", "lineItems": [LINE],
    "totalMarketplaceFee": {"value": "6.72", "currency": "USD"},
    "paymentSummary": {"totalDueSeller": {"value": "43.28", "currency": "USD"}},
}  # fmt: skip
SALE = {
    "itemId": "v1|1|0", "title": "Kettle", "categories": [{"categoryId": "90002"}], "conditionId": "4000",
    "lastSoldDate": "2026-01-05T09:00:00.000Z", "lastSoldPrice": USD_5, "sandboxDaysOnMarket": 4,
    "sandboxGtin": "9526517000001",
}  # fmt: skip


def test_a_quote() -> None:
    """The total of one unit, and whether there is one."""
    assert parse_quote("S1", Answer(200, QUOTE)) == BuyQuote("S1", usd(1299), True)
    assert parse_quote("S1", Answer(200, QUOTE | {"available": 0})).in_stock is False


@pytest.mark.parametrize("field", ["total_minor", "currency", "available"])
@pytest.mark.parametrize("value", [None, "1299", 12.99, True])
def test_what_a_quote_does_not_say_is_unknown(field: str, value: Any) -> None:
    """Never zero, never in stock."""
    if (field, value) == ("currency", "1299"):
        with pytest.raises(UnreadableAnswerError):
            parse_quote("S1", Answer(200, QUOTE | {field: value}))
        return
    quote = parse_quote("S1", Answer(200, QUOTE | {field: value}))
    assert (quote.in_stock is None) if field == "available" else (quote.total is None)


@pytest.mark.parametrize("total", [0, -5])
def test_a_free_article_is_unknown(total: int) -> None:
    """Nobody gives goods away."""
    assert parse_quote("S1", Answer(200, QUOTE | {"total_minor": total})).total is None


def test_an_unknown_article_is_not_in_stock() -> None:
    """Another 404 is no answer."""
    assert parse_quote("S1", Answer(404, {"code": "UNKNOWN_SKU"})) == BuyQuote("S1", None, False)
    with pytest.raises(UnreadableAnswerError):
        parse_quote("S1", Answer(404, {"error": "no page"}))


def test_an_order_and_its_delivery() -> None:
    """The reference is our purchase id."""
    order = parse_placement(Answer(201, ORDER))
    assert isinstance(order, PlacedOrder)
    assert (order.reference, order.total, order.delivered_at) == ("pu-1", usd(1299), None)
    delivered = parse_placed_order(ORDER | {"delivered_at": "2026-01-06T09:00:00+02:00"})
    assert delivered.delivered_at == datetime(2026, 1, 6, 7, tzinfo=UTC)
    assert parse_placed_order({k: v for k, v in ORDER.items() if k != "reference"}).reference is None


@pytest.mark.parametrize(
    "status, body, refused",
    [
        (409, {"code": "OUT_OF_STOCK", "detail": "0 left"}, True),
        (409, {"code": "PRICE_CHANGED"}, True),
        (400, {"code": "BAD_REQUEST"}, True),
        (401, {"code": "UNAUTHORIZED"}, True),
        (409, {"code": "SOMETHING_NEW"}, False),
        (409, {"code": None}, False),
        (409, None, False),
        (409, ["OUT_OF_STOCK"], False),
        (200, {"code": "OUT_OF_STOCK"}, False),
        (302, None, False),
        (503, {"code": "OUT_OF_STOCK"}, False),
        (404, None, False),
    ],
)
def test_only_a_known_code_with_its_status_is_a_refusal(status: int, body: Any, refused: bool) -> None:
    """Everything else leaves the outcome unknown."""
    found = parse_placement(Answer(status, body))
    assert isinstance(found, OrderRefused) if refused else found is None


def test_a_channel_order() -> None:
    """The fee is the order's, so it is told only where the order has one line."""
    (line,) = parse_outlet_orders(CHANNEL_ORDER)
    assert (line.item_price, line.tax, line.fee, line.due) == (usd(5_000), usd(350), usd(672), usd(4_328))
    assert (line.outlet_order_id, line.line_item_id, line.shipped) == ("17-00000-00001", "10", False)
    two = parse_outlet_orders(CHANNEL_ORDER | {"lineItems": [LINE, LINE | {"lineItemId": "11"}]})
    assert [(line.fee, line.due) for line in two] == [(None, None)] * 2
    without = parse_outlet_orders({k: v for k, v in CHANNEL_ORDER.items() if k != "totalMarketplaceFee"})
    assert without[0].fee is None


def test_a_sale() -> None:
    """In our words; what is not told is None."""
    sale = parse_sale(SALE)
    assert (sale.category, sale.condition, sale.price, sale.days_to_sell) == ("books", "very_good", usd(500), 4.0)
    bare = parse_sale({k: v for k, v in SALE.items() if k in ("itemId", "title", "lastSoldDate", "lastSoldPrice")})
    assert (bare.category, bare.condition, bare.gtin, bare.days_to_sell) == (None, None, None, None)


def test_a_refusal_names_its_number() -> None:
    """Also where the body says nothing."""
    refusal = parse_refusal(Answer(400, {"errors": [{"errorId": 25021, "message": "bad condition"}]}), "PUT x")
    assert (refusal.code, str(refusal)) == ("outlet_25021", "PUT x: 400 bad condition")
    assert parse_refusal(Answer(418, None), "x").code == "outlet_418"


@pytest.mark.parametrize("text", ["yesterday", "2026-01-05", "2026-01-05T09:00:00", None, 5])
def test_a_time_has_a_zone(text: Any) -> None:
    """A local time proves nothing."""
    with pytest.raises(UnreadableAnswerError):
        parse_placed_order(ORDER | {"placed_at": text})


def test_times_are_written_in_utc() -> None:
    """Whatever their zone."""
    moment = datetime(2026, 1, 5, 9, tzinfo=timezone(timedelta(hours=2)))
    assert write_time(moment) == "2026-01-05T07:00:00.000Z"


READERS: list[tuple[Any, dict[str, Any]]] = [
    (parse_placed_order, ORDER),
    (parse_outlet_orders, CHANNEL_ORDER),
    (parse_sale, SALE),
    (lambda body: parse_quote("S1", Answer(200, body)), QUOTE),
]


@settings(max_examples=300)
@given(st.data())
def test_a_broken_document_is_read_or_refused(data: st.DataObject) -> None:
    """One value replaced by anything: no other exception comes out."""
    read, document = data.draw(st.sampled_from(READERS))
    with contextlib.suppress(UnreadableAnswerError):
        read(data.draw(broken(document)))
