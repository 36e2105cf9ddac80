"""eBay made of its interface descriptions, and our clients of it.

What belongs here: what the tests of every eBay client share.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from arb_pipelines.adapters.marketplaces.ebay.client import API_URLS, EbayAccount, EbayConnection, connect_ebay
from arb_pipelines.adapters.marketplaces.ebay.listing_document import EbayTerms
from arb_pipelines.adapters.marketplaces.ebay.policies import EbayPolicies
from arb_pipelines.adapters.marketplaces.ebay.revisions import RevisionLog
from arb_pipelines.adapters.marketplaces.ebay.seller import EbaySeller
from arb_pipelines.domain.api_budget import ApiLimits
from arb_pipelines.domain.listing import Listing
from arb_pipelines.services.api_budget import ApiBudget
from arb_pipelines_tests.contracts.trade_records import approval, listing, lot, opportunity, purchase
from arb_pipelines_tests.contracts.vendor_transport import ContractTransport
from arb_pipelines_tests.fakes.books import InMemoryBooks
from arb_pipelines_tests.fakes.clock import SettableClock

SECRET = "canary-secret"
TERMS = EbayTerms("f-1", "p-1", "r-1", "warehouse", {"books": "261186"}, "11450")
PHOTO = "https://pictures.example/1.jpg"
LISTING: Listing = replace(
    listing(lot(purchase(approval(opportunity())))),
    outlet="ebay",
    gtin="9526517000001",
    brand="Kett",
    mpn="K1",
    description="A kettle that whistles.",
    photos=(PHOTO,),
)
SHOWN = {"value": "50.00", "currency": "USD"}


def connect(vendor: ContractTransport, **options: Any) -> EbayConnection:
    """Return a connection that does not pause."""
    account = EbayAccount("id", SECRET, SECRET)
    return connect_ebay(API_URLS["production"], account, transport=vendor, **{"sleep": lambda _: None, **options})


def free_budget(most_a_day: int = 4_500) -> ApiBudget:
    """Return a budget for Browse calls, over books in memory."""
    limits = {"ebay_browse": ApiLimits("ebay_browse", "calls", 1, most_a_day)}
    return ApiBudget(InMemoryBooks(), limits, SettableClock())


def sell(
    vendor: ContractTransport, *, conditions: bool = False, clock_s: Callable[[], float] = lambda: 0.0
) -> EbaySeller:
    """Return a seller; `conditions` asks eBay whether a category takes a condition."""
    connection = connect(vendor)
    policies = EbayPolicies(connection) if conditions else None
    return EbaySeller(connection, lambda: TERMS, RevisionLog(clock_s=clock_s), policies=policies)


def own_offer(**changes: Any) -> dict[str, Any]:
    """Return the published, live offer of the listing; None takes a field away."""
    shown = {
        "offerId": "5",
        "sku": LISTING.sku,
        "marketplaceId": "EBAY_US",
        "format": "FIXED_PRICE",
        "status": "PUBLISHED",
        "availableQuantity": 3,
        "listing": {"listingId": "11", "listingStatus": "ACTIVE", "soldQuantity": 0},
        "pricingSummary": {"price": SHOWN},
    } | changes
    return {name: value for name, value in shown.items() if value is not None}


def offers(*found: dict[str, Any]) -> dict[str, Any]:
    """Return the answer of the calls for our offers."""
    return {"total": len(found), "size": len(found), "offers": list(found)}


def order_line(**changes: Any) -> dict[str, Any]:
    """Return one line of an order."""
    line = {
        "lineItemId": "l-1",
        "legacyItemId": "11",
        "sku": LISTING.sku,
        "quantity": 1,
        "lineItemCost": SHOWN,
        "deliveryCost": {"shippingCost": {"value": "4.0", "currency": "USD"}},
        "ebayCollectAndRemitTaxes": [{"amount": {"value": "3.78", "currency": "USD"}, "taxType": "STATE_SALES_TAX"}],
        "lineItemFulfillmentStatus": "NOT_STARTED",
        "lineItemFulfillmentInstructions": {"shipByDate": "2026-01-08T07:59:59.000Z"},
    } | changes
    return {name: value for name, value in line.items() if value is not None}


def order(*lines: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return one paid order."""
    shown = {
        "orderId": "o-1",
        "creationDate": "2026-01-05T10:00:00.000Z",
        "orderPaymentStatus": "PAID",
        "cancelStatus": {"cancelState": "NONE_REQUESTED"},
        "lineItems": list(lines) or [order_line()],
        "totalMarketplaceFee": {"value": "7.50", "currency": "USD"},
        "paymentSummary": {"totalDueSeller": {"value": "46.50", "currency": "USD"}},
    } | changes
    return {name: value for name, value in shown.items() if value is not None}


def page(name: str, *found: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a page of a list."""
    return {"total": len(found), name: list(found), **more}
