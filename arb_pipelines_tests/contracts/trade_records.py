"""Records of the trade for the contract cases, each valid as it stands; a case changes what it is about.

What belongs here: builders, and the way of an offer through the books up to a given stage.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl

from arb_pipelines.adapters.sql.books import SqlBooks
from arb_pipelines.domain.approval import Approval
from arb_pipelines.domain.floor_basis import FloorBasis
from arb_pipelines.domain.inventory import InventoryLot
from arb_pipelines.domain.listing import Listing, ListingState
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.opportunity import Opportunity
from arb_pipelines.domain.order import OutletOrder
from arb_pipelines.domain.price import PricePrediction
from arb_pipelines.domain.purchase import Purchase, PurchaseState
from arb_pipelines.domain.spend_limit import SpendLimit
from arb_pipelines.transforms.price_history import POINT_SCHEMA
from arb_pipelines_tests.fakes.clock import START

CLAIMED, SUBMITTING, BOUGHT = PurchaseState.CLAIMED, PurchaseState.SUBMITTING, PurchaseState.BOUGHT
UNCERTAIN, NOT_PLACED = PurchaseState.UNCERTAIN, PurchaseState.NOT_PLACED


def usd(minor: int) -> Money:
    """Return cents of a dollar."""
    return Money(minor, "USD")


def points(*rows: dict[str, Any]) -> pl.DataFrame:
    """Return observations; each row names what differs from a plain one."""
    plain = dict.fromkeys(POINT_SCHEMA) | {
        "offer_key": "offer-1",
        "site": "shop-1",
        "url": "https://shop-1.example/p/1",
        "title": "A kettle",
        "price_minor": 1_999,
        "currency": "USD",
        "observed_at": START,
    }
    filled = [plain | {"scrape_id": f"scrape-{number}"} | row for number, row in enumerate(rows)]
    return pl.DataFrame(filled, schema=POINT_SCHEMA)


def opportunity(number: int = 1, **changes: Any) -> Opportunity:
    """Return opportunity `number`, of offer `number`, at a landed cost of 20.00."""
    plain = Opportunity(
        opportunity_id=f"opportunity-{number}",
        offer_key=f"offer-{number}",
        site="shop-1",
        url=f"https://shop-1.example/p/{number}",
        sku=f"S{number}",
        title="A kettle",
        product_id="product-1",
        condition="new",
        outlet="outlet-1",
        item_price=usd(1_500),
        landed_cost=usd(2_000),
        expected_sale=usd(5_000),
        expected_net=usd(4_000),
        expected_profit=usd(2_000),
        max_cost=usd(3_000),
        roi=Decimal("0.33333333333333333333"),
        days_to_sell=12.5,
        profit_per_day=Decimal("1.60"),
        model_version="model-1",
        scrape_id="scrape-1",
        observed_at=START - timedelta(minutes=3),
        decided_at=START,
        record={"inputs": {"price": "15.00"}, "subtractions": [["fee", "6.63"]]},
    )
    return replace(plain, **changes)


def approval(of: Opportunity, at: datetime = START, **changes: Any) -> Approval:
    """Return leave to buy one unit for at most 25.00 within an hour."""
    plain = Approval(
        approval_id=f"approval-{of.opportunity_id}",
        opportunity_id=of.opportunity_id,
        offer_key=of.offer_key,
        site=of.site,
        url=of.url,
        sku=of.sku,
        product_id=of.product_id,
        condition=of.condition,
        title=of.title,
        ceiling=usd(2_500),
        quantity=1,
        approved_by="person",
        approved_at=at,
        expires_at=at + timedelta(hours=1),
    )
    return replace(plain, **changes)


def purchase(of: Approval, at: datetime = START, **changes: Any) -> Purchase:
    """Return the claim that an approval allows."""
    plain = Purchase(
        purchase_id=f"purchase-{of.opportunity_id}",
        approval_id=of.approval_id,
        opportunity_id=of.opportunity_id,
        offer_key=of.offer_key,
        site=of.site,
        url=of.url,
        sku=of.sku,
        product_id=of.product_id,
        condition=of.condition,
        title=of.title,
        quantity=of.quantity,
        reserved=of.ceiling * of.quantity,
        state=CLAIMED,
        claimed_at=at,
        changed_at=at,
    )
    return replace(plain, **changes)


def lot(of: Purchase, at: datetime = START, **changes: Any) -> InventoryLot:
    """Return what a purchase brought: its units at 20.00 each."""
    plain = InventoryLot(
        lot_id=f"lot-{of.purchase_id}",
        purchase_id=of.purchase_id,
        product_id=of.product_id,
        sku=f"sku-{of.purchase_id}",
        title=of.title,
        condition=of.condition,
        received=of.quantity,
        on_hand=of.quantity,
        unit_cost=usd(2_000),
        received_at=at,
    )
    return replace(plain, **changes)


def listing(of: InventoryLot, at: datetime = START, **changes: Any) -> Listing:
    """Return a pending listing of a lot at 50.00, between 30.00 and 60.00."""
    plain = Listing(
        listing_id=f"listing-{of.lot_id}",
        sku=of.sku,
        lot_id=of.lot_id,
        product_id=of.product_id,
        outlet="outlet-1",
        title=of.title,
        category="kitchen",
        condition=of.condition,
        gtin=None,
        quantity=of.on_hand,
        price=usd(5_000),
        floor=usd(3_000),
        ceiling=usd(6_000),
        state=ListingState.PENDING,
        outlet_listing_id=None,
        listed_at=at,
        repriced_at=at,
        floor_basis=FloorBasis(cost=of.unit_cost, fees=usd(400), margin=usd(100)),
    )
    return replace(plain, **changes)


def outlet_order(sku: str, number: int = 1, at: datetime = START, **changes: Any) -> OutletOrder:
    """Return a buyer's order of one unit for 50.00 and 4.00 shipping."""
    plain = OutletOrder(
        outlet="outlet-1",
        outlet_order_id=f"order-{number}",
        line_item_id="line-1",
        sku=sku,
        quantity=1,
        item_price=usd(5_000),
        shipping_paid=usd(400),
        tax=usd(378),
        fee=usd(700),
        due=usd(4_700),
        ordered_at=at,
        shipped=False,
    )
    return replace(plain, **changes)


def let_buy(books: SqlBooks, sites_dir: Path, at: datetime) -> None:
    """Declare the shop of every offer and let the model still price it, so that nothing but the case forbids buying."""
    sites_dir.mkdir(parents=True, exist_ok=True)
    shop = 'key = "shop-1"\nname = "Shop"\nurl = "https://shop-1.example"\n'
    shop += 'site_class = "permitted"\nstart_urls = ["/p/1"]\n'
    (sites_dir / "shop-1.toml").write_text(shop, encoding="utf-8")
    prices = (usd(4_500), usd(5_000), usd(6_000))
    books.predictions.replace([PricePrediction("product-1", "new", "outlet-1", *prices, 10.0, 0.9, "model-1", at)])


def approve(books: SqlBooks, number: int = 1, at: datetime = START, quantity: int = 1, **changes: Any) -> Approval:
    """Store opportunity `number` and its approval."""
    found = opportunity(number, **changes)
    books.opportunities.store([found], [])
    leave = approval(found, at, quantity=quantity)
    assert books.approvals.insert(leave)
    return leave


def claim(
    books: SqlBooks, number: int = 1, limits: Sequence[SpendLimit] = (), at: datetime = START, **changes: Any
) -> Purchase:
    """Store, approve and claim offer `number`."""
    claimed = purchase(approve(books, number, at, **changes), at)
    assert books.purchases.claim(claimed, limits, at) is None
    return claimed


def buy(books: SqlBooks, number: int = 1, at: datetime = START, total: int = 2_000, **changes: Any) -> Purchase:
    """Claim, submit and settle offer `number` at 20.00 a unit."""
    claimed = claim(books, number, (), at, **changes)
    step(books, claimed, CLAIMED, SUBMITTING, at)
    paid = usd(total * claimed.quantity)
    order = f"shop-order-{number}"
    assert books.purchases.advance(
        claimed.purchase_id, expected=[SUBMITTING], state=BOUGHT, now=at, shop_order_id=order, total=paid
    )
    return replace(claimed, state=BOUGHT, shop_order_id=order, total=paid, changed_at=at)


def step(books: SqlBooks, of: Purchase, old: PurchaseState, new: PurchaseState, at: datetime = START) -> None:
    """Advance a purchase by one state that needs no total."""
    assert books.purchases.advance(of.purchase_id, expected=[old], state=new, now=at)


def stock(books: SqlBooks, number: int = 1, at: datetime = START, **changes: Any) -> InventoryLot:
    """Buy offer `number` and take it into stock."""
    received = lot(buy(books, number, at, **changes), at)
    assert books.purchases.mark_delivered(received.purchase_id, at)
    assert books.inventory.receive(received)
    return received


def offer_for_sale(books: SqlBooks, number: int = 1, at: datetime = START, **changes: Any) -> Listing:
    """Take offer `number` into stock and publish its listing."""
    offered = listing(stock(books, number, at, **changes), at)
    assert books.listings.insert(offered)
    active = {"state": ListingState.ACTIVE, "outlet_listing_id": f"L{number}"}
    assert books.listings.advance(offered.sku, expected=[ListingState.PENDING], **active)
    return replace(offered, **active)
