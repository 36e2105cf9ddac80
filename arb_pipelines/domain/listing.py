"""Our own offer to buyers: one listing a SKU, only for stock that exists, one outlet for a single unit.

What belongs here: the words and the draft with its price bounds. Publishing is `services/listing.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from arb_pipelines.domain.floor_basis import FloorBasis
from arb_pipelines.domain.inventory import InventoryLot
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.price import PricePrediction
from arb_pipelines.domain.product_sheet import describe


class ListingState(StrEnum):
    """Where a listing stands. `PENDING` is committed before the outlet is called; publishing is idempotent by SKU.

    `ENDING` is committed before the outlet is told to withdraw it; the outlet may sell from it until then.
    """

    PENDING = "pending"
    ACTIVE = "active"
    ENDING = "ending"
    SOLD = "sold"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Listing:
    """One SKU on one outlet. `floor` is the lowest price that covers landed cost, fees and minimum ROI."""

    listing_id: str
    sku: str
    lot_id: str
    product_id: str
    outlet: str
    title: str
    category: str
    condition: str
    gtin: str | None
    quantity: int
    price: Money
    floor: Money
    ceiling: Money
    state: ListingState
    outlet_listing_id: str | None
    listed_at: datetime
    repriced_at: datetime
    brand: str | None = None
    mpn: str | None = None
    floor_basis: FloorBasis | None = None  # what the floor rests on; None only where nobody kept it
    description: str | None = None
    photos: tuple[str, ...] = ()
    shared_buffer: int | None = None  # units held back where several outlets show them; None: this outlet only


@dataclass(frozen=True, slots=True)
class ProductFacts:
    """What an outlet wants to know of a product; None where we do not know it."""

    title: str | None = None
    category: str | None = None
    gtin: str | None = None
    brand: str | None = None
    mpn: str | None = None
    description: str | None = None
    photos: tuple[str, ...] = ()


def may_be_offered(listing: Listing, offered: Sequence[Listing], on_hand: int) -> bool:
    """Whether a new listing shows only units that exist and that nobody else shows.

    Cross-listing cannot be made safe, so one outlet shows a unit; several outlets show one SKU only where every
    listing of it holds the same buffer back.

    Args:
        listing: the new one.
        offered: the open listings of its SKU.
        on_hand: the units of its SKU in all lots.
    """
    if listing.quantity < 1 or listing.quantity > on_hand - (listing.shared_buffer or 0):
        return False
    if not offered:
        return True
    elsewhere = all(one.outlet != listing.outlet for one in offered)
    shared = all(one.shared_buffer == listing.shared_buffer for one in offered)
    ending = any(one.state is ListingState.ENDING for one in offered)
    return elsewhere and shared and not ending and (listing.shared_buffer or 0) > 0


def price_bounds(prediction: PricePrediction, floor: Money) -> tuple[Money, Money] | None:
    """Return the first price and the ceiling, or None where the model does not say.

    The price is the middle prediction, the ceiling the high one; neither is ever below the floor.

    Raises:
        MoneyError: the prediction is in another currency than the floor.
    """
    if prediction.abstained is not None or prediction.middle is None:
        return None
    return max(prediction.middle, floor), max(prediction.high or prediction.middle, prediction.middle, floor)


def draft_listing(
    lot: InventoryLot,
    facts: ProductFacts,
    outlet: str,
    number: int,
    floor: Money,
    price: Money,
    ceiling: Money,
    now: datetime,
    basis: FloorBasis | None = None,
) -> Listing:
    """Return the pending listing of everything that is left of a lot; `number` counts the listings of its SKU.

    Without a description of its own a product is described by what is known of it.
    """
    title = facts.title or lot.title
    known = (("Brand", facts.brand), ("Model", facts.mpn), ("GTIN", facts.gtin))
    return Listing(
        listing_id=f"{outlet}-{lot.sku}-{number}",
        sku=lot.sku,
        lot_id=lot.lot_id,
        product_id=lot.product_id,
        outlet=outlet,
        title=title,
        category=facts.category or "",
        condition=lot.condition,
        gtin=facts.gtin,
        quantity=lot.on_hand,
        price=price,
        floor=floor,
        ceiling=ceiling,
        state=ListingState.PENDING,
        outlet_listing_id=None,
        listed_at=now,
        repriced_at=now,
        brand=facts.brand,
        mpn=facts.mpn,
        floor_basis=basis,
        description=facts.description or describe(title, lot.condition, known),
        photos=facts.photos,
    )
