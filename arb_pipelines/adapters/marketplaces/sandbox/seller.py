"""Selling on the sandbox's channel, which has a large auction site's paths and field names.

What belongs here: the calls of the `Seller` port and `fetch_prices`. What a listing says on the wire is
`listing_document.py`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import httpx

from arb_pipelines.adapters.http.answers import Answer, UnreadableAnswerError
from arb_pipelines.adapters.http.client import quoted
from arb_pipelines.adapters.http.fields import write_money, write_time
from arb_pipelines.adapters.marketplaces.sandbox.client import connect_channel
from arb_pipelines.adapters.marketplaces.sandbox.listing_document import inventory_item, offer_document
from arb_pipelines.adapters.marketplaces.sandbox.parse import (
    CATEGORY_NAMES,
    OUTLET,
    parse_outlet_orders,
    parse_refusal,
    parse_sale,
    read_price,
)
from arb_pipelines.domain.listing import Listing
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.order import Order, OutletOrder
from arb_pipelines.domain.price import SoldPrice

INVENTORY = "/sell/inventory/v1"
ORDERS = "/sell/fulfillment/v1/order"
SALES = "/buy/marketplace_insights/v1_beta/item_sales/search"
PAGE = 200
DEEPEST_OFFSET = 10_000  # the channel shows no result beyond; the search goes on from the last sale's date
CARRIER = "SANDBOX"
CREATED, KNOWN_ALREADY = 201, 409


class SandboxSeller:
    """Our account at the channel."""

    outlet = OUTLET

    def __init__(
        self,
        base_url: str,
        client_id: str,
        client_secret: str,
        refresh_token: str,
        timeout_s: float = 10.0,
        *,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Connect to the channel at `base_url`; the first call fetches a token."""
        who = (client_id, client_secret, refresh_token)
        self._client = connect_channel(base_url, *who, timeout_s, transport, sleep)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def list_item(self, listing: Listing) -> str:
        """Publish a SKU and return the channel's listing id; a published SKU keeps its listing.

        A SKU that is already published is left as it is: writing its quantity again could bring back a unit
        that was sold meanwhile.

        Raises:
            OutletRefusedError: the channel refuses, or knows no such condition.
            ConnectionError: no answer; calling again is safe.
        """
        offer = self._find_offer(listing.sku)
        if offer is not None and offer.get("status") == "PUBLISHED":
            return _listing_id(offer.get("listing"))
        self._act("PUT", f"{INVENTORY}/inventory_item/{quoted(listing.sku)}", inventory_item(listing))
        if offer is None:
            created = self._act("POST", f"{INVENTORY}/offer", offer_document(listing))
            offer_id = _field(created.body, "offerId")
        else:
            offer_id = _field(offer, "offerId")
            self._act("PUT", f"{INVENTORY}/offer/{offer_id}", offer_document(listing))
        return _listing_id(self._act("POST", f"{INVENTORY}/offer/{offer_id}/publish").body)

    def update_price(self, sku: str, price: Money) -> None:
        """Set the price of a listing; its quantity is left alone.

        Raises:
            OutletRefusedError: the SKU has no listing, or the channel refuses the price.
            ConnectionError: no answer; calling again is safe.
        """
        offer_id = _field(self._get_offer(sku), "offerId")
        request = {"sku": sku, "offers": [{"offerId": offer_id, "price": write_money(price)}]}
        answer = self._act("POST", f"{INVENTORY}/bulk_update_price_quantity", {"requests": [request]})
        responses = answer.body.get("responses") if isinstance(answer.body, dict) else None
        if not isinstance(responses, list) or len(responses) != 1 or not isinstance(responses[0], dict):
            raise UnreadableAnswerError("the price update was answered without its one response")
        if responses[0].get("statusCode") != 200:
            raise parse_refusal(Answer(400, responses[0]), f"price of {sku}")

    def fetch_prices(self, skus: Sequence[str]) -> dict[str, Money]:
        """Return the live price of each SKU; one that is withdrawn or sold out is left out."""
        found: dict[str, Money] = {}
        for sku in skus:
            offer = self._find_offer(sku) or {}
            listing = offer.get("listing")
            if isinstance(listing, dict) and listing.get("listingStatus") == "ACTIVE":
                found[sku] = read_price(offer)
        return found

    def withdraw(self, sku: str) -> None:
        """End the listing of a SKU; one that is not published is left alone."""
        offer = self._get_offer(sku)
        if offer.get("status") == "PUBLISHED":
            self._act("POST", f"{INVENTORY}/offer/{_field(offer, 'offerId')}/withdraw")

    def fetch_orders(self, since: datetime | None) -> list[OutletOrder]:
        """Return the order lines since then, oldest first; all when None."""
        start = {} if since is None else {"filter": f"creationdate:[{write_time(since)}..]"}
        pages = self._pages(ORDERS, start, "orders")
        return [line for page in pages for order in page for line in parse_outlet_orders(order)]

    def confirm_shipment(self, order: Order, tracking_number: str, shipped_at: datetime) -> None:
        """Tell the channel that an order is on its way; the same tracking number again is fine.

        Raises:
            OutletRefusedError: the channel refuses.
            ConnectionError: no answer; calling again is safe.
        """
        shipment = {
            "lineItems": [{"lineItemId": order.line_item_id, "quantity": order.quantity}],
            "shippedDate": write_time(shipped_at),
            "shippingCarrierCode": CARRIER,
            "trackingNumber": tracking_number,
        }
        path = f"{ORDERS}/{quoted(order.outlet_order_id)}/shipping_fulfillment"
        answer = self._act("POST", path, shipment, also_good=(KNOWN_ALREADY,))
        if answer.status not in (CREATED, KNOWN_ALREADY):
            raise UnreadableAnswerError(f"the shipment was answered {answer.status}, which says nothing of it")

    def fetch_sold_prices(self, since: datetime | None) -> list[SoldPrice]:
        """Return everybody's completed sales since then, as far back as the channel tells when None."""
        found: dict[str, SoldPrice] = {}
        while True:
            query = {"category_ids": ",".join(CATEGORY_NAMES)}
            if since is not None:
                query["filter"] = f"lastSoldDate:[{write_time(since)}..]"
            known, seen = len(found), 0
            for page in self._pages(SALES, query, "itemSales"):
                seen += len(page)
                found |= {sale.sale_id: sale for sale in map(parse_sale, page)}
            if seen < DEEPEST_OFFSET or len(found) == known:
                return list(found.values())
            # Sales of one instant may straddle the cut; the overlap of a second reads them again.
            since = max(sale.sold_at for sale in found.values()) - timedelta(seconds=1)

    def _pages(self, path: str, query: Mapping[str, str], name: str) -> Iterator[list[Any]]:
        for offset in range(0, DEEPEST_OFFSET, PAGE):
            answer = self._get(path, {**query, "limit": str(PAGE), "offset": str(offset)})
            page = answer.body.get(name) if isinstance(answer.body, dict) else None
            if not answer.is_good:
                raise parse_refusal(answer, path)
            if not isinstance(page, list):
                raise UnreadableAnswerError(f"{path} was answered without {name}")
            yield page
            if not answer.body.get("next"):
                return

    def _find_offer(self, sku: str) -> dict[str, Any] | None:
        answer = self._get(f"{INVENTORY}/offer", {"sku": sku})
        if answer.status == 404:
            return None
        offers = answer.body.get("offers") if isinstance(answer.body, dict) else None
        if not answer.is_good:
            raise parse_refusal(answer, f"offer of {sku}")
        if not isinstance(offers, list) or len(offers) != 1 or not isinstance(offers[0], dict):
            raise UnreadableAnswerError(f"the offer of {sku} was answered without exactly one offer")
        if offers[0].get("sku", sku) != sku:
            raise UnreadableAnswerError(f"asked for the offer of {sku}, the channel answered with another SKU's")
        return offers[0]

    def _get_offer(self, sku: str) -> dict[str, Any]:
        offer = self._find_offer(sku)
        if offer is None:
            raise parse_refusal(Answer(404, None), f"{sku} has no offer")
        return offer

    def _get(self, path: str, query: Mapping[str, str]) -> Answer:
        return self._client.get(path.rpartition("/")[2], path, params=query)

    def _act(self, method: str, path: str, body: Any = None, *, also_good: Sequence[int] = ()) -> Answer:
        answer = self._client.send(f"{method} {path}", method, path, json=body)
        if not answer.is_good and answer.status not in also_good:
            raise parse_refusal(answer, f"{method} {path}")
        return answer


def _listing_id(document: Any) -> str:
    return _field(document, "listingId")


def _field(document: Any, name: str) -> str:
    value = document.get(name) if isinstance(document, dict) else None
    if not isinstance(value, str) or not value:
        raise UnreadableAnswerError(f"the channel's answer has no {name}")
    return value
