"""Our listings and every change of their prices.

What belongs here: the listings repository.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, RowMapping, and_, insert, select, update

from arb_pipelines.adapters.sql.engine import money_transaction
from arb_pipelines.adapters.sql.frames import fields_for, insert_into
from arb_pipelines.adapters.sql.sale_tables import OPEN_LISTING_STATES, listings, price_changes
from arb_pipelines.domain.listing import Listing, ListingState
from arb_pipelines.domain.money import Money

AMOUNTS = ("price", "floor", "ceiling")


class SqlListings:
    """Fulfils `domain.stores.Listings`."""

    def __init__(self, engine: Engine) -> None:
        """Keep the engine."""
        self._engine = engine

    def insert(self, listing: Listing) -> bool:
        """Keep a pending listing; False if its SKU already has an open one.

        Raises:
            ValueError: not `0 < floor <= price <= ceiling`, or more than one currency.
        """
        _check_bounds(listing.price, listing.floor, listing.ceiling)
        values = fields_for(listings, listing)
        values |= {f"{name}_minor": getattr(listing, name).minor for name in AMOUNTS}
        values |= {"state": listing.state.value, "currency": listing.price.currency}
        with money_transaction(self._engine) as connection:
            kept = insert_into(connection, listings).values(**values).on_conflict_do_nothing()
            return connection.execute(kept).rowcount == 1

    def advance(
        self,
        sku: str,
        *,
        expected: Sequence[ListingState],
        state: ListingState,
        outlet_listing_id: str | None = None,
    ) -> bool:
        """Compare-and-set a state; False if the state was another. Of several, the newest listing is meant."""
        current = and_(listings.c.sku == sku, listings.c.state.in_([old.value for old in expected]))
        newest = select(listings.c.listing_id).where(current).order_by(listings.c.listed_at.desc()).limit(1)
        changes = {"state": state.value}
        changes |= {"outlet_listing_id": outlet_listing_id} if outlet_listing_id is not None else {}
        with money_transaction(self._engine) as connection:
            listing_id = connection.scalar(newest.with_for_update())
            moved = update(listings).where(current, listings.c.listing_id == listing_id).values(**changes)
            return connection.execute(moved).rowcount == 1

    def store_price(self, sku: str, old: Money, new: Money, reason: str, at: datetime) -> bool:
        """Change the price and log the change with its reason; False if the price was no longer `old`.

        Raises:
            ValueError: the new price leaves the listing's floor and ceiling.
        """
        current = and_(
            listings.c.sku == sku,
            listings.c.state.in_(sorted(OPEN_LISTING_STATES)),
            listings.c.price_minor == old.minor,
            listings.c.currency == old.currency,
        )
        with money_transaction(self._engine) as connection:
            row = connection.execute(select(listings).where(current).with_for_update()).mappings().one_or_none()
            if row is None:
                return False
            listing = _listing(row)
            _check_bounds(new, listing.floor, listing.ceiling)
            changed = update(listings).where(current).values(price_minor=new.minor, repriced_at=at)
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


def _check_bounds(price: Money, floor: Money, ceiling: Money) -> None:
    if not (floor.minor > 0 and floor <= price <= ceiling):
        raise ValueError(f"a price of {price} is not between its floor {floor} and its ceiling {ceiling}")


def _listing(row: RowMapping) -> Listing:
    values: dict[str, Any] = dict(row)
    currency = values.pop("currency")
    amounts = {name: Money(values.pop(f"{name}_minor"), currency) for name in AMOUNTS}
    return Listing(**(values | amounts | {"state": ListingState(values["state"])}))
