"""Buying with a person's hands: money held and the link given first, then what the person says became of it.

What belongs here: the order of steps at shops that take no orders by machine, which is every real shop unless it
licensed us. The claim, its limits and the kill switch are those of a purchase by machine; the person is the last step.
An intent that the person never answers for stays open, holds its money and is never given out again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from arb_pipelines.domain.approval import Approval
from arb_pipelines.domain.guards import refuse_realised_loss
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.ports import Clock
from arb_pipelines.domain.purchase import Purchase, PurchaseState, claim_of, purchase_id_for
from arb_pipelines.domain.spend_limit import Refusal, SpendLimit
from arb_pipelines.domain.stores import Books

# What a person may still answer for. A released or refused intent is closed; a bought one is settled.
OPEN = (PurchaseState.SUBMITTING, PurchaseState.UNCERTAIN)


@dataclass(frozen=True, slots=True)
class Instructions:
    """What a person is to do at the shop. `ceiling` is the most one unit may cost with shipping and tax."""

    purchase_id: str
    url: str
    title: str
    condition: str
    sku: str | None
    quantity: int
    ceiling: Money

    def steps(self) -> list[str]:
        """Return the instructions, one line a step."""
        number = f" (item number {self.sku})" if self.sku else ""
        return [
            f"Open {self.url}",
            f"Check that it is: {self.title}{number}, condition {self.condition}",
            f"Put {self.quantity} into an empty cart and go to the last page before paying",
            f"Pay only if one unit costs at most {self.ceiling} with shipping and tax, and it is in stock",
            f"Then: arb bought {self.purchase_id} --order NUMBER --total AMOUNT",
            f"If not: arb not-bought {self.purchase_id} --reason TEXT",
        ]


def prepare(
    approval_id: str,
    books: Books,
    limits: Sequence[SpendLimit],
    clock: Clock,
    *,
    risk: Callable[[Approval], Refusal | None] = lambda approval: None,
) -> Instructions | Refusal:
    """Hold the money of an approval and return what the person is to do, or why it may not be bought now.

    Args:
        approval_id: of an approval that nobody used.
        books: our books.
        limits: the spend limits that bind.
        clock: the time.
        risk: reads the decision again (`risk_checks.build_submit_check`): what a machine may not buy, recalled goods
            or a second person's leave that is missing, a person's hands do not buy either.
    """
    now = clock.now()
    approval = next((one for one in books.approvals.load_usable(now) if one.approval_id == approval_id), None)
    if approval is None:
        return Refusal(
            "approval_missing", f"there is no usable approval {approval_id!r}: it was used, expired or never given"
        )
    purchase = claim_of(approval, purchase_id_for(approval), now)
    refusal = risk(approval) or refuse_realised_loss(books.orders.load(), now, books.returns.load())
    refusal = refusal or books.purchases.claim(purchase, limits, now)
    if refusal:
        return refusal
    # Committed before the person sees the link: from here on an order may exist.
    sent = books.purchases.advance(
        purchase.purchase_id, expected=(PurchaseState.CLAIMED,), state=PurchaseState.SUBMITTING, now=clock.now()
    )
    return _instructions(purchase, approval) if sent else Refusal("lost_claim", "the claim was released meanwhile")


def settle(purchase_id: str, books: Books, shop_order_id: str, total: Money, clock: Clock) -> Purchase | Refusal:
    """Record that the person bought: the books follow the shop, also where it cost more than was held."""
    purchase = _find(books, purchase_id)
    if isinstance(purchase, Refusal):
        return purchase
    if total.currency != purchase.reserved.currency:
        return Refusal("currency_differs", f"{purchase.reserved} was held, {total} paid")
    if total.minor < 0:
        return Refusal("total_negative", f"nobody is paid for buying, so {total} cannot be what it cost")
    other = _holder_of(books, purchase, shop_order_id)
    if other is not None:
        return Refusal("order_known", f"order {shop_order_id} is that of {other}; look at its number again")
    adoptable = (*OPEN, PurchaseState.NOT_PLACED)
    done = purchase.state in adoptable and books.purchases.advance(
        purchase_id,
        expected=(purchase.state,),
        state=PurchaseState.BOUGHT,
        now=clock.now(),
        shop_order_id=shop_order_id,
        total=total,
        reason="told by a person",
    )
    return _find(books, purchase_id) if done else _closed(purchase)


def give_up(purchase_id: str, books: Books, reason: str, clock: Clock) -> Purchase | Refusal:
    """Record that the person did not buy and will not: the money is free again."""
    purchase = _find(books, purchase_id)
    if isinstance(purchase, Refusal):
        return purchase
    # An uncertain order may exist at the shop; a person who looked there says that it does not.
    target = PurchaseState.REFUSED if purchase.state is PurchaseState.SUBMITTING else PurchaseState.NOT_PLACED
    done = purchase.state in OPEN and books.purchases.advance(
        purchase_id, expected=(purchase.state,), state=target, now=clock.now(), reason=f"person: {reason}"[:500]
    )
    return _find(books, purchase_id) if done else _closed(purchase)


def receive(purchase_id: str, books: Books, clock: Clock) -> Purchase | Refusal:
    """Record that the goods arrived; the next run of the books takes them into stock."""
    purchase = _find(books, purchase_id)
    if isinstance(purchase, Refusal):
        return purchase
    return _find(books, purchase_id) if books.purchases.mark_delivered(purchase_id, clock.now()) else _closed(purchase)


def _find(books: Books, purchase_id: str) -> Purchase | Refusal:
    found = next((one for one in books.purchases.load() if one.purchase_id == purchase_id), None)
    return found or Refusal("no_such_purchase", f"there is no purchase {purchase_id!r}")


def _holder_of(books: Books, purchase: Purchase, shop_order_id: str) -> str | None:
    """Return the other purchase at the shop that this order was told of; one order pays for one of them."""
    here = (one for one in books.purchases.load() if one.site == purchase.site)
    others = (one for one in here if one.purchase_id != purchase.purchase_id)
    return next((one.purchase_id for one in others if one.shop_order_id == shop_order_id), None)


def _closed(purchase: Purchase) -> Refusal:
    arrived = " and has arrived" if purchase.delivered_at else ""
    return Refusal("wrong_state", f"purchase {purchase.purchase_id} is {purchase.state}{arrived}")


def _instructions(purchase: Purchase, approval: Approval) -> Instructions:
    return Instructions(
        purchase.purchase_id,
        purchase.url,
        purchase.title,
        purchase.condition,
        purchase.sku,
        purchase.quantity,
        approval.ceiling,
    )
