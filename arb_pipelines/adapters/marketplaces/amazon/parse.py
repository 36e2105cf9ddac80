"""Amazon's JSON of our own listings and orders to the words of selling.

What belongs here: reading one document each, strictly: a field that is missing or of another type is refused with
`UnreadableAnswerError`, or is None where the domain knows "the outlet did not say". The catalogue, prices, fees and
stock are `parse_products.py`. Nothing here sends anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from arb_pipelines.adapters.http.answers import UnreadableAnswerError
from arb_pipelines.adapters.http.fields import (
    read_amount,
    read_count,
    read_object,
    read_objects,
    read_optional_text,
    read_part,
    read_text,
    read_time,
    sum_money,
)
from arb_pipelines.adapters.marketplaces.amazon.client import OUTLET
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.order import OutletOrder
from arb_pipelines.domain.return_case import ToldReturn

STATUSES = frozenset({"ACCEPTED", "INVALID", "VALID"})
OURS_TO_SHIP = frozenset({"UNSHIPPED", "PARTIALLY_SHIPPED", "SHIPPED"})
NOT_OURS_TO_SHIP = frozenset({"PENDING_AVAILABILITY", "PENDING", "CANCELLED", "UNFULFILLABLE"})
FOR_THE_GOODS = frozenset({"ITEM", "GIFT_WRAP", "COD_FEE", "OTHER"})
SENT = frozenset({"PENDING", "IN_TRANSIT", "SHIPPED", "DELIVERED"})


@dataclass(frozen=True, slots=True)
class Issue:
    """What Amazon finds wrong with a listing; with `is_error` it keeps the listing or a part of it down."""

    code: str
    message: str
    is_error: bool
    attributes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Submission:
    """What became of a change of a listing: `ACCEPTED` (it will be worked on), `VALID` (a preview) or `INVALID`."""

    sku: str
    status: str
    asin: str | None
    issues: tuple[Issue, ...]


@dataclass(frozen=True, slots=True)
class OwnListing:
    """A SKU of ours as it stands at one store.

    `asin` and `product_type` are None while Amazon still works on it; `price` and `quantity` where it does not say.
    """

    sku: str
    asin: str | None
    product_type: str | None
    is_buyable: bool
    price: Money | None
    quantity: int | None
    errors: tuple[Issue, ...]


def parse_submission(body: Mapping[str, Any], sku: str, marketplace_id: str) -> Submission:
    """Return what became of a change of a SKU.

    Raises:
        UnreadableAnswerError: a field is missing or wrong, or the answer is another SKU's.
    """
    status = read_text(body, "status")
    if status not in STATUSES:
        raise UnreadableAnswerError(f"the submission's status is {status!r:.40}")
    if read_text(body, "sku") != sku:
        raise UnreadableAnswerError(f"the answer for {sku} speaks of another SKU")
    known = [each for each in read_objects(body, "identifiers", may_miss=True) if _is_at(each, marketplace_id)]
    asin = read_optional_text(known[0], "asin") if known else None
    return Submission(sku, status, asin, _issues(body, marketplace_id))


def parse_listing(document: Any, marketplace_id: str) -> OwnListing:
    """Return a SKU of ours as it stands at one store.

    Raises:
        UnreadableAnswerError: a field is missing or wrong.
    """
    body = read_object(document, "the listing")
    summaries = [each for each in read_objects(body, "summaries", may_miss=True) if _is_at(each, marketplace_id)]
    summary: Mapping[str, Any] = summaries[0] if summaries else {}
    statuses = _texts(summary, "status")
    types = [each for each in read_objects(body, "productTypes", may_miss=True) if _is_at(each, marketplace_id)]
    named = read_optional_text(types[0], "productType") if types else None
    return OwnListing(
        sku=read_text(body, "sku"),
        asin=read_optional_text(summary, "asin"),
        product_type=read_optional_text(summary, "productType") or named,
        is_buyable="BUYABLE" in statuses,
        price=_own_price(body, marketplace_id),
        quantity=_own_quantity(body),
        errors=tuple(issue for issue in _issues(body, marketplace_id) if issue.is_error),
    )


def parse_orders(document: Any) -> list[OutletOrder]:
    """Return the lines of one order that are ours to ship or shipped; others have none.

    An order that waits for payment has no lines yet; it comes again when it changes. A line that was cancelled is
    left out. Amazon's fee is not in an order, so `fee` and `due` are None.

    Raises:
        UnreadableAnswerError: a field is missing or wrong, or the status is one we do not know.
    """
    order = read_object(document, "the order")
    fulfilment = read_part(order, "fulfillment")
    status = read_text(fulfilment, "fulfillmentStatus")
    if status not in OURS_TO_SHIP | NOT_OURS_TO_SHIP:
        raise UnreadableAnswerError(f"the order's status is {status!r:.40}")
    if status in NOT_OURS_TO_SHIP:
        return []
    return [
        _order_line(order, line, status == "SHIPPED")
        for line in read_objects(order, "orderItems")
        if read_count(line, "quantityOrdered") > 0 and not _is_cancelled(line)
    ]


def parse_cancelled(document: Any) -> list[ToldReturn]:
    """Return the lines of an order that were cancelled; all of them where the order was.

    Raises:
        UnreadableAnswerError: a field is missing or wrong.
    """
    order = read_object(document, "the order")
    whole = read_text(read_part(order, "fulfillment"), "fulfillmentStatus") == "CANCELLED"
    return [
        ToldReturn(read_text(order, "orderId"), read_text(line, "orderItemId"), is_cancelled=True)
        for line in read_objects(order, "orderItems", may_miss=True)
        if whole or _is_cancelled(line)
    ]


def parse_shipped_lines(document: Any, tracking_number: str) -> set[str]:
    """Return the line items of an order that travel under a tracking number already.

    Raises:
        UnreadableAnswerError: a field is missing or wrong.
    """
    order = read_object(document, "the order")
    found: set[str] = set()
    for package in read_objects(order, "packages", may_miss=True):
        status = read_optional_text(read_part(package, "packageStatus"), "status") or "SHIPPED"
        if read_optional_text(package, "trackingNumber") == tracking_number and status in SENT:
            found |= {read_text(item, "orderItemId") for item in read_objects(package, "packageItems", may_miss=True)}
    return found


def read_amazon_money(value: Any, name: str) -> Money:
    """Return an amount; Amazon writes its fields with small letters or capitals, and the number as text or not.

    Raises:
        UnreadableAnswerError: a part is missing, the amount is below zero or has too many digits.
    """
    body = read_object(value, name)
    small = "amount" in body
    currency = read_text(body, "currencyCode" if small else "CurrencyCode")
    return read_amount(body.get("amount" if small else "Amount"), currency, name)


def _order_line(order: Mapping[str, Any], line: Mapping[str, Any], shipped: bool) -> OutletOrder:
    price, shipping, tax = _proceeds(line)
    product = read_part(line, "product")
    sku = read_optional_text(product, "sellerSku")
    ship_by = read_part(read_part(order, "fulfillment"), "shipByWindow").get("latestDateTime")
    return OutletOrder(
        outlet=OUTLET,
        outlet_order_id=read_text(order, "orderId"),
        line_item_id=read_text(line, "orderItemId"),
        sku=sku or f"asin:{read_text(product, 'asin')}",
        quantity=read_count(line, "quantityOrdered", least=1),
        item_price=price,
        shipping_paid=shipping,
        tax=tax,
        fee=None,
        due=None,
        ordered_at=read_time(order.get("createdTime"), "createdTime"),
        shipped=shipped,
        ship_by=None if ship_by is None else read_time(ship_by, "latestDateTime"),
    )


def _proceeds(line: Mapping[str, Any]) -> tuple[Money, Money, Money]:
    """Return what the buyer paid for the goods, for shipping and in tax.

    The documents do not say which sign a discount has, so the line's total decides; parts that do not add up to it
    are refused.
    """
    proceeds = read_part(line, "proceeds")
    total = read_amazon_money(proceeds.get("proceedsTotal"), "proceedsTotal")
    amounts: dict[str, list[Money]] = {}
    for part in read_objects(proceeds, "breakdowns"):
        kind, value = read_text(part, "type"), read_object(part.get("subtotal"), "subtotal")
        if kind == "DISCOUNT":
            value = {**value, "amount": _without_sign(value.get("amount"))}
        amounts.setdefault(kind, []).append(read_amazon_money(value, kind))
    unknown = amounts.keys() - FOR_THE_GOODS - {"SHIPPING", "TAX", "DISCOUNT"}
    if unknown:
        raise UnreadableAnswerError(f"the line has proceeds of an unknown kind, {min(unknown)!r:.40}")
    sums = {kind: sum_money(found, total.currency) for kind, found in amounts.items()}
    zero = Money.zero(total.currency)
    shipping, tax = sums.get("SHIPPING", zero), sums.get("TAX", zero)
    goods = sum_money([sums[kind] for kind in FOR_THE_GOODS & sums.keys()], total.currency)
    price = goods - sums.get("DISCOUNT", zero)
    if price.minor < 0 or total not in (price + shipping + tax, price + shipping):
        raise UnreadableAnswerError(f"the line's proceeds of {total} are not the sum of their parts")
    return price, shipping, tax


def _without_sign(amount: Any) -> Any:
    if isinstance(amount, str):
        return amount.removeprefix("-")
    return abs(amount) if isinstance(amount, int | Decimal) and not isinstance(amount, bool) else amount


def _is_cancelled(line: Mapping[str, Any]) -> bool:
    return bool(read_part(read_part(line, "cancellation"), "cancellationExecution"))


def _own_price(body: Mapping[str, Any], marketplace_id: str) -> Money | None:
    """Return what a consumer pays; prices for businesses are another offer."""
    offers = [
        each
        for each in read_objects(body, "offers", may_miss=True)
        if _is_at(each, marketplace_id) and each.get("offerType") == "B2C"
    ]
    return read_amazon_money(offers[0].get("price"), "price") if len(offers) == 1 else None


def _own_quantity(body: Mapping[str, Any]) -> int | None:
    for each in read_objects(body, "fulfillmentAvailability", may_miss=True):
        if each.get("fulfillmentChannelCode") == "DEFAULT" and each.get("quantity") is not None:
            return read_count(each, "quantity")
    return None


def _issues(body: Mapping[str, Any], marketplace_id: str) -> tuple[Issue, ...]:
    return tuple(
        _issue(each)
        for each in read_objects(body, "issues", may_miss=True)
        if marketplace_id in (_texts(each, "marketplaceIds") or [marketplace_id])
    )


def _issue(body: Mapping[str, Any]) -> Issue:
    return Issue(
        code=read_text(body, "code"),
        message=read_text(body, "message"),
        is_error=read_text(body, "severity") == "ERROR",
        attributes=tuple(_texts(body, "attributeNames")),
    )


def _texts(body: Mapping[str, Any], name: str) -> list[str]:
    """Return a list of texts, empty where it is missing."""
    value = body.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise UnreadableAnswerError(f"{name} is not a list of texts")
    return value


def _is_at(body: Mapping[str, Any], marketplace_id: str) -> bool:
    return read_text(body, "marketplaceId") == marketplace_id
