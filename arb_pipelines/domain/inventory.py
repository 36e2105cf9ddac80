"""Stock we own, by lot: one lot a purchase, because margin-scheme tax and FIFO cost need each unit's own cost.

What belongs here: lots, how a delivered purchase becomes one, and how units are taken (first in, first out).
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from arb_pipelines.domain.money import Money
from arb_pipelines.domain.purchase import Purchase
from arb_pipelines.domain.spend_limit import Refusal


@dataclass(frozen=True, slots=True)
class InventoryLot:
    """Units of one product from one purchase. `on_hand` = received - sold; cost is landed cost a unit."""

    lot_id: str
    purchase_id: str
    product_id: str
    sku: str
    title: str
    condition: str
    received: int
    on_hand: int
    unit_cost: Money
    received_at: datetime


class OutOfStockError(Exception):
    """More units were asked for than the lots hold."""


def take_first_in(lots: Sequence[InventoryLot], quantity: int) -> list[tuple[InventoryLot, int]]:
    """Return (lot, units) pairs that cover `quantity`, oldest lot first.

    Raises:
        OutOfStockError: the lots hold fewer units.
    """
    taken: list[tuple[InventoryLot, int]] = []
    missing = quantity
    for lot in sorted(lots, key=lambda lot: (lot.received_at, lot.lot_id)):
        units = min(missing, lot.on_hand)
        if units:
            taken.append((lot, units))
            missing -= units
    if missing:
        raise OutOfStockError(f"{quantity} units asked for, {quantity - missing} on hand")
    return taken


def sku_for_lot(lot_id: str) -> str:
    """Return our stock-keeping unit of a lot: derived from its id, so that listing twice meets the same SKU."""
    return f"ARB-{hashlib.sha256(lot_id.encode()).hexdigest()[:16].upper()}"


def sku_for_next_offer(lot: InventoryLot, used: Collection[str]) -> str:
    """Return the SKU under which a lot is offered: its own the first time, a new one each time after.

    Outlets find a listing again by its SKU and leave it as it is, so units that are offered again (a return, the rest
    of a lot) need a name that no outlet knows; a late order of the old name is still known by the old listing.

    Args:
        lot: the lot.
        used: the SKUs of all listings that the lot ever had.
    """
    return f"{sku_for_lot(lot.lot_id)}-{len(used) + 1}" if lot.sku in used else lot.sku


def lot_of(purchase: Purchase, received_at: datetime) -> InventoryLot | Refusal:
    """Return the lot that a delivered purchase becomes.

    Every unit of a lot has the same exact cost. A total that does not divide by the quantity is left to a person
    (`uneven_unit_cost`): a rounded unit cost would make the stock differ from what was paid.
    """
    if purchase.total is None:
        return Refusal("total_unknown", f"{purchase.purchase_id} was delivered, but its total is not in the books")
    unit, rest = divmod(purchase.total.minor, purchase.quantity)
    if rest:
        return Refusal("uneven_unit_cost", f"{purchase.total} for {purchase.quantity} units does not divide evenly")
    lot_id = f"lot-{purchase.purchase_id}"
    return InventoryLot(
        lot_id=lot_id,
        purchase_id=purchase.purchase_id,
        product_id=purchase.product_id,
        sku=sku_for_lot(lot_id),
        title=purchase.title,
        condition=purchase.condition,
        received=purchase.quantity,
        on_hand=purchase.quantity,
        unit_cost=Money(unit, purchase.total.currency),
        received_at=received_at,
    )
