"""Outlets that the simulated trade sells on: buyers who come at any time, orders that show late or twice.

What belongs here: the outlet's own truth, on true time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from random import Random

from arb_pipelines.domain.listing import Listing
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.order import Order, OutletOrder
from arb_pipelines.domain.price import SoldPrice
from arb_pipelines.domain.spend_limit import Action
from arb_pipelines_tests.simulation.shops import true_time
from arb_pipelines_tests.simulation.weather import Weather


class SimOutlet:
    """Finds a listing again by its SKU, as every outlet we know does. `twin` is another outlet."""

    def __init__(self, outlet: str, random: Random, now_s: Callable[[], float], pause: Callable[[float], None]) -> None:
        self.outlet = outlet
        self.weather = Weather()
        self.twin: SimOutlet | None = None
        self.on_act: Callable[[Action], None] = lambda action: None
        self.prices: dict[str, Money] = {}
        self.units: dict[str, int] = {}
        self.sold = Counter[str]()
        self.orders: list[tuple[float, OutletOrder]] = []
        self.parcels: dict[str, set[str]] = {}
        self._random, self._now_s, self._pause = random, now_s, pause

    def list_item(self, listing: Listing) -> str:
        """Publish, or find what is published; the answer may be lost."""
        self.on_act(Action.LIST)
        self._may_fail()
        if listing.sku not in self.prices:
            self.relist(listing)
        self._may_fail()
        return f"{self.outlet}-{listing.sku}"

    def relist(self, listing: Listing) -> None:
        """Put units up, whatever was there: what a correct seller never asks for a known SKU."""
        self.prices[listing.sku] = listing.price
        self.units[listing.sku] = listing.quantity

    def update_price(self, sku: str, price: Money) -> None:
        """Set a price; the answer may be lost."""
        self.on_act(Action.REPRICE)
        self._may_fail()
        self.prices[sku] = price
        self._may_fail()

    def withdraw(self, sku: str) -> None:
        """End a listing."""
        self.units[sku] = 0

    def fetch_prices(self, skus: Sequence[str]) -> dict[str, Money]:
        """Return the prices of what is still on offer."""
        self._may_fail()
        return {sku: self.prices[sku] for sku in skus if self.units.get(sku, 0) > 0}

    def fetch_orders(self, since: datetime | None) -> list[OutletOrder]:
        """Return the orders that show by now, sometimes one twice, sometimes late."""
        self._may_fail()
        now_s = self._now_s()
        found = [one for shown_s, one in self.orders if shown_s <= now_s and (since is None or one.ordered_at >= since)]
        if found and self._random.random() < self.weather.doubled:
            found.append(found[-1])
        if self._random.random() < self.weather.late:
            self._pause(self._random.random() * self.weather.late_s)
        return found

    def confirm_shipment(self, order: Order, tracking_number: str, shipped_at: datetime) -> None:
        """Take a tracking number; the same one again is the same parcel."""
        self._may_fail()
        self.parcels.setdefault(order.outlet_order_id, set()).add(tracking_number)
        self._may_fail()

    def fetch_sold_prices(self, since: datetime | None) -> list[SoldPrice]:
        """Tell nothing: the simulated model needs no sales."""
        return []

    def let_buyers_come(self, chance: float) -> None:
        """Sell units of what is on offer, each listing with this chance."""
        for sku in [sku for sku, units in self.units.items() if units > 0]:
            if self._random.random() < chance:
                self._sell(sku)

    def _sell(self, sku: str) -> None:
        now_s = self._now_s()
        self.units[sku] -= 1
        self.sold[sku] += 1
        price = self.prices[sku]
        fee = Money(price.minor // 8, "USD") if self._random.random() < 0.5 else None
        order = OutletOrder(
            outlet=self.outlet,
            outlet_order_id=f"{self.outlet}-{len(self.orders)}",
            line_item_id="1",
            sku=sku,
            quantity=1,
            item_price=price,
            shipping_paid=Money(0, "USD"),
            tax=Money(price.minor * 7 // 100, "USD"),
            fee=fee,
            due=None if fee is None else price - fee,
            ordered_at=true_time(now_s),
            shipped=False,
        )
        self.orders.append((now_s + self._random.random() * self.weather.shown_after_s, order))

    def _may_fail(self) -> None:
        if self._random.random() < self.weather.drops / 2:
            raise ConnectionError("no answer")
