"""Ordering at the sandbox's shops through their JSON order desk.

What belongs here: the three calls of the `Buyer` port. The desk is not idempotent, so an order is sent once and
anything but a plain answer is `OutcomeUnknownError`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

import httpx

from arb_pipelines.adapters.http.answers import NoAnswerError, UnreadableAnswerError
from arb_pipelines.adapters.http.client import ApiClient
from arb_pipelines.adapters.http.fields import write_time
from arb_pipelines.adapters.marketplaces.sandbox.client import connect_shop
from arb_pipelines.adapters.marketplaces.sandbox.parse import (
    parse_placed_order,
    parse_placement,
    parse_quote,
)
from arb_pipelines.domain.ports import Buyer
from arb_pipelines.domain.purchase import BuyQuote, OrderRefused, OutcomeUnknownError, PlacedOrder, Purchase
from arb_pipelines.domain.site import Site

NO_SHOP = "http://no-shop.invalid"  # the pool of connections has no shop of its own


class SandboxBuyer:
    """The account at one shop."""

    def __init__(self, client: ApiClient) -> None:
        """Order at the shop of a client that carries the token."""
        self._client = client

    def fetch_quote(self, url: str, sku: str) -> BuyQuote:
        """Ask what one unit costs now, all in.

        Raises:
            ConnectionError: the shop cannot be reached.
            ValueError: its answer cannot be understood.
        """
        return parse_quote(sku, self._client.get("quote", "/api/quotes", params={"sku": sku}))

    def place(self, purchase: Purchase) -> PlacedOrder | OrderRefused:
        """Send the order once, with our purchase id as its reference and the reservation as its highest total.

        Raises:
            OutcomeUnknownError: no plain answer; the order may or may not exist.
        """
        order = {
            "sku": purchase.sku,
            "quantity": purchase.quantity,
            "max_total_minor": purchase.reserved.minor,
            "reference": purchase.purchase_id,
        }
        try:
            answer = self._client.send("placeOrder", "POST", "/api/orders", json=order)
            placed = parse_placement(answer)
        except (NoAnswerError, UnreadableAnswerError) as error:
            raise OutcomeUnknownError(str(error)) from error
        if placed is None:
            raise OutcomeUnknownError(f"the shop answered {answer.status} without a plain order or refusal")
        if isinstance(placed, PlacedOrder) and placed.reference != purchase.purchase_id:
            raise OutcomeUnknownError(f"the shop answered with another order: {placed.shop_order_id}")
        return placed

    def fetch_orders(self, since: datetime) -> list[PlacedOrder]:
        """Return our orders at this shop since then, oldest first.

        Raises:
            ConnectionError: the order history cannot be read.
            ValueError: it cannot be understood.
        """
        answer = self._client.get("orders", "/api/orders", params={"since": write_time(since)})
        orders = answer.body.get("orders") if isinstance(answer.body, dict) else None
        if not answer.is_good or not isinstance(orders, list):
            raise UnreadableAnswerError(f"the order history was answered {answer.status} without orders")
        return [parse_placed_order(order) for order in orders]


class SandboxBuyers:
    """The accounts at all sandbox shops, over one connection pool."""

    def __init__(
        self,
        shop_urls: Mapping[str, str],
        token: str,
        timeout_s: float = 10.0,
        *,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """Serve the shops of `shop_urls` (site key to address); `token` is the shops' bearer token."""
        self._shop_urls = dict(shop_urls)
        self._client = connect_shop(NO_SHOP, token, timeout_s, transport)

    @classmethod
    def of_sites(cls, sites: Iterable[Site], token: str) -> SandboxBuyers:
        """Serve those of `sites` whose declaration says that the sandbox's shops take orders there by machine."""
        return cls({site.key: site.url for site in sites if site.buyer == "sandbox"}, token=token)

    def buyer_for(self, site: str) -> Buyer | None:
        """Return the account at a shop, None for a site that is no sandbox shop."""
        shop_url = self._shop_urls.get(site)
        return None if shop_url is None else SandboxBuyer(self._client.at(shop_url))

    def close(self) -> None:
        """Close the connections."""
        self._client.close()
