"""The selling half of the books in memory: products, lots, listings, orders."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

import polars as pl

from arb_pipelines.domain.inventory import InventoryLot, take_first_in
from arb_pipelines.domain.ledger import LedgerTransaction, post_sale
from arb_pipelines.domain.listing import Listing, ListingState
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.order import Order, OrderState, OutletOrder
from arb_pipelines.transforms.product_matching import PRODUCT_SCHEMA

OPEN_LISTINGS = (ListingState.PENDING, ListingState.ACTIVE)


class FakeProducts:
    """Product rows as dicts of some PRODUCT_SCHEMA columns."""

    def __init__(self) -> None:
        self.rows: list[dict[str, object]] = []

    def load(self) -> pl.DataFrame:
        return pl.DataFrame(self.rows, schema=PRODUCT_SCHEMA)


class FakeInventory:
    """Lots by id, one a purchase."""

    def __init__(self) -> None:
        self.rows: dict[str, InventoryLot] = {}
        self.open_skus: Callable[[], set[str]] = set

    def receive(self, lot: InventoryLot) -> bool:
        if any(kept.purchase_id == lot.purchase_id for kept in self.rows.values()):
            return False
        self.rows[lot.lot_id] = lot
        return True

    def load_unlisted(self) -> list[InventoryLot]:
        offered = self.open_skus()
        return [lot for lot in self.rows.values() if lot.on_hand and lot.sku not in offered]

    def load(self) -> list[InventoryLot]:
        return list(self.rows.values())


class FakeListings:
    """Listings by id, one open a SKU; `changes` is the price log."""

    def __init__(self, inventory: FakeInventory) -> None:
        self.rows: dict[str, Listing] = {}
        self.changes: list[tuple[str, Money, Money, str]] = []
        inventory.open_skus = lambda: {listing.sku for listing in self.load(OPEN_LISTINGS)}

    def insert(self, listing: Listing) -> bool:
        assert 0 < listing.floor.minor <= listing.price.minor <= listing.ceiling.minor
        if listing.listing_id in self.rows or any(kept.sku == listing.sku for kept in self.load(OPEN_LISTINGS)):
            return False
        self.rows[listing.listing_id] = listing
        return True

    def advance(
        self,
        sku: str,
        *,
        expected: Sequence[ListingState],
        state: ListingState,
        outlet_listing_id: str | None = None,
    ) -> bool:
        for listing in self.load(expected):
            if listing.sku == sku:
                changed = replace(
                    listing, state=state, outlet_listing_id=outlet_listing_id or listing.outlet_listing_id
                )
                self.rows[listing.listing_id] = changed
                return True
        return False

    def store_price(self, sku: str, old: Money, new: Money, reason: str, at: datetime) -> bool:
        for listing in self.load(OPEN_LISTINGS):
            if listing.sku == sku and listing.price == old:
                assert listing.floor <= new <= listing.ceiling
                self.rows[listing.listing_id] = replace(listing, price=new, repriced_at=at)
                self.changes.append((sku, old, new, reason))
                return True
        return False

    def load(self, states: Sequence[ListingState] = ()) -> list[Listing]:
        return [listing for listing in self.rows.values() if not states or listing.state in states]


class FakeOrders:
    """Orders by id; an import takes lot units and posts the sale."""

    def __init__(
        self, inventory: FakeInventory, listings: FakeListings, post: Callable[[LedgerTransaction], bool]
    ) -> None:
        self.rows: dict[str, Order] = {}
        self._inventory = inventory
        self._listings = listings
        self._post = post

    def import_order(self, outlet_order: OutletOrder, fee: Money, fee_estimated: bool) -> Order | None:
        order_id = f"{outlet_order.outlet}:{outlet_order.outlet_order_id}:{outlet_order.line_item_id}"
        if order_id in self.rows:
            return None
        lots = [lot for lot in self._inventory.load() if lot.sku == outlet_order.sku]
        if not lots:
            raise LookupError(outlet_order.sku)
        taken = take_first_in(lots, outlet_order.quantity)
        cost = sum((lot.unit_cost * units for lot, units in taken), Money.zero(fee.currency))
        for lot, units in taken:
            self._inventory.rows[lot.lot_id] = replace(lot, on_hand=lot.on_hand - units)
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
        )
        self.rows[order_id] = order
        assert self._post(post_sale(order_id, order.revenue, fee, cost, order.ordered_at))
        for listing in self._listings.load(OPEN_LISTINGS):
            if listing.sku == order.sku:
                left = listing.quantity - order.quantity
                state = listing.state if left > 0 else ListingState.SOLD
                self._listings.rows[listing.listing_id] = replace(listing, quantity=max(left, 0), state=state)
        return order

    def load_unshipped(self) -> list[Order]:
        return [order for order in self.rows.values() if order.state is OrderState.NEW]

    def mark_shipped(self, order_id: str, tracking_number: str, at: datetime) -> bool:
        order = self.rows[order_id]
        if order.state is not OrderState.NEW:
            return False
        self.rows[order_id] = replace(order, state=OrderState.SHIPPED, tracking_number=tracking_number, shipped_at=at)
        return True

    def load(self) -> list[Order]:
        return list(self.rows.values())

    def newest_ordered_at(self, outlet: str) -> datetime | None:
        return max((order.ordered_at for order in self.rows.values() if order.outlet == outlet), default=None)
