"""Our listings and every change of their prices.

What belongs here: the listings repository.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, RowMapping, and_, insert, select, update

from arb_pipelines.adapters.sql.engine import money_transaction
from arb_pipelines.adapters.sql.frames import fields_for, insert_into
from arb_pipelines.adapters.sql.sale_tables import OPEN_LISTING_STATES, inventory_lots, listings, price_changes
from arb_pipelines.domain.floor_basis import FloorBasis
from arb_pipelines.domain.listing import Listing, ListingState, may_be_offered
from arb_pipelines.domain.money import Money

AMOUNTS = ("price", "floor", "ceiling")
BASIS = ("cost", "fees", "margin")
PRICED = (ListingState.PENDING.value, ListingState.ACTIVE.value)


class SqlListings:
    """Fulfils `domain.stores.Listings`."""

    def __init__(self, engine: Engine) -> None:
        """Keep the engine."""
        self._engine = engine

    def insert(self, listing: Listing) -> bool:
        """Keep a pending listing; False if its SKU is offered already, or its units are not there any more.

        Raises:
            ValueError: not `0 < floor <= price <= ceiling`, or more than one currency.
        """
        _check_bounds(listing.price, listing.floor, listing.ceiling)
        values = fields_for(listings, listing)
        values |= {f"{name}_minor": getattr(listing, name).minor for name in AMOUNTS}
        values |= {"state": listing.state.value, "currency": listing.price.currency}
        values |= _basis_columns(listing)
        with money_transaction(self._engine) as connection:
            if not may_be_offered(listing, *_offered(connection, listing.sku)):
                return False
            kept = insert_into(connection, listings).values(**values).on_conflict_do_nothing()
            return connection.execute(kept).rowcount == 1

    def advance(
        self,
        sku: str,
        *,
        expected: Sequence[ListingState],
        state: ListingState,
        outlet_listing_id: str | None = None,
        outlet: str | None = None,
    ) -> bool:
        """Compare-and-set a state; False if the state was another. Of several, the newest listing is meant.

        `outlet` matters only where several outlets show one SKU.
        """
        current = and_(listings.c.sku == sku, listings.c.state.in_([old.value for old in expected]))
        current = current if outlet is None else and_(current, listings.c.outlet == outlet)
        newest = select(listings.c.listing_id).where(current).order_by(listings.c.listed_at.desc()).limit(1)
        changes = {"state": state.value}
        changes |= {"outlet_listing_id": outlet_listing_id} if outlet_listing_id is not None else {}
        with money_transaction(self._engine) as connection:
            listing_id = connection.scalar(newest.with_for_update())
            moved = update(listings).where(current, listings.c.listing_id == listing_id).values(**changes)
            return connection.execute(moved).rowcount == 1

    def store_price(
        self, sku: str, old: Money, new: Money, reason: str, at: datetime, outlet: str | None = None
    ) -> bool:
        """Change the price and log the change with its reason; False if the price was no longer `old`.

        Raises:
            ValueError: the new price leaves the listing's floor and ceiling.
        """
        current = and_(
            listings.c.sku == sku,
            listings.c.state.in_(PRICED),
            listings.c.price_minor == old.minor,
            listings.c.currency == old.currency,
        )
        current = current if outlet is None else and_(current, listings.c.outlet == outlet)
        with money_transaction(self._engine) as connection:
            row = connection.execute(select(listings).where(current).with_for_update()).mappings().first()
            if row is None:
                return False
            listing = _listing(row)
            _check_bounds(new, listing.floor, listing.ceiling)
            mine = listings.c.listing_id == listing.listing_id
            changed = update(listings).where(mine).values(price_minor=new.minor, repriced_at=at)
            connection.execute(changed)
            amounts = {"old_minor": old.minor, "new_minor": new.minor, "currency": new.currency}
            log = insert(price_changes).values(listing_id=listing.listing_id, sku=sku, **amounts, reason=reason, at=at)
            connection.execute(log)
        return True

    def load(self, states: Sequence[ListingState] = ()) -> list[Listing]:
        """Return listings, in the given states or all, oldest first."""
        query = select(listings).order_by(listings.c.listed_at, listings.c.listing_id)
        query = query.where(listings.c.state.in_([state.value for state in states])) if states else query
        with self._engine.connect() as connection:
            return [_listing(row) for row in connection.execute(query).mappings()]


def _offered(connection: Connection, sku: str) -> tuple[list[Listing], int]:
    """Return the SKU's open listings and its units on hand; the lots stay locked, so neither can change."""
    lots = select(inventory_lots.c.on_hand).where(inventory_lots.c.sku == sku).with_for_update()
    on_hand = sum(connection.scalars(lots))
    open_now = (listings.c.sku == sku) & listings.c.state.in_(sorted(OPEN_LISTING_STATES))
    return [_listing(row) for row in connection.execute(select(listings).where(open_now)).mappings()], on_hand


def _check_bounds(price: Money, floor: Money, ceiling: Money) -> None:
    if not (floor.minor > 0 and floor <= price <= ceiling):
        raise ValueError(f"a price of {price} is not between its floor {floor} and its ceiling {ceiling}")


def _basis_columns(listing: Listing) -> dict[str, int]:
    if listing.floor_basis is None:
        return {}
    parts = {name: getattr(listing.floor_basis, name) for name in BASIS}
    if {part.currency for part in parts.values()} != {listing.floor.currency}:
        raise ValueError(f"the floor {listing.floor} rests on amounts in another currency")
    return {f"floor_{name}_minor": part.minor for name, part in parts.items()}


def _listing(row: RowMapping) -> Listing:
    values: dict[str, Any] = dict(row)
    currency = values.pop("currency")
    amounts = {name: Money(values.pop(f"{name}_minor"), currency) for name in AMOUNTS}
    parts = [values.pop(f"floor_{name}_minor") for name in BASIS]
    basis = None if None in parts else FloorBasis(*(Money(part, currency) for part in parts))
    said = {"state": ListingState(values["state"]), "photos": tuple(values["photos"] or ()), "floor_basis": basis}
    return Listing(**(values | amounts | said))
