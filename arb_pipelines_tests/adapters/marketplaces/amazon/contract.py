"""Amazon's client on an Amazon made of its published models, with a memory of listings, sales and parcels."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from arb_pipelines.adapters.marketplaces.amazon.catalogue import AmazonCatalogue
from arb_pipelines.adapters.marketplaces.amazon.client import connect_amazon
from arb_pipelines.adapters.marketplaces.amazon.product_types import ProductTypes
from arb_pipelines.adapters.marketplaces.amazon.seller import AmazonSeller
from arb_pipelines.domain.listing import Listing
from arb_pipelines_tests.adapters.marketplaces.amazon.account import (
    ACCOUNT,
    NOW,
    Amazon,
    a_listing,
    an_amazon_order,
    open_amazon,
)
from arb_pipelines_tests.contracts.outlet_stand import Wire
from arb_pipelines_tests.contracts.vendor_transport import Exchange
from arb_pipelines_tests.fakes.clock import SettableClock

NOT_FOUND = 404, {"errors": [{"code": "NotFound", "message": "no such order"}]}


@dataclass
class AmazonStand:
    """One seller account."""

    seller: AmazonSeller
    amazon: Amazon
    orders: dict[str, dict[str, Any]] = field(default_factory=dict)

    def listing(self, sku: str, quantity: int = 1) -> Listing:
        return a_listing(sku, quantity=quantity)

    def sell_one(self, sku: str) -> None:
        self.amazon.listed[sku]["fulfillmentAvailability"][0]["quantity"] -= 1
        number = f"111-{len(self.orders):07}-1111111"
        product = {"asin": "B0CONTRACT", "sellerSku": sku}
        self.orders[number] = an_amazon_order(number, product=product)

    def offered(self, sku: str) -> int:
        listed = self.amazon.listed.get(sku, {}).get("fulfillmentAvailability", [{"quantity": 0}])
        return int(listed[0]["quantity"])

    def search(self, exchange: Exchange) -> Any:
        after = exchange.values["lastUpdatedAfter"]
        return {"orders": [order for order in self.orders.values() if order["lastUpdatedTime"] >= after]}

    def get(self, exchange: Exchange) -> Any:
        order = self.orders.get(exchange.values["orderId"])
        return NOT_FOUND if order is None else {"order": order}

    def confirm(self, exchange: Exchange) -> Any:
        order = self.orders.get(exchange.values["orderId"])
        if order is None:
            return NOT_FOUND
        order["fulfillment"]["fulfillmentStatus"] = "SHIPPED"
        order["orderItems"][0]["fulfillment"] = {"quantityFulfilled": 1, "quantityUnfulfilled": 0}
        package = exchange.body["packageDetail"]
        order["packages"] = [
            {
                "packageReferenceId": package["packageReferenceId"],
                "trackingNumber": package["trackingNumber"],
                "packageItems": [{"orderItemId": order["orderItems"][0]["orderItemId"], "quantity": 1}],
            }
        ]
        return 204, None


@contextmanager
def open_stand(wire: Wire) -> Iterator[AmazonStand]:
    """Open the stand."""
    amazon = open_amazon()
    wire.inner = amazon.vendor
    connection = connect_amazon(ACCOUNT, transport=wire, clock_s=amazon.clock, sleep=amazon.clock.sleep)
    catalogue = AmazonCatalogue(connection)
    types = ProductTypes(connection, amazon.store, clock_s=amazon.clock)
    stand = AmazonStand(AmazonSeller(connection, catalogue, types, "USPS", SettableClock(NOW)), amazon)
    amazon.vendor.reply("searchOrders", stand.search)
    amazon.vendor.reply("getOrder", stand.get)
    amazon.vendor.reply("confirmShipment", stand.confirm)
    yield stand
    stand.seller.close()
    amazon.seller.close()
