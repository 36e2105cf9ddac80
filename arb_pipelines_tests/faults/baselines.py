"""What people write first, over the same books and the same shops: each must be seen to fail in the same rounds.

What belongs here: buying without an intent, buying again what is not found at once, listing without a fixed SKU.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from arb_pipelines.domain.approval import Approval
from arb_pipelines.domain.ports import Buyers, Clock
from arb_pipelines.domain.purchase import (
    OrderRefused,
    OutcomeUnknownError,
    PlacedOrder,
    Purchase,
    PurchaseState,
    claim_of,
    purchase_id_for,
)
from arb_pipelines.domain.spend_limit import SpendLimit

CLAIMED, SUBMITTING, UNCERTAIN = PurchaseState.CLAIMED, PurchaseState.SUBMITTING, PurchaseState.UNCERTAIN
BOUGHT, REFUSED = PurchaseState.BOUGHT, PurchaseState.REFUSED
DESIGNS = ("buy_then_record", "buy_again_if_not_found", "new_sku_each_time")


def buy_then_record(
    usable: Sequence[Approval], books: Any, buyers: Buyers, limits: Sequence[SpendLimit], clock: Clock
) -> None:
    """Order, and write it down when the answer is there."""
    for leave in usable:
        intent = claim_of(leave, purchase_id_for(leave), clock.now())
        order = _place(buyers, intent)
        if isinstance(order, PlacedOrder) and books.purchases.claim(intent, limits, clock.now()) is None:
            _advance(books, intent, CLAIMED, SUBMITTING, clock)
            _settle(books, intent, SUBMITTING, order, clock)


def buy_again_if_not_found(
    usable: Sequence[Approval], books: Any, buyers: Buyers, limits: Sequence[SpendLimit], clock: Clock
) -> None:
    """Write an intent first; whatever is open and not in the order history now is ordered again."""
    for left in books.purchases.load((CLAIMED, SUBMITTING, UNCERTAIN)):
        if left.state is CLAIMED:
            _advance(books, left, CLAIMED, SUBMITTING, clock)
        state = SUBMITTING if left.state is CLAIMED else left.state
        order = _find(buyers, left) or _place(buyers, left)
        if isinstance(order, PlacedOrder):
            _settle(books, left, state, order, clock)
    for leave in usable:
        intent = claim_of(leave, purchase_id_for(leave), clock.now())
        if books.purchases.claim(intent, limits, clock.now()) is not None:
            continue
        _advance(books, intent, CLAIMED, SUBMITTING, clock)
        order = _place(buyers, intent) or _find(buyers, intent) or _place(buyers, intent)
        if isinstance(order, PlacedOrder):
            _settle(books, intent, SUBMITTING, order, clock)
        elif isinstance(order, OrderRefused):
            _advance(books, intent, SUBMITTING, REFUSED, clock)


class NewSkuSeller:
    """The baseline of listing: each attempt is a new item at the outlet, so none finds the one before."""

    def __init__(self, seller: Any) -> None:
        self._seller = seller
        self.outlet = seller.outlet

    def list_item(self, listing: Any) -> str:
        """List under a SKU made up for this attempt."""
        listed: str = self._seller.list_item(replace(listing, sku=f"{listing.sku}-{uuid.uuid4().hex[:6]}"))
        return listed


def _place(buyers: Buyers, intent: Purchase) -> PlacedOrder | OrderRefused | None:
    buyer = buyers.buyer_for(intent.site)
    assert buyer is not None
    try:
        return buyer.place(intent)
    except OutcomeUnknownError:
        return None


def _find(buyers: Buyers, intent: Purchase) -> PlacedOrder | None:
    buyer = buyers.buyer_for(intent.site)
    assert buyer is not None
    orders = buyer.fetch_orders(intent.claimed_at)
    return next((one for one in orders if one.reference == intent.purchase_id), None)


def _advance(books: Any, intent: Purchase, old: PurchaseState, new: PurchaseState, clock: Clock) -> None:
    books.purchases.advance(intent.purchase_id, expected=(old,), state=new, now=clock.now())


def _settle(books: Any, intent: Purchase, old: PurchaseState, order: PlacedOrder, clock: Clock) -> None:
    books.purchases.advance(
        intent.purchase_id,
        expected=(old,),
        state=BOUGHT,
        now=clock.now(),
        shop_order_id=order.shop_order_id,
        total=order.total,
    )
