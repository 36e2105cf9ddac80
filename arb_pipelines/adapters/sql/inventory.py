"""Lots we own.

What belongs here: the inventory repository. Units leave a lot in `orders.py`, with the sale.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, Engine, RowMapping, exists, select, true, update

from arb_pipelines.adapters.sql.engine import money_transaction
from arb_pipelines.adapters.sql.frames import fields_for, insert_into
from arb_pipelines.adapters.sql.sale_tables import OPEN_LISTING_STATES, inventory_lots, listings
from arb_pipelines.domain.inventory import InventoryLot
from arb_pipelines.domain.money import Money


class SqlInventory:
    """Fulfils `domain.stores.Inventory`."""

    def __init__(self, engine: Engine) -> None:
        """Keep the engine."""
        self._engine = engine

    def receive(self, lot: InventoryLot) -> bool:
        """Take a lot into stock; False if the purchase already has one.

        Raises:
            sqlalchemy.exc.IntegrityError: the purchase is not in the books, or more is on hand than was received.
        """
        values = fields_for(inventory_lots, lot)
        values |= {"unit_cost_minor": lot.unit_cost.minor, "currency": lot.unit_cost.currency}
        with money_transaction(self._engine) as connection:
            received = insert_into(connection, inventory_lots).values(**values).on_conflict_do_nothing()
            return connection.execute(received).rowcount == 1

    def rename(self, lot_id: str, old_sku: str, new_sku: str) -> bool:
        """Give a lot another SKU; False if it has none of the old one any more, or an open listing offers it."""
        mine = (inventory_lots.c.lot_id == lot_id) & (inventory_lots.c.sku == old_sku)
        offered = exists().where(listings.c.lot_id == lot_id, listings.c.state.in_(sorted(OPEN_LISTING_STATES)))
        with money_transaction(self._engine) as connection:
            connection.execute(select(inventory_lots.c.lot_id).where(mine).with_for_update())
            return connection.execute(update(inventory_lots).where(mine, ~offered).values(sku=new_sku)).rowcount == 1

    def load_unlisted(self) -> list[InventoryLot]:
        """Return lots with units on hand whose SKU no open listing offers, oldest first."""
        offered = (listings.c.sku == inventory_lots.c.sku) & listings.c.state.in_(sorted(OPEN_LISTING_STATES))
        return self._load((inventory_lots.c.on_hand > 0) & ~exists().where(offered))

    def load(self) -> list[InventoryLot]:
        """Return all lots, oldest first."""
        return self._load(true())

    def _load(self, condition: ColumnElement[bool]) -> list[InventoryLot]:
        query = select(inventory_lots).where(condition)
        query = query.order_by(inventory_lots.c.received_at, inventory_lots.c.lot_id)
        with self._engine.connect() as connection:
            return [lot_of(row) for row in connection.execute(query).mappings()]


def lot_of(row: RowMapping) -> InventoryLot:
    """Return the lot that a row keeps."""
    values = dict(row)
    unit_cost = Money(values.pop("unit_cost_minor"), values.pop("currency"))
    return InventoryLot(**values, unit_cost=unit_cost)
