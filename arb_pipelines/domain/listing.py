"""Our own offer to buyers: one listing a SKU, only for stock that exists, one outlet for a single unit.

What belongs here: the words and the draft with its price bounds. Publishing is `services/listing.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from arb_pipelines.domain.inventory import InventoryLot
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.price import PricePrediction


class ListingState(StrEnum):
    """Where a listing stands. `PENDING` is committed before the outlet is called; publishing is idempotent by SKU."""

    PENDING = "pending"
    ACTIVE = "active"
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


@dataclass(frozen=True, slots=True)
class ProductFacts:
    """What an outlet wants to know of a product; None where we do not know it."""

    title: str | None = None
    category: str | None = None
    gtin: str | None = None
    brand: str | None = None
    mpn: str | None = None


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
) -> Listing:
    """Return the pending listing of everything that is left of a lot; `number` counts the listings of its SKU."""
    return Listing(
        listing_id=f"{outlet}-{lot.sku}-{number}",
        sku=lot.sku,
        lot_id=lot.lot_id,
        product_id=lot.product_id,
        outlet=outlet,
        title=facts.title or lot.title,
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
    )
