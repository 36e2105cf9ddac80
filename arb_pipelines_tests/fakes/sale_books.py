"""The selling half of the books in memory: products, lots, listings, orders."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

import polars as pl

from arb_pipelines.domain.inventory import InventoryLot, take_first_in
from arb_pipelines.domain.ledger import LedgerTransaction, post_postage, post_sale
from arb_pipelines.domain.listing import Listing, ListingState, may_be_offered
from arb_pipelines.domain.money import Money, MoneyError
from arb_pipelines.domain.order import IN_HOUSE, TRANSITIONS, UNSHIPPED, Order, OrderState, OutletOrder
from arb_pipelines.transforms.product_matching import PRODUCT_SCHEMA
from arb_pipelines_tests.fakes.ledger_books import broken_constraint

OPEN_LISTINGS = (ListingState.PENDING, ListingState.ACTIVE, ListingState.ENDING)
PRICED = (ListingState.PENDING, ListingState.ACTIVE)


class FakeProducts:
    """Product rows as dicts of some PRODUCT_SCHEMA columns."""

    def __init__(self) -> None:
        self.rows: list[dict[str, object]] = []

    def load(self) -> pl.DataFrame:
        return pl.DataFrame(self.rows, schema=PRODUCT_SCHEMA)


class FakeInventory:
    """Lots by id, one a purchase."""

    def __init__(self, is_bought: Callable[[str], bool]) -> None:
        self.rows: dict[str, InventoryLot] = {}
        self.open_skus: Callable[[], set[str]] = set
        self._is_bought = is_bought

    def receive(self, lot: InventoryLot) -> bool:
        if not self._is_bought(lot.purchase_id) or not 0 <= lot.on_hand <= lot.received:
            raise broken_constraint(f"lot {lot.lot_id}")
        if lot.lot_id in self.rows or any(kept.purchase_id == lot.purchase_id for kept in self.rows.values()):
            return False
        self.rows[lot.lot_id] = lot
        return True

    def rename(self, lot_id: str, old_sku: str, new_sku: str) -> bool:
        lot = self.rows.get(lot_id)
        if lot is None or lot.sku != old_sku or old_sku in self.open_skus():
            return False
        self.rows[lot_id] = replace(lot, sku=new_sku)
        return True

    def load_unlisted(self) -> list[InventoryLot]:
        offered = self.open_skus()
        return [lot for lot in self.load() if lot.on_hand and lot.sku not in offered]

    def load(self) -> list[InventoryLot]:
        return sorted(self.rows.values(), key=lambda lot: (lot.received_at, lot.lot_id))


class FakeListings:
    """Listings by id, one open a SKU unless shared; `changes` is the price log."""

    def __init__(self, inventory: FakeInventory) -> None:
        self.rows: dict[str, Listing] = {}
        self._inventory = inventory
        self.changes: list[tuple[str, Money, Money, str]] = []
        inventory.open_skus = lambda: {one.sku for one in self.rows.values() if one.state in OPEN_LISTINGS}

    def insert(self, listing: Listing) -> bool:
        self._check_bounds(listing.price, listing)
        offered = [kept for kept in self.load(OPEN_LISTINGS) if kept.sku == listing.sku]
        on_hand = sum(lot.on_hand for lot in self._inventory.rows.values() if lot.sku == listing.sku)
        if listing.listing_id in self.rows or not self._may_be_offered(listing, offered, on_hand):
            return False
        self.rows[listing.listing_id] = listing
        return True

    @staticmethod
    def _may_be_offered(listing: Listing, offered: Sequence[Listing], on_hand: int) -> bool:
        return may_be_offered(listing, offered, on_hand)

    @staticmethod
    def _check_bounds(price: Money, listing: Listing) -> None:
        if not (listing.floor.minor > 0 and listing.floor <= price <= listing.ceiling):
            raise ValueError(f"a price of {price} is not between {listing.floor} and {listing.ceiling}")

    def advance(
        self,
        sku: str,
        *,
        expected: Sequence[ListingState],
        state: ListingState,
        outlet_listing_id: str | None = None,
        outlet: str | None = None,
    ) -> bool:
        meant = [one for one in self.load(expected) if one.sku == sku and outlet in (None, one.outlet)]
        if not meant:
            return False
        newest = max(meant, key=lambda listing: listing.listed_at)
        known = outlet_listing_id or newest.outlet_listing_id
        self.rows[newest.listing_id] = replace(newest, state=state, outlet_listing_id=known)
        return True

    def store_price(
        self, sku: str, old: Money, new: Money, reason: str, at: datetime, outlet: str | None = None
    ) -> bool:
        for listing in self.load(PRICED):
            if listing.sku == sku and listing.price == old and outlet in (None, listing.outlet):
                self._check_bounds(new, listing)
                self.rows[listing.listing_id] = replace(listing, price=new, repriced_at=at)
                self.changes.append((sku, old, new, reason))
                return True
        return False

    def load(self, states: Sequence[ListingState] = ()) -> list[Listing]:
        found = [listing for listing in self.rows.values() if not states or listing.state in states]
        return sorted(found, key=lambda listing: (listing.listed_at, listing.listing_id))


class FakeOrders:
    """Orders by id; an import takes lot units and posts the sale.

    `taken` counts the units gone from each lot, `lots` says which an order took.
    """

    def __init__(
        self, inventory: FakeInventory, listings: FakeListings, post_once: Callable[[LedgerTransaction], None]
    ) -> None:
        self.rows: dict[str, Order] = {}
        self.taken = Counter[str]()
        self.lots: dict[str, list[tuple[str, int]]] = {}
        self._inventory = inventory
        self._listings = listings
        self._post_once = post_once

    def import_order(self, outlet_order: OutletOrder, fee: Money, fee_estimated: bool) -> Order | None:
        order_id = self.id_of(outlet_order)
        if order_id in self.rows:
            return None
        formerly = {one.lot_id for one in self._listings.rows.values() if one.sku == outlet_order.sku}
        lots = [lot for lot in self._inventory.load() if lot.sku == outlet_order.sku or lot.lot_id in formerly]
        if not lots:
            raise LookupError(f"{outlet_order.sku} is not ours")
        taken = take_first_in(lots, outlet_order.quantity)
        cost = sum((lot.unit_cost * units for lot, units in taken), Money.zero(fee.currency))
        order = Order(
            order_id=order_id,
            outlet=outlet_order.outlet,
            outlet_order_id=outlet_order.outlet_order_id,
            line_item_id=outlet_order.line_item_id,
            sku=outlet_order.sku,
            product_id=lots[0].product_id,
            quantity=outlet_order.quantity,
            revenue=outlet_order.item_price + outlet_order.shipping_paid,
            fee=fee,
            fee_estimated=fee_estimated,
            cost_of_goods=cost,
            state=OrderState.SHIPPED if outlet_order.shipped else OrderState.NEW,
            ordered_at=outlet_order.ordered_at,
            ship_by=outlet_order.ship_by,
            estimated_fee=fee if fee_estimated else None,
        )
        self._post_once(post_sale(order_id, order.revenue, fee, cost, order.ordered_at))
        self.rows[order_id] = order
        self.lots[order_id] = [(lot.lot_id, units) for lot, units in taken]
        for lot, units in taken:
            self.taken[lot.lot_id] += units
            self._inventory.rows[lot.lot_id] = replace(lot, on_hand=lot.on_hand - units)
        self._close_or_reduce(order, {lot.lot_id for lot, _ in taken})
        return order

    def id_of(self, outlet_order: OutletOrder) -> str:
        """Return our id of an outlet's order line: derived, so that one order has one."""
        return f"{outlet_order.outlet}:{outlet_order.outlet_order_id}:{outlet_order.line_item_id}"

    def _close_or_reduce(self, order: Order, lots: set[str]) -> None:
        owned = sum(lot.on_hand for lot in self._inventory.rows.values() if lot.sku == order.sku)
        open_now = self._listings.load(OPEN_LISTINGS)
        offered = [one for one in open_now if one.sku == order.sku or one.lot_id in lots]
        same = [one for one in offered if one.sku == order.sku]
        named = [one for one in same if one.outlet == order.outlet] or same[:1]
        for listing in offered:
            left = max(0, min(listing.quantity - order.quantity, owned)) if listing in named else 0
            sold = listing in named and listing.state is not ListingState.ENDING
            ended = ListingState.SOLD if sold else ListingState.ENDING
            state = listing.state if left else ended
            self._listings.rows[listing.listing_id] = replace(listing, quantity=left, state=state)

    def load_unshipped(self) -> list[Order]:
        return [order for order in self.load() if order.state in UNSHIPPED]

    def advance(self, order_id: str, *, expected: Sequence[OrderState], state: OrderState) -> bool:
        if state not in IN_HOUSE or not any(state in TRANSITIONS[old] for old in expected):
            raise ValueError(f"an order cannot go from {' or '.join(expected)} to {state}")
        order = self.rows.get(order_id)
        if order is None or order.state not in expected:
            return False
        self.rows[order_id] = replace(order, state=state)
        return True

    def dispatch(
        self, order_id: str, tracking_number: str, carrier: str | None, postage: Money | None, at: datetime
    ) -> bool:
        order = self.rows.get(order_id)
        if order is not None and postage is not None and postage.currency != order.revenue.currency:
            raise MoneyError("another currency")
        if order is None or order.state not in IN_HOUSE:
            return False
        parcel = {"tracking_number": tracking_number, "carrier": carrier, "shipped_at": at, "postage": postage}
        self.rows[order_id] = replace(order, state=OrderState.DISPATCHED, **parcel)
        if postage is not None and postage.minor:
            self._post_once(post_postage(order_id, postage, at))
        return True

    def mark_shipped(self, order_id: str, tracking_number: str, at: datetime) -> bool:
        order = self.rows.get(order_id)
        if order is None or order.state not in UNSHIPPED:
            return False
        if order.state is OrderState.DISPATCHED:
            if order.tracking_number != tracking_number:
                return False
            self.rows[order_id] = replace(order, state=OrderState.SHIPPED)
            return True
        self.rows[order_id] = replace(order, state=OrderState.SHIPPED, tracking_number=tracking_number, shipped_at=at)
        return True

    def load(self) -> list[Order]:
        return sorted(self.rows.values(), key=lambda order: (order.ordered_at, order.order_id))

    def newest_ordered_at(self, outlet: str) -> datetime | None:
        return max((order.ordered_at for order in self.rows.values() if order.outlet == outlet), default=None)
