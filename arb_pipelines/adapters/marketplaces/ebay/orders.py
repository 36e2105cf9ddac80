"""Buyers' orders on eBay: reading them, telling that they are on their way, and the fees of their lines.

What belongs here: the fulfilment and finances calls. The shapes of the answers are `parse.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from arb_pipelines.adapters.http.answers import UnreadableAnswerError
from arb_pipelines.adapters.http.client import ApiClient, quoted
from arb_pipelines.adapters.http.fields import read_count, read_objects, write_time
from arb_pipelines.adapters.marketplaces.ebay.client import FINANCES, ORDERS, EbayConnection, accepted, refusal_of
from arb_pipelines.adapters.marketplaces.ebay.parse import parse_line_fees, parse_orders, parse_tracking_numbers
from arb_pipelines.adapters.marketplaces.ebay.returns import parse_returns, with_fees_back
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.order import Order, OutletOrder
from arb_pipelines.domain.outlet import OutletRefusedError
from arb_pipelines.domain.return_case import ToldReturn

PAGE = 200
MOST_PAGES = 500
CREATED, KNOWN_ALREADY = 201, 409


class EbayOrders:
    """The orders of our seller account."""

    def __init__(self, connection: EbayConnection, carrier: str) -> None:
        """Read orders over a connection; `carrier` takes our parcels where an order does not say who does."""
        self._client = connection.seller
        self._finances = connection.finances
        self._carrier = carrier

    def fetch(self, since: datetime | None) -> list[OutletOrder]:
        """Return the lines of paid orders that changed since then, oldest first.

        The time of the last change, not of the order: an order that is paid days later must not be missed.
        """
        query = {} if since is None else {"filter": f"lastmodifieddate:[{write_time(since)}..]"}
        pages = _pages(self._client, "getOrders", ORDERS, query, "orders")
        lines = {(line.outlet_order_id, line.line_item_id): line for order in pages for line in parse_orders(order)}
        return sorted(lines.values(), key=lambda line: (line.ordered_at, line.outlet_order_id, line.line_item_id))

    def fetch_line_fees(self, since: datetime) -> dict[tuple[str, str], Money]:
        """Return eBay's fees of the lines sold since then, by order and line.

        Sellers in the EU and the UK have to sign these requests, which we cannot; eBay refuses them then.
        """
        query = {"filter": f"transactionDate:[{write_time(since)}..]"}
        found: dict[tuple[str, str], Money] = {}
        for sale in _pages(self._finances, "getTransactions", f"{FINANCES}/transaction", query, "transactions"):
            found |= parse_line_fees(sale)
        return found

    def fetch_returns(self, since: datetime) -> list[ToldReturn]:
        """Return the lines of orders changed since then that were cancelled or refunded.

        How much of the fee came back is told by the bookings; sellers in the EU and the UK are refused those.
        """
        query = {"filter": f"lastmodifieddate:[{write_time(since)}..]"}
        pages = _pages(self._client, "getOrders", ORDERS, query, "orders")
        told = [line for order in pages for line in parse_returns(order)]
        if not any(line.refund for line in told):
            return told
        booked = {"filter": f"transactionDate:[{write_time(since)}..]"}
        try:
            bookings = list(
                _pages(self._finances, "getTransactions", f"{FINANCES}/transaction", booked, "transactions")
            )
        except OutletRefusedError:
            return told
        return with_fees_back(told, bookings)

    def confirm_shipment(self, order: Order, tracking_number: str, shipped_at: datetime) -> None:
        """Tell eBay that an order is on its way, once for each tracking number.

        Raises:
            OutletRefusedError: eBay refuses.
            ConnectionError: no answer; calling again is safe.
        """
        # eBay takes letters and digits alone, and would make a second parcel of the same number.
        number = "".join(letter for letter in tracking_number if letter.isascii() and letter.isalnum())
        path = f"{ORDERS}/{quoted(order.outlet_order_id)}/shipping_fulfillment"
        known = accepted(self._client.get("getShippingFulfillments", path), f"the parcels of {order.outlet_order_id}")
        if number in parse_tracking_numbers(known):
            return
        shipment = {
            "lineItems": [{"lineItemId": order.line_item_id, "quantity": order.quantity}],
            "shippedDate": write_time(shipped_at),
            "shippingCarrierCode": order.carrier or self._carrier,
            "trackingNumber": number,
        }
        answer = self._client.send("createShippingFulfillment", "POST", path, json=shipment)
        accepted(answer, f"the shipment of {order.outlet_order_id}", also_good=(KNOWN_ALREADY,))
        if answer.status not in (CREATED, KNOWN_ALREADY):
            raise UnreadableAnswerError(f"the shipment of {order.outlet_order_id} was answered {answer.status}")


def _pages(
    client: ApiClient, operation: str, path: str, query: Mapping[str, str], name: str
) -> Iterator[Mapping[str, Any]]:
    """Yield what stands on every page; a list that is longer than we ever read is refused, not cut."""
    for number in range(MOST_PAGES):
        page = {"limit": str(PAGE), "offset": str(number * PAGE)}
        answer = client.get(operation, path, params={**query, **page})
        if not answer.is_good:
            raise refusal_of(answer, operation)
        if answer.status == 204:
            return
        body = answer.record(operation)
        found = read_objects(body, name)
        yield from found
        if not body.get("next") and (number + 1) * PAGE >= read_count(body, "total"):
            return
        if not found:
            raise UnreadableAnswerError(f"{operation} names a next page after an empty one")
    raise UnreadableAnswerError(f"{operation} goes on after {MOST_PAGES} pages")
