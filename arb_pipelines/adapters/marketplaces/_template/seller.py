"""Selling on a marketplace: the `Seller` port, and `fetch_prices` of `services/repricing.py`.

What belongs here: one call after the other until the README's table is true. What cannot be done stays refused with
its reason: an empty list or a silent return would be taken for "nothing sold" or "done".
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from arb_pipelines.adapters.http.client import ApiClient
from arb_pipelines.adapters.marketplaces._template.client import OUTLET, not_supported
from arb_pipelines.domain.listing import Listing
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.order import Order, OutletOrder
from arb_pipelines.domain.price import SoldPrice


class TemplateSeller:
    """Our account at the marketplace. Every call raises `OutletRefusedError` until it is written."""

    outlet = OUTLET

    def __init__(self, client: ApiClient) -> None:
        """Sell over a client."""
        self._client = client

    def __repr__(self) -> str:
        """Return the class name alone."""
        return "TemplateSeller()"

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def list_item(self, listing: Listing) -> str:
        """Publish a SKU and return the listing's id; the same SKU again gives the same listing, untouched."""
        raise not_supported("list")

    def update_price(self, sku: str, price: Money) -> None:
        """Set the price of a listing; its quantity is left alone."""
        raise not_supported("change a price")

    def fetch_prices(self, skus: Sequence[str]) -> dict[str, Money]:
        """Return the live price of each SKU; one without a live listing is left out."""
        raise not_supported("tell our prices")

    def withdraw(self, sku: str) -> None:
        """End a listing; one that has ended is left alone."""
        raise not_supported("end a listing")

    def fetch_orders(self, since: datetime | None) -> list[OutletOrder]:
        """Return the lines of paid orders since then; all when None."""
        raise not_supported("tell our orders")

    def confirm_shipment(self, order: Order, tracking_number: str, shipped_at: datetime) -> None:
        """Tell that an order is on its way; the same tracking number again is fine."""
        raise not_supported("take a tracking number")

    def fetch_sold_prices(self, since: datetime | None) -> list[SoldPrice]:
        """Return everybody's completed sales since then."""
        raise not_supported("tell what others sold")
