"""The sandbox's JSON to the words of the trade.

What belongs here: reading one document each, strictly: a field that is missing or of another type is refused with
`UnreadableAnswerError`, or is None where the domain knows "the shop did not say". Nothing here sends anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from arb_pipelines.adapters.marketplaces.sandbox.client import Answer, UnreadableAnswerError
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
    body = _object(answer.body, "the quote")
    if answer.status == 404 and body.get("code") == "UNKNOWN_SKU":
        return BuyQuote(sku, None, False)
    if not answer.is_good:
        raise UnreadableAnswerError(f"the quote was answered {answer.status} {body.get('code', '')}")
    total, currency, units = body.get("total_minor"), body.get("currency"), body.get("available")
    known = type(total) is int and total > 0 and isinstance(currency, str)
    in_stock = units > 0 if type(units) is int else None
    return BuyQuote(_text(body, "sku"), _minor(body, "total_minor") if known else None, in_stock)


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
    body = _object(document, "the order")
    delivered_at = body.get("delivered_at")
    quantity = body.get("quantity")
    if type(quantity) is not int or quantity < 1:
        raise UnreadableAnswerError(f"the order's quantity is {quantity!r}")
    return PlacedOrder(
        shop_order_id=_text(body, "order_id"),
        reference=_text(body, "reference") if body.get("reference") is not None else None,
        sku=_text(body, "sku"),
        quantity=quantity,
        total=_minor(body, "total_minor"),
        placed_at=_time(body.get("placed_at"), "placed_at"),
        delivered_at=None if delivered_at is None else _time(delivered_at, "delivered_at"),
    )


def parse_outlet_orders(document: Any) -> list[OutletOrder]:
    """Return the lines of one order of the channel.

    Its fee is for the whole order, so it is told only where the order has one line; otherwise it is None.

    Raises:
        UnreadableAnswerError: a field is missing or wrong.
    """
    order = _object(document, "the channel's order")
    lines = _list(order.get("lineItems"), "lineItems")
    alone = len(lines) == 1
    fee, due = order.get("totalMarketplaceFee"), _part(order, "paymentSummary").get("totalDueSeller")
    return [
        _outlet_order(
            order,
            _object(line, "the line item"),
            _money(fee, "totalMarketplaceFee") if alone and fee is not None else None,
            _money(due, "totalDueSeller") if alone and due is not None else None,
        )
        for line in lines
    ]


def _outlet_order(
    order: Mapping[str, Any], line: Mapping[str, Any], fee: Money | None, due: Money | None
) -> OutletOrder:
    price = _money(line.get("lineItemCost"), "lineItemCost")
    quantity = line.get("quantity")
    if type(quantity) is not int or quantity < 1:
        raise UnreadableAnswerError(f"the line item's quantity is {quantity!r}")
    taxes = [_part({"tax": tax}, "tax") for tax in _list(line.get("ebayCollectAndRemitTaxes") or [], "taxes")]
    return OutletOrder(
        outlet=OUTLET,
        outlet_order_id=_text(order, "orderId"),
        line_item_id=_text(line, "lineItemId"),
        sku=_text(line, "sku"),
        quantity=quantity,
        item_price=price,
        shipping_paid=_money(_part(line, "deliveryCost").get("shippingCost"), "shippingCost"),
        tax=_sum([_money(tax.get("amount"), "tax") for tax in taxes], price.currency),
        fee=fee,
        due=due,
        ordered_at=_time(order.get("creationDate"), "creationDate"),
        shipped=line.get("lineItemFulfillmentStatus") == "FULFILLED",
    )


def parse_sale(document: Any) -> SoldPrice:
    """Return one completed sale; the days it took stand in a field of the sandbox's own.

    Raises:
        UnreadableAnswerError: a field is missing or wrong.
    """
    body = _object(document, "the sale")
    categories = _list(body.get("categories") or [{}], "categories")
    category = CATEGORY_NAMES.get(str(_part({"category": categories[0]}, "category").get("categoryId")))
    condition = from_ebay(str(body.get("conditionId")), category or "")
    days = body.get("sandboxDaysOnMarket")
    return SoldPrice(
        sale_id=f"{OUTLET}:{_text(body, 'itemId')}",
        outlet=OUTLET,
        title=_text(body, "title"),
        gtin=str(body["sandboxGtin"]) if body.get("sandboxGtin") else None,
        category=category,
        condition=str(condition) if condition else None,
        price=_money(body.get("lastSoldPrice"), "lastSoldPrice"),
        sold_at=_time(body.get("lastSoldDate"), "lastSoldDate"),
        days_to_sell=float(days) if type(days) is int and days >= 0 else None,
    )


def parse_refusal(answer: Answer, what: str) -> OutletRefusedError:
    """Return the channel's refusal with its first error number."""
    errors = answer.body.get("errors") if isinstance(answer.body, dict) else None
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
    code = f"outlet_{first.get('errorId', answer.status)}"
    return OutletRefusedError(code, f"{what}: {answer.status} {first.get('message', 'without a stated reason')}")


def write_money(money: Money) -> dict[str, str]:
    """Return an amount as the channel reads it."""
    return {"value": money.text, "currency": money.currency}


def write_time(moment: datetime) -> str:
    """Return a time as both shops and channel read it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def read_price(document: Any) -> Money:
    """Return the price of an offer document.

    Raises:
        UnreadableAnswerError: there is none.
    """
    return _money(_part(_object(document, "the offer"), "pricingSummary").get("price"), "price")


def _object(value: Any, what: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise UnreadableAnswerError(f"{what} is not a JSON object")
    return value


def _part(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return a document inside another; one that is missing is empty."""
    return _object(body.get(name) or {}, name)


def _list(value: Any, what: str) -> list[Any]:
    if not isinstance(value, list):
        raise UnreadableAnswerError(f"{what} is not a list")
    return value


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise UnreadableAnswerError(f"{name} is missing")
    return value


def _minor(body: Mapping[str, Any], name: str) -> Money:
    value = body.get(name)
    if type(value) is not int:
        raise UnreadableAnswerError(f"{name} is {value!r}, not a whole number")
    try:
        return Money(value, _text(body, "currency"))
    except MoneyError as error:
        raise UnreadableAnswerError(f"{name}: {error}") from error


def _money(value: Any, name: str) -> Money:
    body = _object(value, name)
    try:
        money = Money.exact(_text(body, "value"), _text(body, "currency"))
    except MoneyError as error:
        raise UnreadableAnswerError(f"{name}: {error}") from error
    if money.minor < 0:
        raise UnreadableAnswerError(f"{name} is {money}, below zero")
    return money


def _sum(amounts: Sequence[Money], currency: str) -> Money:
    try:
        return sum(amounts, Money.zero(currency))
    except MoneyError as error:
        raise UnreadableAnswerError(f"amounts in two currencies: {error}") from error


def _time(value: Any, name: str) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise UnreadableAnswerError(f"{name} is {value!r}, not a time") from error
    if moment.tzinfo is None:
        raise UnreadableAnswerError(f"{name} is {value!r}, a time without a zone")
    return moment.astimezone(UTC)
