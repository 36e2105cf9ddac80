"""A buyer's order at an outlet: what was sold, what it brings after the outlet's fees, when it must ship.

What belongs here: the words, which state may follow which, and when an order is late. Importing and shipping is
`services/fulfilment.py`; what comes back is `return_case.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from arb_pipelines.domain.money import Money


class OrderState(StrEnum):
    """Where a buyer's order stands with us."""

    NEW = "new"  # imported and its lot units allocated
    PICKED = "picked"  # taken from the shelf
    PACKED = "packed"  # in its parcel
    DISPATCHED = "dispatched"  # the carrier has it; the outlet is still to be told
    SHIPPED = "shipped"  # the outlet knows


# What may still be put back a step; a parcel that the carrier has never comes back by a change of mind.
TRANSITIONS: dict[OrderState, frozenset[OrderState]] = {
    OrderState.NEW: frozenset({OrderState.PICKED, OrderState.DISPATCHED, OrderState.SHIPPED}),
    OrderState.PICKED: frozenset({OrderState.NEW, OrderState.PACKED, OrderState.DISPATCHED, OrderState.SHIPPED}),
    OrderState.PACKED: frozenset({OrderState.PICKED, OrderState.DISPATCHED, OrderState.SHIPPED}),
    OrderState.DISPATCHED: frozenset({OrderState.SHIPPED}),
    OrderState.SHIPPED: frozenset(),
}
IN_HOUSE = (OrderState.NEW, OrderState.PICKED, OrderState.PACKED)
UNSHIPPED = (*IN_HOUSE, OrderState.DISPATCHED)
HANDLING = timedelta(days=2)  # what most outlets grant where an order does not say by when it must ship
WARNED_BEFORE = timedelta(hours=12)  # a person needs a working morning to save it


@dataclass(frozen=True, slots=True)
class OutletOrder:
    """One line of an order as the outlet reports it; every amount is for the whole line, not for a unit.

    `fee` and `due` are None where the outlet does not tell yet; `ship_by` where it sets no date.
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
    ship_by: datetime | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """A buyer's order in our books. `cost_of_goods` is the landed cost of the very lot units that were sold.

    `fee` is the best known: what the outlet settled, else what it told, else the schedule's estimate, and then
    `fee_estimated`. `estimated_fee` keeps the estimate for good. `postage` is what the label cost us.
    """

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
    carrier: str | None = None
    ship_by: datetime | None = None
    estimated_fee: Money | None = None
    postage: Money | None = None

    @property
    def profit(self) -> Money:
        """Revenue minus the outlet's fee, the cost of the units sold and the label; returns are not in it."""
        kept = self.revenue - self.fee - self.cost_of_goods
        return kept if self.postage is None else kept - self.postage

    @property
    def must_ship_by(self) -> datetime:
        """When it must be with the carrier: what the outlet says, else the usual handling time."""
        return self.ship_by or self.ordered_at + HANDLING

    def is_due(self, now: datetime) -> bool:
        """Whether it is late, or will be within the warning time, and the carrier does not have it."""
        return self.state in IN_HOUSE and now >= self.must_ship_by - WARNED_BEFORE
