"""A seller account at an Amazon made of its published models, with a small stock of answers and a clock.

What belongs here: building the clients for the tests, and an Amazon that remembers what was listed.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx

from arb_pipelines.adapters.marketplaces.amazon.catalogue import AmazonCatalogue
from arb_pipelines.adapters.marketplaces.amazon.client import AmazonAccount, AmazonConnection, connect_amazon
from arb_pipelines.adapters.marketplaces.amazon.product_types import ProductTypes
from arb_pipelines.adapters.marketplaces.amazon.seller import AmazonSeller
from arb_pipelines.domain.listing import Listing, ListingState
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.order import Order, OrderState
from arb_pipelines_tests.contracts.vendor_transport import ContractTransport, Exchange
from arb_pipelines_tests.fakes.clock import SettableClock

STORE = "ATVPDKIKX0DER"
ACCOUNT = AmazonAccount("client-1", "secret-1", "refresh-1", "SELLER1", STORE)
SECRETS = ("secret-1", "refresh-1", "contract-access-token")
GTIN, ASIN = "00036000291452", "B0CONTRACT"
NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
SCHEMA = {
    "$schema": "https://schemas.amazon.com/selling-partners/definitions/product-types/meta-schema/v1",
    "$id": "https://schemas.amazon.com/selling-partners/definitions/product-types/schema/v1/LUGGAGE",
    "type": "object",
    "required": ["condition_type", "purchasable_offer", "fulfillment_availability"],
    "properties": {
        "condition_type": {
            "type": "array",
            "selectors": ["marketplace_id"],
            "maxUniqueItems": 1,
            "items": {"type": "object", "properties": {"value": {"enum": ["new_new", "used_good", "used_very_good"]}}},
        },
        "merchant_suggested_asin": {
            "type": "array",
            "items": {"type": "object", "properties": {"value": {"type": "string", "maxUtf8ByteLength": 10}}},
        },
        "fulfillment_availability": {
            "type": "array",
            "items": {"type": "object", "properties": {"quantity": {"type": "integer", "minimum": 0}}},
        },
        "purchasable_offer": {"type": "array", "minItems": 1},
    },
}


@dataclass
class TestClock:
    """Seconds that pass only when told; `slept` are the pauses."""

    __test__ = False
    now_s: float = 1_000.0
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now_s

    def advance(self, seconds: float) -> None:
        self.now_s += seconds

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now_s += seconds


@dataclass
class SchemaStore(httpx.BaseTransport):
    """Amazon's file store: one schema, at any address."""

    content: bytes = field(default_factory=lambda: json.dumps(SCHEMA).encode())
    status: int = 200
    asked: list[httpx.Request] = field(default_factory=list)

    @property
    def checksum(self) -> str:
        return base64.b64encode(hashlib.md5(self.content).digest()).decode()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        return httpx.Response(self.status, content=self.content)


@dataclass
class Amazon:
    """The vendor, our clients of it, and its memory of our listings by SKU."""

    vendor: ContractTransport
    clock: TestClock
    store: SchemaStore
    connection: AmazonConnection
    catalogue: AmazonCatalogue
    seller: AmazonSeller
    listed: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def used(self) -> list[str]:
        """The operations in order, without the token's."""
        return [exchange.operation for exchange in self.vendor.exchanges if exchange.operation != "oauthToken"]


def open_amazon(
    *, approvals: frozenset[str] = frozenset(), carrier: str = "USPS", account: AmazonAccount = ACCOUNT
) -> Amazon:
    """Return an Amazon that knows one product, lets us sell it and remembers what we list."""
    clock, store = TestClock(), SchemaStore()
    vendor = ContractTransport("amazon-sp-api", advance=clock.advance)
    connection = connect_amazon(account, transport=vendor, clock_s=clock, sleep=clock.sleep)
    catalogue = AmazonCatalogue(connection)
    types = ProductTypes(connection, store, clock_s=clock)
    seller = AmazonSeller(connection, catalogue, types, carrier, SettableClock(NOW), approvals=approvals)
    amazon = Amazon(vendor, clock, store, connection, catalogue, seller)
    vendor.reply("searchCatalogItems", catalogue_page([catalogue_item()]))
    vendor.reply("getListingsRestrictions", {"restrictions": []})
    vendor.reply("getDefinitionsProductType", lambda exchange: definition(store))
    vendor.reply("getListingsItem", lambda exchange: _listing(amazon, exchange))
    vendor.reply("searchListingsItems", lambda exchange: _search(amazon, exchange))
    vendor.reply("putListingsItem", lambda exchange: _put(amazon, exchange))
    vendor.reply("patchListingsItem", lambda exchange: _patch(amazon, exchange))
    vendor.reply("deleteListingsItem", lambda exchange: _delete(amazon, exchange))
    return amazon


def catalogue_item(
    asin: str = ASIN, gtin: str = "036000291452", product_type: str | None = "LUGGAGE"
) -> dict[str, Any]:
    """Return a product page as Amazon writes it."""
    numbers = [{"identifierType": "UPC", "identifier": gtin}]
    item: dict[str, Any] = {
        "asin": asin,
        "identifiers": [{"marketplaceId": STORE, "identifiers": numbers}],
        "summaries": [{"marketplaceId": STORE, "itemName": "A case", "brand": "Northbeam"}],
    }
    if product_type is not None:
        item["productTypes"] = [{"marketplaceId": STORE, "productType": product_type}]
    return item


def catalogue_page(items: list[dict[str, Any]], token: str | None = None) -> dict[str, Any]:
    """Return one page of a catalogue search."""
    page: dict[str, Any] = {"numberOfResults": len(items), "items": items}
    return {**page, "pagination": {"nextToken": token}} if token else page


def definition(store: SchemaStore, url: str = "https://definitions.s3.amazonaws.com/schema") -> dict[str, Any]:
    """Return the definition of a product type whose schema lies in a file store."""
    link = {"link": {"resource": url, "verb": "GET"}, "checksum": store.checksum}
    return {
        "schema": link,
        "metaSchema": link,
        "requirements": "LISTING_OFFER_ONLY",
        "requirementsEnforced": "ENFORCED",
        "propertyGroups": {},
        "locale": "en_US",
        "marketplaceIds": [STORE],
        "productType": "LUGGAGE",
        "displayName": "Luggage",
        "productTypeVersion": {"version": "1", "latest": True},
    }


def a_listing(sku: str = "LOT-1", *, price: str = "19.99", quantity: int = 2, **changes: Any) -> Listing:
    """Return a pending listing."""
    amount = Money.of(price, "USD")
    given: dict[str, Any] = {
        "listing_id": f"amazon-{sku}-1",
        "sku": sku,
        "lot_id": "lot-1",
        "product_id": "p1",
        "outlet": "amazon",
        "title": "A case",
        "category": "luggage",
        "condition": "new",
        "gtin": GTIN,
        "quantity": quantity,
        "price": amount,
        "floor": amount,
        "ceiling": amount,
        "state": ListingState.PENDING,
        "outlet_listing_id": None,
        "listed_at": NOW,
        "repriced_at": NOW,
    }
    return Listing(**{**given, **changes})


def an_order(order_id: str = "111-1111111-1111111", line_item_id: str = "12345678901234") -> Order:
    """Return an order of ours that is to be shipped."""
    twenty = Money.of("20.00", "USD")
    return Order(
        order_id=f"amazon-{order_id}-{line_item_id}",
        outlet="amazon",
        outlet_order_id=order_id,
        line_item_id=line_item_id,
        sku="LOT-1",
        product_id="p1",
        quantity=1,
        revenue=twenty,
        fee=Money.zero("USD"),
        fee_estimated=True,
        cost_of_goods=Money.zero("USD"),
        state=OrderState.NEW,
        ordered_at=NOW,
    )


def an_amazon_order(order_id: str = "111-1111111-1111111", *, status: str = "UNSHIPPED", **line: Any) -> dict[str, Any]:
    """Return an order of one line as Amazon writes it."""
    ten = {"amount": "10.00", "currencyCode": "USD"}
    item = {
        "orderItemId": "12345678901234",
        "quantityOrdered": 1,
        "product": {"asin": ASIN, "sellerSku": "LOT-1"},
        "proceeds": {"proceedsTotal": ten, "breakdowns": [{"type": "ITEM", "subtotal": ten}]},
        **line,
    }
    return {
        "orderId": order_id,
        "createdTime": "2026-05-01T00:00:00Z",
        "lastUpdatedTime": "2026-05-02T00:00:00Z",
        "salesChannel": {"channelName": "AMAZON", "marketplaceId": STORE},
        "fulfillment": {"fulfillmentStatus": status, "fulfilledBy": "MERCHANT"},
        "orderItems": [item],
    }


def _listing(amazon: Amazon, exchange: Exchange) -> Any:
    found = amazon.listed.get(exchange.values["sku"])
    return found or (404, {"errors": [{"code": "NOT_FOUND", "message": "no such SKU"}]})


def _search(amazon: Amazon, exchange: Exchange) -> Any:
    found = [amazon.listed[sku] for sku in exchange.values["identifiers"] if sku in amazon.listed]
    return {"numberOfResults": len(found), "items": found}


def _put(amazon: Amazon, exchange: Exchange) -> Any:
    sku = exchange.values["sku"]
    if exchange.values.get("mode") == "VALIDATION_PREVIEW":
        return {**submission(sku, "VALID"), "identifiers": [{"marketplaceId": STORE, "asin": ASIN}]}
    amazon.listed[sku] = live_listing(sku, exchange.body["attributes"])
    return submission(sku)


def _patch(amazon: Amazon, exchange: Exchange) -> Any:
    found = amazon.listed[exchange.values["sku"]]
    for patch in exchange.body["patches"]:
        attributes = {patch["path"].removeprefix("/attributes/"): patch["value"]}
        found |= _parts(attributes)
    return submission(exchange.values["sku"])


def _delete(amazon: Amazon, exchange: Exchange) -> Any:
    if amazon.listed.pop(exchange.values["sku"], None) is None:
        return 404, {"errors": [{"code": "NOT_FOUND", "message": "no such SKU"}]}
    return submission(exchange.values["sku"])


def submission(sku: str, status: str = "ACCEPTED", issues: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """Return what Amazon answers to a change of a listing."""
    return {"sku": sku, "status": status, "submissionId": "s-1", "issues": issues or []}


def live_listing(sku: str, attributes: dict[str, Any]) -> dict[str, Any]:
    """Return a listing that can be bought."""
    summary = {
        "marketplaceId": STORE,
        "asin": ASIN,
        "productType": "LUGGAGE",
        "conditionType": "new_new",
        "status": ["BUYABLE", "DISCOVERABLE"],
        "itemName": "A case",
        "createdDate": "2026-05-01T00:00:00Z",
        "lastUpdatedDate": "2026-05-01T00:00:00Z",
    }
    return {"sku": sku, "summaries": [summary], **_parts(attributes)}


def _parts(attributes: dict[str, Any]) -> dict[str, Any]:
    """Return offers and availability as attributes set them."""
    found: dict[str, Any] = {}
    for offer in attributes.get("purchasable_offer", []):
        amount = offer["our_price"][0]["schedule"][0]["value_with_tax"]
        price = {"currencyCode": offer["currency"], "amount": f"{amount:.2f}"}
        found["offers"] = [{"marketplaceId": STORE, "offerType": "B2C", "price": price}]
    for each in attributes.get("fulfillment_availability", []):
        found["fulfillmentAvailability"] = [{"fulfillmentChannelCode": "DEFAULT", "quantity": each["quantity"]}]
    return found
