"""Buyers' orders: import with its lot units, its ledger line and its listing in one transaction.

What belongs here: the orders repository.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, RowMapping, func, insert, select, true, update

from arb_pipelines.adapters.sql.engine import money_transaction
from arb_pipelines.adapters.sql.frames import fields_for
from arb_pipelines.adapters.sql.inventory import lot_of
from arb_pipelines.adapters.sql.ledger import post_once
from arb_pipelines.adapters.sql.sale_tables import (
    OPEN_LISTING_STATES,
    inventory_lots,
    listings,
    order_lots,
    orders,
)
from arb_pipelines.domain.inventory import InventoryLot, take_first_in
from arb_pipelines.domain.ledger import post_sale
from arb_pipelines.domain.listing import ListingState
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.order import Order, OrderState, OutletOrder


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
            connection.execute(insert(orders).values(**_row(order), tax_minor=outlet_order.tax.minor))
            _take(connection, order_id, taken)
            _close_or_reduce(connection, order)
            post_once(connection, post_sale(order_id, order.revenue, fee, order.cost_of_goods, order.ordered_at))
        return order

    def load_unshipped(self) -> list[Order]:
        """Return orders still to ship, oldest first."""
        return self._load(orders.c.state == OrderState.NEW.value)

    def mark_shipped(self, order_id: str, tracking_number: str, at: datetime) -> bool:
        """Record the shipment; False if it was already recorded."""
        waiting = (orders.c.order_id == order_id) & (orders.c.state == OrderState.NEW.value)
        values = {"state": OrderState.SHIPPED.value, "tracking_number": tracking_number, "shipped_at": at}
        with money_transaction(self._engine) as connection:
            return connection.execute(update(orders).where(waiting).values(**values)).rowcount == 1

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
            return [_loaded(row) for row in connection.execute(query).mappings()]


def _lock_lots(connection: Connection, sku: str) -> list[InventoryLot]:
    query = select(inventory_lots).where(inventory_lots.c.sku == sku).order_by(inventory_lots.c.lot_id)
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
    names = ("outlet", "outlet_order_id", "line_item_id", "sku", "quantity", "ordered_at")
    return Order(
        order_id=order_id,
        **{name: getattr(outlet_order, name) for name in names},
        product_id=taken[0][0].product_id,
        revenue=outlet_order.item_price + outlet_order.shipping_paid,
        fee=fee,
        fee_estimated=fee_estimated,
        cost_of_goods=cost,
        state=state,
    )


def _take(connection: Connection, order_id: str, taken: Sequence[tuple[InventoryLot, int]]) -> None:
    for lot, units in taken:
        enough = (inventory_lots.c.lot_id == lot.lot_id) & (inventory_lots.c.on_hand >= units)
        left = update(inventory_lots).where(enough).values(on_hand=inventory_lots.c.on_hand - units)
        if connection.execute(left).rowcount != 1:
            raise RuntimeError(f"lot {lot.lot_id} changed under its lock")
        line = {"order_id": order_id, "lot_id": lot.lot_id, "units": units, "unit_cost_minor": lot.unit_cost.minor}
        connection.execute(insert(order_lots).values(**line))


def _close_or_reduce(connection: Connection, order: Order) -> None:
    """Take the sold units off the SKU's open listing, and close it when it offers none."""
    listed = (listings.c.sku == order.sku) & listings.c.state.in_(sorted(OPEN_LISTING_STATES))
    query = select(listings.c.listing_id, listings.c.quantity).where(listed).with_for_update()
    row = connection.execute(query).one_or_none()
    if row is None:
        return
    on_hand = select(func.sum(inventory_lots.c.on_hand)).where(inventory_lots.c.sku == order.sku)
    left = max(0, min(row.quantity - order.quantity, int(connection.scalar(on_hand) or 0)))
    values: dict[str, Any] = {"quantity": left} | ({} if left else {"state": ListingState.SOLD.value})
    connection.execute(update(listings).where(listings.c.listing_id == row.listing_id).values(**values))


def _row(order: Order) -> dict[str, Any]:
    values = fields_for(orders, order)
    amounts = {f"{name}_minor": getattr(order, name).minor for name in ("revenue", "fee", "cost_of_goods")}
    return {**values, **amounts, "state": order.state.value, "currency": order.revenue.currency}


def _loaded(row: RowMapping) -> Order:
    values: dict[str, Any] = {name: row[name] for name in Order.__dataclass_fields__ if name in row}
    amounts = {name: Money(row[f"{name}_minor"], row["currency"]) for name in ("revenue", "fee", "cost_of_goods")}
    return Order(**(values | amounts | {"state": OrderState(row["state"])}))
