"""A buyer's order at an outlet: what was sold, what it brings after the outlet's fees, when it must ship.

What belongs here: the words. Importing and shipping is `services/fulfilment.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from arb_pipelines.domain.money import Money


class OrderState(StrEnum):
    """Where a buyer's order stands with us."""

    NEW = "new"  # imported and its lot units allocated
    SHIPPED = "shipped"  # the outlet has our tracking number


@dataclass(frozen=True, slots=True)
class OutletOrder:
    """One line of an order as the outlet reports it; every amount is for the whole line, not for a unit.

    `fee` and `due` are None where the outlet does not tell yet.
    """

    outlet: str
    outlet_order_id: str
    line_item_id: str
    sku: str
    quantity: int
    item_price: Money
    shipping_paid: Money
    tax: Money
    fee: Money | None
    due: Money | None
    ordered_at: datetime
    shipped: bool


@dataclass(frozen=True, slots=True)
class Order:
    """A buyer's order in our books. `cost_of_goods` is the landed cost of the very lot units that were sold."""

    order_id: str
    outlet: str
    outlet_order_id: str
    line_item_id: str
    sku: str
    product_id: str
    quantity: int
    revenue: Money
    fee: Money
    fee_estimated: bool
    cost_of_goods: Money
    state: OrderState
    ordered_at: datetime
    tracking_number: str | None = None
    shipped_at: datetime | None = None

    @property
    def profit(self) -> Money:
        """Revenue minus the outlet's fee minus the cost of the units sold."""
        return self.revenue - self.fee - self.cost_of_goods
