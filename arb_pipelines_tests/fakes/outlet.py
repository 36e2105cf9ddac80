"""An outlet in memory: listings by SKU, orders, shipments, completed sales."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from arb_pipelines.domain.listing import Listing
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.order import Order, OutletOrder
from arb_pipelines.domain.price import SoldPrice


class FakeOutlet:
    """Sells under the name `sandbox`. `failing` holds the names of calls that find the outlet unreachable."""

    outlet = "sandbox"

    def __init__(self) -> None:
        self.prices: dict[str, Money] = {}
        self.units: dict[str, int] = {}
        self.listing_ids: dict[str, str] = {}
        self.orders: list[OutletOrder] = []
        self.shipments: dict[str, str] = {}
        self.sales: list[SoldPrice] = []
        self.failing: set[str] = set()
        self.calls: list[str] = []

    def _call(self, name: str) -> None:
        self.calls.append(name)
        if name in self.failing:
            raise ConnectionError(f"{name}: no answer")

    def list_item(self, listing: Listing) -> str:
        self._call("list_item")
        if listing.sku not in self.listing_ids:
            self.listing_ids[listing.sku] = f"li-{len(self.listing_ids) + 1}"
            self.prices[listing.sku] = listing.price
            self.units[listing.sku] = listing.quantity
        return self.listing_ids[listing.sku]

    def update_price(self, sku: str, price: Money) -> None:
        self._call("update_price")
        self.prices[sku] = price

    def withdraw(self, sku: str) -> None:
        self._call("withdraw")
        self.units[sku] = 0

    def fetch_prices(self, skus: Sequence[str]) -> dict[str, Money]:
        self._call("fetch_prices")
        return {sku: self.prices[sku] for sku in skus if self.units.get(sku, 0) > 0}

    def fetch_orders(self, since: datetime | None) -> list[OutletOrder]:
        self._call("fetch_orders")
        return [order for order in self.orders if since is None or order.ordered_at >= since]

    def confirm_shipment(self, order: Order, tracking_number: str, shipped_at: datetime) -> None:
        self._call("confirm_shipment")
        known = self.shipments.setdefault(order.order_id, tracking_number)
        assert known == tracking_number, "one order, two parcels"

    def fetch_sold_prices(self, since: datetime | None) -> list[SoldPrice]:
        self._call("fetch_sold_prices")
        return [sale for sale in self.sales if since is None or sale.sold_at >= since]

    def sell(self, sku: str, at: datetime, *, fee: Money | None, tax: Money) -> OutletOrder:
        """Let a buyer take one unit at the shown price."""
        self.units[sku] -= 1
        order = OutletOrder(
            outlet=self.outlet,
            outlet_order_id=f"order-{len(self.orders) + 1}",
            line_item_id="1",
            sku=sku,
            quantity=1,
            item_price=self.prices[sku],
            shipping_paid=Money.zero(tax.currency),
            tax=tax,
            fee=fee,
            due=None if fee is None else self.prices[sku] - fee,
            ordered_at=at,
            shipped=False,
        )
        self.orders.append(order)
        return order
