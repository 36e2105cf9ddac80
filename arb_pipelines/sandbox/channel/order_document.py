"""An order as the selling channel writes it.

What belongs here: the wire form only: amounts, the fictitious buyer, identifiers. The tax that the channel itself
collects is no money of the seller's; it stands in the totals only when a tax breakdown is asked for.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from arb_pipelines.sandbox.catalogue_words import PLACE_WORDS
from arb_pipelines.sandbox.channel.account import MARKETPLACE, SELLER
from arb_pipelines.sandbox.channel.amounts import TAX_RATE, amount, fee_minor, share_minor
from arb_pipelines.sandbox.channel.offers import listing_text
from arb_pipelines.sandbox.draws import draw_int, pick
from arb_pipelines.sandbox.timeline import format_utc, parse_utc

TAX_TYPE = "STATE_SALES_TAX"
STATES = ("OH", "TX", "WA", "GA", "CO", "PA", "MN", "AZ")
FIRST_LINE_ITEM = 10_000_000_000
_ORDER_ID = re.compile(r"(\d\d)-(\d{5})-(\d{5})")


def order_text(seed: int, number: int) -> str:
    """Return an order's number as the channel writes it, e.g. `17-00000-00042`."""
    return f"{10 + seed % 80}-{number // 100_000:05d}-{number % 100_000:05d}"


def order_number(seed: int, order_id: str) -> int:
    """Return the number within an order id, 0 when it is not one of this world."""
    match = _ORDER_ID.fullmatch(order_id)
    if match is None or int(match[1]) != 10 + seed % 80:
        return 0
    return int(match[2]) * 100_000 + int(match[3])


def line_item_text(number: int) -> str:
    """Return the id of an order's one line item."""
    return str(FIRST_LINE_ITEM + number)


def order_document(
    seed: int, row: sqlite3.Row, fulfilments: Sequence[sqlite3.Row], base_url: str, *, tax_breakdown: bool
) -> dict[str, Any]:
    """Return the order; with `tax_breakdown` the collected tax is part of the totals."""
    price = row["price_minor"]
    tax = share_minor(price, TAX_RATE)
    fee = fee_minor(price + tax)
    total = price + tax if tax_breakdown else price
    order_id = order_text(seed, row["number"])
    hrefs = [
        f"{base_url}/sell/fulfillment/v1/order/{order_id}/shipping_fulfillment/{shipment['fulfilment_id']}"
        for shipment in fulfilments
    ]
    pricing = {"priceSubtotal": amount(price), "deliveryCost": amount(0), "total": amount(total)}
    if tax_breakdown:
        pricing["tax"] = amount(tax)
    return {
        "orderId": order_id,
        "creationDate": row["created_at"],
        "lastModifiedDate": row["modified_at"],
        "orderFulfillmentStatus": "FULFILLED" if row["fulfilled"] else "NOT_STARTED",
        "orderPaymentStatus": "PAID",
        "sellerId": SELLER,
        "buyer": _buyer(seed, row["number"]),
        "cancelStatus": {"cancelState": "NONE_REQUESTED", "cancelRequests": []},
        "pricingSummary": pricing,
        "paymentSummary": _payment(row, amount(price - fee)),
        "fulfillmentStartInstructions": [_start_instruction(seed, row)],
        "fulfillmentHrefs": hrefs,
        "lineItems": [_line_item(row, tax, amount(total), tax_breakdown=tax_breakdown)],
        "ebayCollectAndRemitTax": True,
        "totalFeeBasisAmount": amount(price + tax),
        "totalMarketplaceFee": amount(fee),
    }


def shipment_document(row: sqlite3.Row) -> dict[str, Any]:
    """Return a shipment."""
    return {
        "fulfillmentId": row["fulfilment_id"],
        "shipmentTrackingNumber": row["fulfilment_id"],
        "shippingCarrierCode": row["carrier"],
        "shippedDate": row["shipped_at"],
        "lineItems": [{"lineItemId": line_item_text(row["number"]), "quantity": 1}],
    }


def _line_item(row: sqlite3.Row, tax: int, total: dict[str, str], *, tax_breakdown: bool) -> dict[str, Any]:
    ordered_at = parse_utc(row["created_at"])
    line: dict[str, Any] = {
        "lineItemId": line_item_text(row["number"]),
        "legacyItemId": listing_text(row["listing_id"]),
        "sku": row["sku"],
        "title": row["title"],
        "quantity": 1,
        "soldFormat": "FIXED_PRICE",
        "listingMarketplaceId": MARKETPLACE,
        "purchaseMarketplaceId": MARKETPLACE,
        "lineItemCost": amount(row["price_minor"]),
        "lineItemFulfillmentStatus": "FULFILLED" if row["fulfilled"] else "NOT_STARTED",
        "lineItemFulfillmentInstructions": {
            "shipByDate": format_utc(ordered_at + timedelta(days=2)),
            "guaranteedDelivery": False,
        },
        "deliveryCost": {"shippingCost": amount(0)},
        "ebayCollectAndRemitTaxes": [{"taxType": TAX_TYPE, "amount": amount(tax), "collectionMethod": "NET"}],
        "properties": {"buyerProtection": True},
        "total": total,
    }
    if tax_breakdown:
        line["taxes"] = [{"taxType": TAX_TYPE, "amount": amount(tax)}]
    return line


def _payment(row: sqlite3.Row, due: dict[str, str]) -> dict[str, Any]:
    payment = {
        "paymentMethod": "EBAY",
        "paymentReferenceId": f"SANDBOX{row['number']:08d}",
        "paymentDate": row["created_at"],
        "paymentStatus": "PAID",
        "amount": due,
    }
    return {"totalDueSeller": due, "refunds": [], "payments": [payment]}


def _buyer(seed: int, number: int) -> dict[str, Any]:
    address = _address(seed, number)
    places = ("city", "stateOrProvince", "postalCode", "countryCode")
    return {
        "username": f"sandbox_buyer_{number}",
        "taxAddress": {name: address[name] for name in places},
    }


def _address(seed: int, number: int) -> dict[str, str]:
    return {
        "addressLine1": f"{1 + draw_int(seed, 'house', number) % 999} Example Street",
        "city": pick(PLACE_WORDS, seed, "city", number),
        "stateOrProvince": pick(STATES, seed, "state", number),
        "postalCode": f"{10_000 + draw_int(seed, 'post', number) % 80_000}",
        "countryCode": "US",
    }


def _start_instruction(seed: int, row: sqlite3.Row) -> dict[str, Any]:
    ordered_at = parse_utc(row["created_at"])
    number = row["number"]
    ship_to = {
        "fullName": f"Sandbox Buyer {number}",
        "contactAddress": _address(seed, number),
        "primaryPhone": {"phoneNumber": f"555-555-01{number % 100:02d}"},
        "email": f"buyer-{number}@example.com",
    }
    return {
        "fulfillmentInstructionsType": "SHIP_TO",
        "minEstimatedDeliveryDate": format_utc(ordered_at + timedelta(days=4)),
        "maxEstimatedDeliveryDate": format_utc(ordered_at + timedelta(days=8)),
        "ebaySupportedFulfillment": False,
        "shippingStep": {
            "shipTo": ship_to,
            "shippingCarrierCode": "SANDBOX",
            "shippingServiceCode": "SandboxGround",
        },
    }
