"""One purchase as a state machine: claimed, submitting, then bought, refused or uncertain.

What belongs here: states, legal transitions, what a shop answered, and what of an answer forbids the purchase.
The order of steps is `services/purchasing.py`; every transition is compare-and-set in `adapters/sql/purchases.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from arb_pipelines.domain.approval import Approval
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.spend_limit import Refusal


class PurchaseState(StrEnum):
    """Where a purchase stands. `SUBMITTING` is committed before the first byte leaves."""

    CLAIMED = "claimed"
    SUBMITTING = "submitting"
    BOUGHT = "bought"
    REFUSED = "refused"  # a structured refusal by the shop, nothing else
    UNCERTAIN = "uncertain"  # anything but a structured answer: never sent again
    NOT_PLACED = "not_placed"  # not in the shop's order history after the quiet period
    RELEASED = "released"  # never on the wire


OPEN_STATES = frozenset({PurchaseState.CLAIMED, PurchaseState.SUBMITTING, PurchaseState.UNCERTAIN})
HELD_STATES = OPEN_STATES | {PurchaseState.BOUGHT}  # is ours, or may still become so

TRANSITIONS: dict[PurchaseState, frozenset[PurchaseState]] = {
    PurchaseState.CLAIMED: frozenset({PurchaseState.SUBMITTING, PurchaseState.RELEASED}),
    PurchaseState.SUBMITTING: frozenset(
        {PurchaseState.BOUGHT, PurchaseState.REFUSED, PurchaseState.UNCERTAIN, PurchaseState.NOT_PLACED}
    ),
    PurchaseState.UNCERTAIN: frozenset({PurchaseState.BOUGHT, PurchaseState.NOT_PLACED}),
    # An order that shows up after all is adopted: the books follow the shop, never the other way round.
    PurchaseState.NOT_PLACED: frozenset({PurchaseState.BOUGHT}),
    PurchaseState.BOUGHT: frozenset(),
    PurchaseState.REFUSED: frozenset(),
    PurchaseState.RELEASED: frozenset(),
}


@dataclass(frozen=True, slots=True)
class Purchase:
    """One intent to buy and what became of it. `reserved` is the ceiling x quantity held back until settled.

    The last four are of a bid: until when it stands, its group of auctions, how many may be won, and the maximum.
    A bid that was taken is `UNCERTAIN`: an order may come of it until some time after the auction's end.
    """

    purchase_id: str
    approval_id: str
    opportunity_id: str
    offer_key: str
    site: str
    url: str
    sku: str | None
    product_id: str
    condition: str
    title: str
    quantity: int
    reserved: Money
    state: PurchaseState
    claimed_at: datetime
    changed_at: datetime
    shop_order_id: str | None = None
    total: Money | None = None
    reason: str | None = None
    delivered_at: datetime | None = None
    auction_ends_at: datetime | None = None
    bid_group: str | None = None
    bid_wanted: int | None = None
    bid: Money | None = None

    def waiting_since(self) -> datetime:
        """Return from when on its order is waited for: not before the end of the auction."""
        return self.changed_at if self.auction_ends_at is None else max(self.changed_at, self.auction_ends_at)


@dataclass(frozen=True, slots=True)
class BuyQuote:
    """The shop's own answer, read again just before buying; `total` is for one unit with shipping and tax.

    None means the shop did not say.
    """

    sku: str
    total: Money | None
    in_stock: bool | None


@dataclass(frozen=True, slots=True)
class PlacedOrder:
    """An order as the shop's order history shows it. `reference` is our purchase_id where the shop keeps one."""

    shop_order_id: str
    reference: str | None
    sku: str
    quantity: int
    total: Money
    placed_at: datetime
    delivered_at: datetime | None


@dataclass(frozen=True, slots=True)
class OrderRefused:
    """The shop said no in so many words; nothing was ordered."""

    code: str
    detail: str


class OutcomeUnknownError(Exception):
    """The answer was lost or unreadable: an order may or may not exist. Never send it again."""


def purchase_id_for(approval: Approval) -> str:
    """Return the purchase id of an approval: derived, so that one approval can never make two purchases."""
    return f"pu-{approval.approval_id.removeprefix('ap-')}"


def claim_of(approval: Approval, purchase_id: str, now: datetime) -> Purchase:
    """Return the intent to buy what the approval allows, reserving the most that it may cost."""
    return Purchase(
        purchase_id=purchase_id,
        approval_id=approval.approval_id,
        opportunity_id=approval.opportunity_id,
        offer_key=approval.offer_key,
        site=approval.site,
        url=approval.url,
        sku=approval.sku,
        product_id=approval.product_id,
        condition=approval.condition,
        title=approval.title,
        quantity=approval.quantity,
        reserved=approval.ceiling * approval.quantity,
        state=PurchaseState.CLAIMED,
        claimed_at=now,
        changed_at=now,
    )


def refuse_quote(approval: Approval, quote: BuyQuote) -> Refusal | None:
    """Return why the shop's fresh answer forbids the purchase, or None. What the shop does not say refuses."""
    if quote.sku != approval.sku:
        return Refusal("quote_item_differs", f"asked for {approval.sku}, the shop answered for {quote.sku}")
    if quote.in_stock is None:
        return Refusal("quote_stock_unknown", "the shop does not say whether it has the item")
    if not quote.in_stock:
        return Refusal("quote_out_of_stock", "the shop says that it has none")
    if quote.total is None:
        return Refusal("quote_total_unknown", "the shop does not say what it costs in all")
    if quote.total.currency != approval.ceiling.currency:
        return Refusal("currency_differs", f"{quote.total} asked, the ceiling is in {approval.ceiling.currency}")
    if quote.total > approval.ceiling:
        return Refusal("over_ceiling", f"{quote.total} asked a unit, {approval.ceiling} approved")
    return None
