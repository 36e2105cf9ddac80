"""Buying what was approved, once: reconcile, read the offer again, claim, commit `submitting`, send, record.

What belongs here: the order of steps. Each rule of it was broken by a measured baseline when left out
(`docs/trade.md`). The authority to spend is the approval row, read again inside the claim; running this twice
buys nothing twice. A purchase without a plain answer is uncertain and left to `services/reconciling.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from arb_pipelines.domain.approval import Approval
from arb_pipelines.domain.guards import refuse_realised_loss, refuse_strange_orders
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.ports import Buyer, Buyers, Clock, OrderHistory
from arb_pipelines.domain.purchase import (
    OrderRefused,
    PlacedOrder,
    Purchase,
    PurchaseState,
    claim_of,
    purchase_id_for,
    refuse_quote,
)
from arb_pipelines.domain.reconciliation import Patience
from arb_pipelines.domain.spend_limit import Refusal, SpendLimit
from arb_pipelines.domain.stores import Books
from arb_pipelines.services.reconciling import HORIZON_S, QUIET_S, Reconciliation, reconcile_site

# After these the account's history contradicts our books; nothing more is bought there until a person looked.
STOPPING_ALARMS = frozenset({"double_order", "unexpected_order"})


@dataclass(frozen=True, slots=True)
class PurchaseOutcome:
    """What became of one approval. `state` is None where nothing was claimed; the approval is then untouched."""

    approval_id: str
    site: str
    code: str
    detail: str
    purchase_id: str | None = None
    state: PurchaseState | None = None
    total: Money | None = None
    link: str | None = None
    until: datetime | None = None  # when a refusal ends by itself


def buy_approved(
    approvals: Sequence[Approval],
    books: Books,
    buyers: Buyers,
    limits: Sequence[SpendLimit],
    clock: Clock,
    ids: Callable[[Approval], str] = purchase_id_for,
    *,
    quiet_s: float = QUIET_S,
    horizon_s: float = HORIZON_S,
    risk: Callable[[Approval], Refusal | None] = lambda approval: None,
    left_to_people: Mapping[str, Refusal] | None = None,
) -> list[PurchaseOutcome]:
    """Buy each approved offer once and return what became of it, in order.

    Args:
        approvals: usable approvals; each is read again inside the claim.
        books: our books.
        buyers: finds the buyer of a site; a site without one is left to a person (`person_required`).
        limits: the spend limits that bind.
        clock: the time.
        ids: makes the purchase id, which is also the reference sent to the shop.
        quiet_s: see `reconciling.reconcile`.
        horizon_s: see `reconciling.reconcile`.
        risk: reads the decision again (`risk_checks.build_submit_check`); a refusal is not even shown to a person.
        left_to_people: why no machine orders at a site, by its key; without a word it is `person_required`.
    """
    patience = Patience(timedelta(seconds=quiet_s), timedelta(seconds=horizon_s))
    closed: dict[str, Refusal | None] = {}
    outcomes: list[PurchaseOutcome] = []
    for approval in approvals:
        risky = risk(approval)
        if risky is not None:
            outcomes.append(_refused(approval, risky))
            continue
        buyer = buyers.buyer_for(approval.site)
        if buyer is None:
            nobody = (left_to_people or {}).get(approval.site) or _person_required(approval)
            outcomes.append(_refused(approval, nobody, link=approval.url))
            continue
        if approval.site not in closed:
            closed[approval.site] = refuse_unreconciled(approval.site, books, buyer, clock, patience)
        refusal = closed[approval.site] or approval.refuse_at(clock.now()) or _refuse_now(approval, buyer)
        outcomes.append(
            _refused(approval, refusal) if refusal else _buy(approval, ids(approval), books, buyer, limits, clock)
        )
    return outcomes


def _person_required(approval: Approval) -> Refusal:
    detail = f"open the link and buy {approval.quantity} for at most {approval.ceiling} each"
    return Refusal("person_required", detail)


def refuse_unreconciled(
    site: str, books: Books, buyer: OrderHistory, clock: Clock, patience: Patience
) -> Refusal | None:
    """Bring a site's purchases up to date; return why nothing may be ordered there now, or None."""
    found = Reconciliation()
    try:
        reconcile_site(site, books, buyer, clock, patience, found)
    except (OSError, ValueError) as error:
        return Refusal("reconcile_impossible", f"the order history of {site} cannot be read: {error}")
    alarm = next((alarm for alarm in found.alarms if alarm.code in STOPPING_ALARMS), None)
    if alarm is not None:
        return Refusal("reconcile_alarm", f"{alarm.code}: {alarm.detail}")
    strange = sum(alarm.code == "orphan_order" for alarm in found.alarms)
    purchases = sum(purchase.site == site for purchase in books.purchases.load()) if strange else 0
    lost = refuse_realised_loss(books.orders.load(), clock.now(), books.returns.load())
    return refuse_strange_orders(strange, purchases) or lost


def _refuse_now(approval: Approval, buyer: Buyer) -> Refusal | None:
    if approval.sku is None:
        return Refusal("sku_unknown", "the offer carries no item number, so its shop cannot be asked about it")
    try:
        quote = buyer.fetch_quote(approval.url, approval.sku)
    except (OSError, ValueError) as error:
        return Refusal("quote_unreadable", str(error))
    return refuse_quote(approval, quote)


def _refused(approval: Approval, refusal: Refusal, link: str | None = None) -> PurchaseOutcome:
    told = (refusal.code, refusal.detail)
    return PurchaseOutcome(approval.approval_id, approval.site, *told, link=link, until=refusal.until)


def _buy(
    approval: Approval, purchase_id: str, books: Books, buyer: Buyer, limits: Sequence[SpendLimit], clock: Clock
) -> PurchaseOutcome:
    now = clock.now()
    purchase = claim_of(approval, purchase_id, now)
    refusal = books.purchases.claim(purchase, limits, now)
    if refusal:
        return _refused(approval, refusal)
    submitting = books.purchases.advance(
        purchase_id, expected=(PurchaseState.CLAIMED,), state=PurchaseState.SUBMITTING, now=clock.now()
    )
    if not submitting:
        return _refused(approval, Refusal("lost_claim", "the claim was released before it was sent"))
    return _send(replace(purchase, state=PurchaseState.SUBMITTING), books, buyer, clock)


def _send(purchase: Purchase, books: Books, buyer: Buyer, clock: Clock) -> PurchaseOutcome:
    try:
        answer = buyer.place(purchase)
    except Exception as error:  # noqa: BLE001 - whatever went wrong, the order may exist
        return _record(purchase, PurchaseState.UNCERTAIN, "uncertain", f"{type(error).__name__}: {error}", books, clock)
    if isinstance(answer, OrderRefused):
        return _record(purchase, PurchaseState.REFUSED, f"refused:{answer.code}", answer.detail, books, clock)
    if not isinstance(answer, PlacedOrder) or answer.total.currency != purchase.reserved.currency:
        return _record(purchase, PurchaseState.UNCERTAIN, "uncertain", f"odd answer: {answer}", books, clock)
    detail = f"order {answer.shop_order_id}"
    if answer.total > purchase.reserved:
        detail += f" costs {answer.total}, more than the {purchase.reserved} reserved"
    return _record(purchase, PurchaseState.BOUGHT, "bought", detail, books, clock, answer)


def _record(
    purchase: Purchase,
    state: PurchaseState,
    code: str,
    detail: str,
    books: Books,
    clock: Clock,
    order: PlacedOrder | None = None,
) -> PurchaseOutcome:
    """Keep the answer. False means that reconciliation was faster, which is no harm."""
    books.purchases.advance(
        purchase.purchase_id,
        expected=(PurchaseState.SUBMITTING,),
        state=state,
        now=clock.now(),
        shop_order_id=order.shop_order_id if order else None,
        total=order.total if order else None,
        reason=None if order else f"{code}: {detail}"[:500],
    )
    total = order.total if order else None
    return PurchaseOutcome(purchase.approval_id, purchase.site, code, detail, purchase.purchase_id, state, total)
