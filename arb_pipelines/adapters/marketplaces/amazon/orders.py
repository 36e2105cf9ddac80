"""Buyers' orders at Amazon: read without a word about the buyer, and confirmed as shipped.

What belongs here: the calls. Reading is the interface of 2026; of the old one only the confirmation is still alive.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from zlib import crc32

from arb_pipelines.adapters.http.client import quoted
from arb_pipelines.adapters.http.fields import read_objects, read_optional_text, read_part, write_time
from arb_pipelines.adapters.marketplaces.amazon.catalogue import fetch_pages
from arb_pipelines.adapters.marketplaces.amazon.client import AmazonConnection, accepted, refusal_of
from arb_pipelines.adapters.marketplaces.amazon.parse import parse_cancelled, parse_orders, parse_shipped_lines
from arb_pipelines.domain.order import Order, OutletOrder
from arb_pipelines.domain.return_case import ToldReturn

ORDERS = "/orders/2026-01-01/orders"
SHIPMENTS = "/orders/v0/orders"
ORDER_DATA = "CANCELLATION,FULFILLMENT,PROCEEDS"
ORDERS_AT_ONCE = 100
FIRST_ORDER_AT = datetime(2016, 1, 1, tzinfo=UTC)  # Amazon tells none before; of most stores the last two years
OTHER_CARRIER = "Other"
# Codes of Amazon's list of carriers; any other one is sent by its name.
CARRIERS = frozenset(
    {"Canada Post", "DHL", "DHL Global Mail", "FedEx", "GLS", "OnTrac", "Parcelforce", "Royal Mail", "UPS", "USPS"}
)


class AmazonOrders:
    """The orders of one seller account at one store."""

    def __init__(self, connection: AmazonConnection, carrier: str) -> None:
        """Use a connection; `carrier` is who carries our parcels, by Amazon's code or by name."""
        self._connection = connection
        self._carrier = carrier

    def fetch(self, since: datetime | None) -> list[OutletOrder]:
        """Return the lines of orders that changed since then and that we ship or shipped, oldest first.

        Orders are asked for by their last change: one that waited for payment comes when it is paid.

        Raises:
            OutletRefusedError: Amazon refuses.
            ConnectionError: no answer.
        """
        lines = [line for order in self._search(since or FIRST_ORDER_AT) for line in parse_orders(order)]
        return sorted(lines, key=lambda line: line.ordered_at)

    def fetch_one(self, order_id: str) -> list[OutletOrder]:
        """Return the lines of one order that are ours to ship or shipped; none where it waits or is cancelled.

        Raises:
            OutletRefusedError: Amazon refuses, or knows no such order.
            ConnectionError: no answer.
        """
        answer = self._connection.client.get(
            "getOrder", f"{ORDERS}/{quoted(order_id)}", params={"includedData": ORDER_DATA}
        )
        return parse_orders(accepted(answer, f"order {order_id}").get("order"))

    def fetch_cancelled(self, since: datetime) -> list[ToldReturn]:
        """Return the lines of orders changed since then that were cancelled; what was refunded is in no order.

        Raises:
            OutletRefusedError: Amazon refuses.
            ConnectionError: no answer.
        """
        return [line for order in self._search(since) for line in parse_cancelled(order)]

    def has_sold(self, sku: str, since: datetime) -> bool:
        """Return whether somebody ordered a SKU since then, also without having paid yet.

        Raises:
            OutletRefusedError: Amazon refuses.
            ConnectionError: no answer.
        """
        lines = [line for order in self._search(since) for line in read_objects(order, "orderItems")]
        return any(read_optional_text(read_part(line, "product"), "sellerSku") == sku for line in lines)

    def confirm(self, order: Order, tracking_number: str, shipped_at: datetime) -> None:
        """Tell Amazon that an order is on its way; a line that travels under the number already is done.

        Raises:
            OutletRefusedError: Amazon refuses.
            ConnectionError: no answer; calling again is safe.
        """
        path = f"{ORDERS}/{quoted(order.outlet_order_id)}"
        answer = self._connection.client.get("getOrder", path, params={"includedData": "PACKAGES"})
        body = accepted(answer, f"order {order.outlet_order_id}")
        if order.line_item_id in parse_shipped_lines(body.get("order"), tracking_number):
            return
        path = f"{SHIPMENTS}/{quoted(order.outlet_order_id)}/shipmentConfirmation"
        shipment = self._shipment(order, tracking_number, shipped_at)
        answer = self._connection.client.send("confirmShipment", "POST", path, json=shipment)
        if not answer.is_good:
            raise refusal_of(answer, f"shipment of {order.outlet_order_id}")

    def _search(self, since: datetime) -> Iterator[Mapping[str, Any]]:
        query = {
            **self._connection.here,
            "lastUpdatedAfter": write_time(since),
            "fulfilledBy": "MERCHANT",
            "includedData": ORDER_DATA,
            "maxResultsPerPage": str(ORDERS_AT_ONCE),
        }
        for page in fetch_pages(self._connection, "searchOrders", ORDERS, query, "paginationToken"):
            yield from read_objects(page, "orders")

    def _shipment(self, order: Order, tracking_number: str, shipped_at: datetime) -> dict[str, Any]:
        # The package's number must be above zero, and the same each time this line is confirmed with this number.
        reference = crc32(f"{order.line_item_id} {tracking_number}".encode()) + 1
        package = {
            "packageReferenceId": str(reference),
            "carrierCode": self._carrier,
            "trackingNumber": tracking_number,
            "shipDate": write_time(shipped_at),
            "orderItems": [{"orderItemId": order.line_item_id, "quantity": order.quantity}],
        }
        if self._carrier not in CARRIERS:
            package |= {"carrierCode": OTHER_CARRIER, "carrierName": self._carrier}
        return {"marketplaceId": self._connection.marketplace.marketplace_id, "packageDetail": package}
