"""Buyers' orders: import with its lot units, its ledger line and its listing in one transaction; then their parcel.

What belongs here: the orders repository. What comes back is `returns.py`, what the fee really was `settlements.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, func, insert, select, true, update

from arb_pipelines.adapters.sql.engine import money_transaction
from arb_pipelines.adapters.sql.inventory import lot_of
from arb_pipelines.adapters.sql.ledger import post_once
from arb_pipelines.adapters.sql.order_rows import order_columns, order_of
from arb_pipelines.adapters.sql.sale_tables import (
    OPEN_LISTING_STATES,
    inventory_lots,
    listings,
    order_lots,
    orders,
)
from arb_pipelines.domain.inventory import InventoryLot, take_first_in
from arb_pipelines.domain.ledger import post_postage, post_sale
from arb_pipelines.domain.listing import ListingState
from arb_pipelines.domain.money import Money, MoneyError
from arb_pipelines.domain.order import IN_HOUSE, TRANSITIONS, UNSHIPPED, Order, OrderState, OutletOrder


class SqlOrders:
    """Fulfils `domain.stores.Orders`."""

    def __init__(self, engine: Engine) -> None:
        """Keep the engine."""
        self._engine = engine

    def import_order(self, outlet_order: OutletOrder, fee: Money, fee_estimated: bool) -> Order | None:
        """Allocate lot units first in first out, post the sale and close an emptied listing, in one transaction.

        Revenue is `item_price` (of the whole line, as outlets report it) plus `shipping_paid`; the buyer's tax is
        the outlet's and never ours. Returns None if the order is already in the books.

        Raises:
            OutOfStockError: the SKU's lots hold fewer units.
            LookupError: the SKU is not ours.
            MoneyError: the sale, its fee and its cost are not in one currency.
        """
        order_id = f"{outlet_order.outlet}:{outlet_order.outlet_order_id}:{outlet_order.line_item_id}"
        with money_transaction(self._engine) as connection:
            lots = _lock_lots(connection, outlet_order.sku)
            # Asked after the lock: another import of the same order has committed by now or has not begun.
            if connection.scalar(select(orders.c.order_id).where(orders.c.order_id == order_id)) is not None:
                return None
            if not lots:
                raise LookupError(f"order {order_id} is for SKU {outlet_order.sku}, which is not ours")
            taken = take_first_in(lots, outlet_order.quantity)
            order = _order(order_id, outlet_order, taken, fee, fee_estimated)
            connection.execute(insert(orders).values(**order_columns(order), tax_minor=outlet_order.tax.minor))
            _take(connection, order_id, taken)
            _close_or_reduce(connection, order, [lot for lot, _ in taken])
            post_once(connection, post_sale(order_id, order.revenue, fee, order.cost_of_goods, order.ordered_at))
        return order

    def load_unshipped(self) -> list[Order]:
        """Return orders that the outlet does not know as shipped, oldest first."""
        return self._load(orders.c.state.in_([state.value for state in UNSHIPPED]))

    def advance(self, order_id: str, *, expected: Sequence[OrderState], state: OrderState) -> bool:
        """Compare-and-set a state within the house; False if the state was another.

        Raises:
            ValueError: no expected state may be followed by this one, or the parcel leaves (`dispatch`).
        """
        if state not in IN_HOUSE or not any(state in TRANSITIONS[old] for old in expected):
            raise ValueError(f"an order cannot go from {' or '.join(expected)} to {state}")
        known = (orders.c.order_id == order_id) & orders.c.state.in_([old.value for old in expected])
        with money_transaction(self._engine) as connection:
            return connection.execute(update(orders).where(known).values(state=state.value)).rowcount == 1

    def dispatch(
        self, order_id: str, tracking_number: str, carrier: str | None, postage: Money | None, at: datetime
    ) -> bool:
        """Record that the carrier has the parcel and post its label; False if it left already.

        Raises:
            MoneyError: the label was paid in another currency than the sale.
        """
        waiting = (orders.c.order_id == order_id) & orders.c.state.in_([state.value for state in IN_HOUSE])
        values: dict[str, Any] = {"tracking_number": tracking_number, "carrier": carrier, "shipped_at": at}
        values |= {"state": OrderState.DISPATCHED.value}
        values |= {} if postage is None else {"postage_minor": postage.minor}
        with money_transaction(self._engine) as connection:
            currency = connection.scalar(select(orders.c.currency).where(orders.c.order_id == order_id))
            if postage is not None and currency not in (None, postage.currency):
                raise MoneyError(f"the sale is in {currency}, the label in {postage.currency}")
            if connection.execute(update(orders).where(waiting).values(**values)).rowcount != 1:
                return False
            if postage is not None and postage.minor:
                post_once(connection, post_postage(order_id, postage, at))
        return True

    def mark_shipped(self, order_id: str, tracking_number: str, at: datetime) -> bool:
        """Record that the outlet knows of the shipment; False if it was already recorded, or by another number."""
        mine = orders.c.order_id == order_id
        in_house = orders.c.state.in_([state.value for state in IN_HOUSE])
        left = (orders.c.state == OrderState.DISPATCHED.value) & (orders.c.tracking_number == tracking_number)
        shipped = {"state": OrderState.SHIPPED.value}
        fresh = shipped | {"tracking_number": tracking_number, "shipped_at": at}
        with money_transaction(self._engine) as connection:
            if connection.execute(update(orders).where(mine, left).values(**shipped)).rowcount == 1:
                return True
            return connection.execute(update(orders).where(mine, in_house).values(**fresh)).rowcount == 1

    def load(self) -> list[Order]:
        """Return all orders, oldest first."""
        return self._load(true())

    def newest_ordered_at(self, outlet: str) -> datetime | None:
        """Return when the newest imported order was made."""
        query = select(func.max(orders.c.ordered_at)).where(orders.c.outlet == outlet)
        with self._engine.connect() as connection:
            newest: datetime | None = connection.scalar(query)
        return newest

    def _load(self, condition: ColumnElement[bool]) -> list[Order]:
        query = select(orders).where(condition).order_by(orders.c.ordered_at, orders.c.order_id)
        with self._engine.connect() as connection:
            return [order_of(row) for row in connection.execute(query).mappings()]


def _lock_lots(connection: Connection, sku: str) -> list[InventoryLot]:
    """Return the lots of a SKU, locked; a lot that is offered under a newer SKU by now is still the one that sold."""
    formerly = select(listings.c.lot_id).where(listings.c.sku == sku)
    mine = (inventory_lots.c.sku == sku) | inventory_lots.c.lot_id.in_(formerly)
    query = select(inventory_lots).where(mine).order_by(inventory_lots.c.lot_id)
    return [lot_of(row) for row in connection.execute(query.with_for_update()).mappings()]


def _order(
    order_id: str,
    outlet_order: OutletOrder,
    taken: Sequence[tuple[InventoryLot, int]],
    fee: Money,
    fee_estimated: bool,
) -> Order:
    cost = Money.zero(fee.currency)
    for lot, units in taken:
        cost += lot.unit_cost * units
    state = OrderState.SHIPPED if outlet_order.shipped else OrderState.NEW
    names = ("outlet", "outlet_order_id", "line_item_id", "sku", "quantity", "ordered_at", "ship_by")
    return Order(
        order_id=order_id,
        **{name: getattr(outlet_order, name) for name in names},
        product_id=taken[0][0].product_id,
        revenue=outlet_order.item_price + outlet_order.shipping_paid,
        fee=fee,
        fee_estimated=fee_estimated,
        cost_of_goods=cost,
        state=state,
        estimated_fee=fee if fee_estimated else None,
    )


def _take(connection: Connection, order_id: str, taken: Sequence[tuple[InventoryLot, int]]) -> None:
    for lot, units in taken:
        enough = (inventory_lots.c.lot_id == lot.lot_id) & (inventory_lots.c.on_hand >= units)
        left = update(inventory_lots).where(enough).values(on_hand=inventory_lots.c.on_hand - units)
        if connection.execute(left).rowcount != 1:
            raise RuntimeError(f"lot {lot.lot_id} changed under its lock")
        line = {"order_id": order_id, "lot_id": lot.lot_id, "units": units, "unit_cost_minor": lot.unit_cost.minor}
        connection.execute(insert(order_lots).values(**line))


def _close_or_reduce(connection: Connection, order: Order, lots: Sequence[InventoryLot]) -> None:
    """Take the sold units off the open listing that sold them, close it when it offers none, and end every other.

    Another listing shows units of the same stock only where that was opted into, or where a sale of an older listing
    shows late; what it shows is too many by now.
    """
    ours = listings.c.lot_id.in_([lot.lot_id for lot in lots])
    listed = ((listings.c.sku == order.sku) | ours) & listings.c.state.in_(sorted(OPEN_LISTING_STATES))
    columns = [listings.c[name] for name in ("listing_id", "sku", "quantity", "outlet", "state")]
    rows = connection.execute(select(*columns).where(listed).with_for_update()).all()
    same = [row for row in rows if row.sku == order.sku]
    # A sale under another name than the listing's (an outlet that was renamed) still takes the unit off.
    named = [row for row in same if row.outlet == order.outlet] or same[:1]
    on_hand = select(func.sum(inventory_lots.c.on_hand)).where(inventory_lots.c.sku == order.sku)
    owned = int(connection.scalar(on_hand) or 0)
    for row in rows:
        left = max(0, min(row.quantity - order.quantity, owned)) if row in named else 0
        ended = ListingState.SOLD if row in named and row.state != ListingState.ENDING else ListingState.ENDING
        values: dict[str, Any] = {"quantity": left} | ({} if left else {"state": ended.value})
        connection.execute(update(listings).where(listings.c.listing_id == row.listing_id).values(**values))
