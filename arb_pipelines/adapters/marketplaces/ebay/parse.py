"""eBay's JSON to the words of selling.

What belongs here: reading one document each, strictly: a field that is missing or of another type is refused with
`UnreadableAnswerError`, or is None where the domain knows "the outlet did not say". Nothing here sends anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from arb_pipelines.adapters.http.answers import Answer, UnreadableAnswerError
from arb_pipelines.adapters.http.fields import (
    read_count,
    read_money,
    read_object,
    read_objects,
    read_optional_text,
    read_part,
    read_text,
    read_time,
    sum_money,
)
from arb_pipelines.adapters.marketplaces.ebay.client import OUTLET
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.order import OutletOrder

# An order is ours to ship once it is paid; a refund later does not undo the sale.
PAID = frozenset({"PAID", "PARTIALLY_REFUNDED", "FULLY_REFUNDED"})
UNPAID = frozenset({"PENDING", "FAILED"})
CANCELLED = "CANCELED"


@dataclass(frozen=True, slots=True)
class OwnOffer:
    """Our offer of a SKU. `listing_id` is None while it is not published, `sold` how many went through the listing."""

    offer_id: str
    is_published: bool
    listing_id: str | None
    is_live: bool
    available: int | None
    sold: int
    price: Money | None


def parse_own_offer(document: Any) -> OwnOffer:
    """Return an offer of ours.

    Raises:
        UnreadableAnswerError: a field is missing or wrong.
    """
    body = read_object(document, "the offer")
    status, listing = read_text(body, "status"), read_part(body, "listing")
    if status not in ("PUBLISHED", "UNPUBLISHED"):
        raise UnreadableAnswerError(f"the offer's status is {status!r:.40}")
    price = read_part(body, "pricingSummary").get("price")
    return OwnOffer(
        offer_id=read_text(body, "offerId"),
        is_published=status == "PUBLISHED",
        listing_id=read_text(listing, "listingId") if status == "PUBLISHED" else None,
        is_live=status == "PUBLISHED" and listing.get("listingStatus") == "ACTIVE",
        available=None if body.get("availableQuantity") is None else read_count(body, "availableQuantity"),
        sold=0 if listing.get("soldQuantity") is None else read_count(listing, "soldQuantity"),
        price=None if price is None else read_money(price, "price"),
    )


def parse_own_offers(answer: Answer, sku: str, marketplace_id: str) -> OwnOffer | None:
    """Return the one fixed-price offer of a SKU on a marketplace, None where there is none.

    Raises:
        UnreadableAnswerError: a field is missing or wrong, or there are several.
    """
    found = [
        offer
        for offer in read_objects(read_object(answer.body, "the offers"), "offers")
        if offer.get("sku", sku) == sku
        and offer.get("marketplaceId", marketplace_id) == marketplace_id
        and offer.get("format", "FIXED_PRICE") == "FIXED_PRICE"
    ]
    if len(found) > 1:
        raise UnreadableAnswerError(f"{sku} has {len(found)} offers on {marketplace_id}")
    return parse_own_offer(found[0]) if found else None


def parse_orders(document: Any) -> list[OutletOrder]:
    """Return the lines of one order; an order that is not paid (yet) or was cancelled has none to sell.

    Its fee is for the whole order, so it is told only where the order has one line; otherwise it is None. A line
    that was not listed by SKU gets `ebay-item:` and eBay's item number, which is no SKU of ours.

    Raises:
        UnreadableAnswerError: a field is missing or wrong, or the payment's status is one we do not know.
    """
    order = read_object(document, "the order")
    payment = read_text(order, "orderPaymentStatus")
    if payment not in PAID | UNPAID:
        raise UnreadableAnswerError(f"the order's payment is {payment!r:.40}")
    if payment in UNPAID or read_part(order, "cancelStatus").get("cancelState") == CANCELLED:
        return []
    lines = read_objects(order, "lineItems")
    alone = len(lines) == 1
    fee, due = order.get("totalMarketplaceFee"), read_part(order, "paymentSummary").get("totalDueSeller")
    return [
        _order_line(
            order,
            line,
            read_money(fee, "totalMarketplaceFee") if alone and fee is not None else None,
            read_money(due, "totalDueSeller") if alone and due is not None else None,
        )
        for line in lines
    ]


def _order_line(order: Mapping[str, Any], line: Mapping[str, Any], fee: Money | None, due: Money | None) -> OutletOrder:
    discounted = line.get("discountedLineItemCost")
    full = read_money(line.get("lineItemCost"), "lineItemCost")
    price = full if discounted is None else read_money(discounted, "discountedLineItemCost")
    delivery = read_part(line, "deliveryCost")
    shipping = read_money(delivery.get("shippingCost"), "shippingCost")
    handling = delivery.get("handlingCost")
    paid = [shipping] if handling is None else [shipping, read_money(handling, "handlingCost")]
    taxes = [
        read_money(tax.get("amount"), "tax") for tax in read_objects(line, "ebayCollectAndRemitTaxes", may_miss=True)
    ]
    sku, ship_by = read_optional_text(line, "sku"), read_part(line, "lineItemFulfillmentInstructions").get("shipByDate")
    return OutletOrder(
        outlet=OUTLET,
        outlet_order_id=read_text(order, "orderId"),
        line_item_id=read_text(line, "lineItemId"),
        sku=sku or f"ebay-item:{read_text(line, 'legacyItemId')}",
        quantity=read_count(line, "quantity", least=1),
        item_price=price,
        shipping_paid=sum_money(paid, price.currency),
        tax=sum_money(taxes, price.currency),
        fee=fee,
        due=due,
        ordered_at=read_time(order.get("creationDate"), "creationDate"),
        shipped=line.get("lineItemFulfillmentStatus") == "FULFILLED",
        ship_by=None if ship_by is None else read_time(ship_by, "shipByDate"),
    )


def parse_tracking_numbers(answer: Answer) -> set[str]:
    """Return the tracking numbers that an order has already.

    Raises:
        UnreadableAnswerError: the answer is no list of shipments.
    """
    shipments = read_objects(read_object(answer.body, "the shipments"), "fulfillments")
    found = (read_optional_text(shipment, "shipmentTrackingNumber") for shipment in shipments)
    return {number for number in found if number is not None}


def parse_line_fees(document: Any) -> dict[tuple[str, str], Money]:
    """Return the fees of a sale's lines by order and line, summed over the kinds of fee; nothing for other bookings.

    Raises:
        UnreadableAnswerError: a field is missing or wrong.
    """
    body = read_object(document, "the transaction")
    if read_text(body, "transactionType") != "SALE":
        return {}
    order_id, found = read_text(body, "orderId"), {}
    for line in read_objects(body, "orderLineItems", may_miss=True):
        fees = [read_money(f.get("amount"), "fee") for f in read_objects(line, "marketplaceFees", may_miss=True)]
        if fees:
            found[order_id, read_text(line, "lineItemId")] = sum_money(fees, fees[0].currency)
    return found
