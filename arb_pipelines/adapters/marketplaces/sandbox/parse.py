"""The sandbox's JSON to the words of the trade.

What belongs here: reading one document each, strictly: a field that is missing or of another type is refused with
`UnreadableAnswerError`, or is None where the domain knows "the shop did not say". Nothing here sends anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from arb_pipelines.adapters.http.answers import Answer, UnreadableAnswerError
from arb_pipelines.adapters.http.fields import (
    read_money,
    read_object,
    read_objects,
    read_part,
    read_text,
    read_time,
    sum_money,
)
from arb_pipelines.domain.condition import from_ebay
from arb_pipelines.domain.money import Money, MoneyError
from arb_pipelines.domain.order import OutletOrder
from arb_pipelines.domain.outlet import OutletRefusedError
from arb_pipelines.domain.price import SoldPrice
from arb_pipelines.domain.purchase import BuyQuote, OrderRefused, PlacedOrder

OUTLET = "sandbox"
CATEGORY_NAMES = {"90001": "most", "90002": "books", "90003": "electronics"}

# Refusals with these codes bought nothing; any other code is no plain answer.
REFUSAL_CODES = frozenset(
    {"PRICE_CHANGED", "OUT_OF_STOCK", "LIMIT_EXCEEDED", "UNKNOWN_SKU", "BAD_REQUEST", "UNAUTHORIZED"}
)


def parse_quote(sku: str, answer: Answer) -> BuyQuote:
    """Return what a shop says an article costs now; an unknown article is not in stock.

    Raises:
        UnreadableAnswerError: neither a quote nor "unknown article".
    """
    body = read_object(answer.body, "the quote")
    if answer.status == 404 and body.get("code") == "UNKNOWN_SKU":
        return BuyQuote(sku, None, False)
    if not answer.is_good:
        raise UnreadableAnswerError(f"the quote was answered {answer.status} {body.get('code', '')}")
    total, currency, units = body.get("total_minor"), body.get("currency"), body.get("available")
    known = type(total) is int and total > 0 and isinstance(currency, str)
    in_stock = units > 0 if type(units) is int else None
    return BuyQuote(read_text(body, "sku"), _minor(body, "total_minor") if known else None, in_stock)


def parse_placement(answer: Answer) -> PlacedOrder | OrderRefused | None:
    """Return the order that a shop took, its plain refusal, or None where the answer is neither."""
    body = answer.body
    if not isinstance(body, dict):
        return None
    if answer.status == 201:
        return parse_placed_order(body)
    code = body.get("code")
    if 400 <= answer.status < 500 and code in REFUSAL_CODES:
        return OrderRefused(str(code).lower(), str(body.get("detail", "")))
    return None


def parse_placed_order(document: Any) -> PlacedOrder:
    """Return one order of a shop's history.

    Raises:
        UnreadableAnswerError: a field is missing or wrong.
    """
    body = read_object(document, "the order")
    delivered_at = body.get("delivered_at")
    quantity = body.get("quantity")
    if type(quantity) is not int or quantity < 1:
        raise UnreadableAnswerError(f"the order's quantity is {quantity!r}")
    return PlacedOrder(
        shop_order_id=read_text(body, "order_id"),
        reference=read_text(body, "reference") if body.get("reference") is not None else None,
        sku=read_text(body, "sku"),
        quantity=quantity,
        total=_minor(body, "total_minor"),
        placed_at=read_time(body.get("placed_at"), "placed_at"),
        delivered_at=None if delivered_at is None else read_time(delivered_at, "delivered_at"),
    )


def parse_outlet_orders(document: Any) -> list[OutletOrder]:
    """Return the lines of one order of the channel.

    Its fee is for the whole order, so it is told only where the order has one line; otherwise it is None.

    Raises:
        UnreadableAnswerError: a field is missing or wrong.
    """
    order = read_object(document, "the channel's order")
    lines = read_objects(order, "lineItems")
    alone = len(lines) == 1
    fee, due = order.get("totalMarketplaceFee"), read_part(order, "paymentSummary").get("totalDueSeller")
    return [
        _outlet_order(
            order,
            line,
            read_money(fee, "totalMarketplaceFee") if alone and fee is not None else None,
            read_money(due, "totalDueSeller") if alone and due is not None else None,
        )
        for line in lines
    ]


def _outlet_order(
    order: Mapping[str, Any], line: Mapping[str, Any], fee: Money | None, due: Money | None
) -> OutletOrder:
    price = read_money(line.get("lineItemCost"), "lineItemCost")
    quantity = line.get("quantity")
    if type(quantity) is not int or quantity < 1:
        raise UnreadableAnswerError(f"the line item's quantity is {quantity!r}")
    taxes = read_objects(line, "ebayCollectAndRemitTaxes", may_miss=True)
    ship_by = read_part(line, "lineItemFulfillmentInstructions").get("shipByDate")
    return OutletOrder(
        outlet=OUTLET,
        outlet_order_id=read_text(order, "orderId"),
        line_item_id=read_text(line, "lineItemId"),
        sku=read_text(line, "sku"),
        quantity=quantity,
        item_price=price,
        shipping_paid=read_money(read_part(line, "deliveryCost").get("shippingCost"), "shippingCost"),
        tax=sum_money([read_money(tax.get("amount"), "tax") for tax in taxes], price.currency),
        fee=fee,
        due=due,
        ordered_at=read_time(order.get("creationDate"), "creationDate"),
        shipped=line.get("lineItemFulfillmentStatus") == "FULFILLED",
        ship_by=None if ship_by is None else read_time(ship_by, "shipByDate"),
    )


def parse_sale(document: Any) -> SoldPrice:
    """Return one completed sale; the days it took stand in a field of the sandbox's own.

    Raises:
        UnreadableAnswerError: a field is missing or wrong.
    """
    body = read_object(document, "the sale")
    categories = read_objects(body, "categories", may_miss=True) or [{}]
    category = CATEGORY_NAMES.get(str(categories[0].get("categoryId")))
    condition = from_ebay(str(body.get("conditionId")), category or "")
    days = body.get("sandboxDaysOnMarket")
    return SoldPrice(
        sale_id=f"{OUTLET}:{read_text(body, 'itemId')}",
        outlet=OUTLET,
        title=read_text(body, "title"),
        gtin=str(body["sandboxGtin"]) if body.get("sandboxGtin") else None,
        category=category,
        condition=str(condition) if condition else None,
        price=read_money(body.get("lastSoldPrice"), "lastSoldPrice"),
        sold_at=read_time(body.get("lastSoldDate"), "lastSoldDate"),
        days_to_sell=float(days) if type(days) is int and days >= 0 else None,
    )


def parse_refusal(answer: Answer, what: str) -> OutletRefusedError:
    """Return the channel's refusal with its first error number."""
    errors = answer.body.get("errors") if isinstance(answer.body, dict) else None
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
    code = f"outlet_{first.get('errorId', answer.status)}"
    return OutletRefusedError(code, f"{what}: {answer.status} {first.get('message', 'without a stated reason')}")


def read_price(document: Any) -> Money:
    """Return the price of an offer document.

    Raises:
        UnreadableAnswerError: there is none.
    """
    return read_money(read_part(read_object(document, "the offer"), "pricingSummary").get("price"), "price")


def _minor(body: Mapping[str, Any], name: str) -> Money:
    value = body.get(name)
    if type(value) is not int:
        raise UnreadableAnswerError(f"{name} is {value!r}, not a whole number")
    try:
        return Money(value, read_text(body, "currency"))
    except MoneyError as error:
        raise UnreadableAnswerError(f"{name}: {error}") from error
