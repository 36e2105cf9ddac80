"""Our intents against a shop's order history, both ways: what each purchase becomes, and what is an alarm.

What belongs here: the pure decision for one shop. Reading the history and applying the steps is
`services/reconciling.py`. "Not found" is believed only after a period longer than the slowest path of an order
(a request in flight plus the lag of the order page); nothing is ever sent again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from arb_pipelines.domain.purchase import PlacedOrder, Purchase, PurchaseState

# The shop's clock and ours may differ; an order is looked for from this long before its intent.
CLOCK_SKEW = timedelta(hours=1)

# A clock that was a day ahead while we bought dates the purchase a day after its order; a narrower window never
# showed that order again once the clock was right (8 of 170 simulated two-day runs lost an order so).
HISTORY_OVERLAP = timedelta(days=1) + CLOCK_SKEW

# An order may still turn up for these; the books follow the shop.
ADOPTABLE = (PurchaseState.SUBMITTING, PurchaseState.UNCERTAIN, PurchaseState.NOT_PLACED)


@dataclass(frozen=True, slots=True)
class Patience:
    """`quiet`: how long an act may still be under way. `horizon`: how long a reservation waits for its order."""

    quiet: timedelta = timedelta(seconds=120)
    horizon: timedelta = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something a person must look at: the books and the shop tell different stories."""

    code: str
    site: str
    detail: str
    purchase_id: str | None = None
    shop_order_id: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One compare-and-set: `purchase` goes to `state`, settled by `order` where there is one."""

    purchase: Purchase
    state: PurchaseState
    order: PlacedOrder | None
    reason: str


def leftover_claims(purchases: Sequence[Purchase], now: datetime, patience: Patience) -> list[Step]:
    """Return the releases of claims that no worker took further; they never were on the wire."""
    return [
        Step(purchase, PurchaseState.RELEASED, None, "claim_left_over")
        for purchase in purchases
        if purchase.state is PurchaseState.CLAIMED and now - purchase.changed_at >= patience.quiet
    ]


def pair_orders(
    site: str, purchases: Sequence[Purchase], orders: Sequence[PlacedOrder]
) -> tuple[dict[str, PlacedOrder], list[Alarm]]:
    """Return the shop's order of each purchase id, and alarms for orders that fit none or one too many.

    An order is paired by its own id, then by the reference we sent; where the shop keeps no reference, by item,
    quantity, time and price, and only if exactly one open purchase fits.
    """
    by_order_id = {p.shop_order_id: p for p in purchases if p.shop_order_id is not None}
    by_reference = {p.purchase_id: p for p in purchases}
    paired: dict[str, PlacedOrder] = {}
    alarms: list[Alarm] = []
    # A history whose pages overlap shows an order twice; that is no second order.
    once = {order.shop_order_id: order for order in orders}.values()
    for order in sorted(once, key=lambda order: order.reference is None):
        known = by_order_id.get(order.shop_order_id) or by_reference.get(order.reference or "")
        fitting = [known] if known else _fitting(order, [p for p in purchases if p.purchase_id not in paired])
        if len(fitting) != 1:
            code = "ambiguous_order" if fitting else "orphan_order"
            detail = f"{order.quantity} x {order.sku} for {order.total}: {len(fitting)} of our purchases fit"
            alarms.append(Alarm(code, site, detail, None, order.shop_order_id))
        elif fitting[0].purchase_id in paired:
            detail = f"the shop shows a second order, beside {paired[fitting[0].purchase_id].shop_order_id}"
            alarms.append(Alarm("double_order", site, detail, fitting[0].purchase_id, order.shop_order_id))
        else:
            paired[fitting[0].purchase_id] = order
    return paired, alarms


def _fitting(order: PlacedOrder, purchases: Sequence[Purchase]) -> list[Purchase]:
    if order.reference is not None:
        return []
    return [
        p
        for p in purchases
        if p.state in ADOPTABLE
        and (p.sku, p.quantity, p.reserved.currency) == (order.sku, order.quantity, order.total.currency)
        and order.total <= p.reserved
        and order.placed_at >= p.claimed_at - HISTORY_OVERLAP
    ]


def decide_steps(
    purchases: Sequence[Purchase], paired: dict[str, PlacedOrder], now: datetime, patience: Patience
) -> tuple[list[Step], list[Alarm]]:
    """Return the next step of each purchase at one shop, and what does not fit together."""
    steps: list[Step] = []
    alarms: list[Alarm] = []
    for purchase in purchases:
        order = paired.get(purchase.purchase_id)
        decided = _missing(purchase, now, patience) if order is None else _found(purchase, order)
        if isinstance(decided, Step):
            steps.append(decided)
        elif isinstance(decided, Alarm):
            alarms.append(decided)
    return steps, alarms


def _found(purchase: Purchase, order: PlacedOrder) -> Step | Alarm | None:
    def alarm(code: str, detail: str) -> Alarm:
        return Alarm(code, purchase.site, detail, purchase.purchase_id, order.shop_order_id)

    if purchase.state is PurchaseState.BOUGHT:
        if order.shop_order_id != purchase.shop_order_id:
            return alarm("double_order", f"our books hold order {purchase.shop_order_id}")
        return None
    if purchase.state not in ADOPTABLE:
        return alarm("unexpected_order", f"an order exists although the purchase is {purchase.state}")
    if order.total.currency != purchase.reserved.currency:
        return alarm("currency_differs", f"ordered for {order.total}, reserved {purchase.reserved}")
    return Step(purchase, PurchaseState.BOUGHT, order, "found_in_order_history")


def _missing(purchase: Purchase, now: datetime, patience: Patience) -> Step | Alarm | None:
    age = now - purchase.changed_at
    if purchase.state is PurchaseState.BOUGHT and purchase.delivered_at is None and age >= patience.quiet:
        detail = f"order {purchase.shop_order_id} is not in the shop's history"
        return Alarm("order_missing", purchase.site, detail, purchase.purchase_id, purchase.shop_order_id)
    waited = now - purchase.waiting_since()
    if purchase.state in (PurchaseState.SUBMITTING, PurchaseState.UNCERTAIN) and waited >= patience.horizon:
        return Step(purchase, PurchaseState.NOT_PLACED, None, f"not in the order history after {patience.horizon}")
    if purchase.state is PurchaseState.SUBMITTING and age >= patience.quiet:
        return Step(purchase, PurchaseState.UNCERTAIN, None, "no answer was recorded")
    return None
