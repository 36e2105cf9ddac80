"""Bidding by proxy: each auction is told our true maximum once, and a group holds no more bids than may be won.

What belongs here: the order of steps. A bid goes the way of a purchase: its ceiling is reserved in the claim,
`submitting` is committed before the first byte leaves, and once it is told it is `uncertain` until the order of the
won auction shows up or the auction is lost. What to bid is `domain/bidding.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from arb_pipelines.domain.approval import Approval
from arb_pipelines.domain.bidding import Auction, Bid, BidState, decide_bid, next_in_group
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.outlet import OutletRefusedError
from arb_pipelines.domain.ports import Bidder, Bidders, Clock
from arb_pipelines.domain.purchase import HELD_STATES, Purchase, PurchaseState, claim_of, purchase_id_for
from arb_pipelines.domain.reconciliation import Patience
from arb_pipelines.domain.spend_limit import Refusal, SpendLimit
from arb_pipelines.domain.stores import Books
from arb_pipelines.services.purchasing import PurchaseOutcome, refuse_unreconciled
from arb_pipelines.services.reconciling import HORIZON_S, QUIET_S

PATIENCE = Patience(timedelta(seconds=QUIET_S), timedelta(seconds=HORIZON_S))
STATES = {PurchaseState.BOUGHT: BidState.WON, PurchaseState.UNCERTAIN: BidState.PLACED}


@dataclass(frozen=True, slots=True)
class BidGroup:
    """Auctions of the same thing, the best first, of which `wanted` may be won."""

    group_id: str
    wanted: int
    approvals: Sequence[Approval]


def bid_approved(
    group: BidGroup,
    books: Books,
    bidders: Bidders,
    limits: Sequence[SpendLimit],
    clock: Clock,
    *,
    risk: Callable[[Approval], Refusal | None] = lambda approval: None,
) -> list[PurchaseOutcome]:
    """Learn what became of the group's bids, then place as many more as may still be won; one outcome an approval.

    Running it again places no second bid anywhere. An auction that is refused makes room for the next.

    Args:
        group: the approvals of one unit each, in the order in which they are tried.
        books: our books.
        bidders: finds who bids at a site.
        limits: the spend limits that bind.
        clock: the time.
        risk: reads the decision again (`risk_checks.build_submit_check`).
    """
    earlier = books.purchases.load()
    sites = {one.site for one in earlier if one.bid_group == group.group_id} | {one.site for one in group.approvals}
    closed = {site: _settle(site, books, bidders, clock) for site in sorted(sites)}
    known = {one.approval_id for one in earlier}
    outcomes = {one.approval_id: _waiting(one, group, one.approval_id in known) for one in group.approvals}
    tried: set[str] = set()
    while (one := _next(group, books, tried)) is not None:
        tried.add(one.approval_id)
        refusal = closed[one.site] or one.refuse_at(clock.now()) or _one_unit(one) or risk(one)
        outcomes[one.approval_id] = (
            _refused(one, refusal) if refusal else _bid(one, group, books, bidders, limits, clock)
        )
    return [outcomes[one.approval_id] for one in group.approvals]


def _settle(site: str, books: Books, bidders: Bidders, clock: Clock) -> Refusal | None:
    """Bring a site's bids up to date: won ones by its orders, lost ones by what it says of an auction that is over."""
    bidder = bidders.bidder_for(site)
    if isinstance(bidder, Refusal):
        return bidder
    refusal = refuse_unreconciled(site, books, bidder, clock, PATIENCE)
    if refusal is not None:
        return refusal
    now = clock.now()
    for purchase in books.purchases.load((PurchaseState.UNCERTAIN,)):
        over = purchase.auction_ends_at is not None and purchase.auction_ends_at <= now
        if purchase.site == site and over and _is_lost(purchase, bidder):
            books.purchases.advance(
                purchase.purchase_id,
                expected=(PurchaseState.UNCERTAIN,),
                state=PurchaseState.NOT_PLACED,
                now=now,
                reason="the auction is over and somebody else has it",
            )
    return None


def _is_lost(purchase: Purchase, bidder: Bidder) -> bool:
    """Only a plain "lost" is one; an answer that is missing leaves the bid as it is."""
    try:
        return bidder.fetch_result(purchase.sku or "") is BidState.LOST
    except (OSError, ValueError):
        return False


def _next(group: BidGroup, books: Books, tried: set[str]) -> Approval | None:
    bought = {one.approval_id: one for one in books.purchases.load()}
    of_group = [one for one in bought.values() if one.bid_group == group.group_id]
    held = [one for one in of_group if one.state in HELD_STATES]
    bids = [Bid(one.sku or "", group.group_id, STATES.get(one.state, BidState.UNKNOWN)) for one in held]
    planned = [one for one in group.approvals if one.approval_id not in bought and one.approval_id not in tried]
    bids += [Bid(one.approval_id, group.group_id) for one in planned]
    ready = next_in_group(bids, group.group_id, group.wanted)
    return next((one for one in planned if ready and one.approval_id == ready[0].auction_id), None)


def _one_unit(approval: Approval) -> Refusal | None:
    if approval.quantity == 1:
        return None
    return Refusal("bid_one_unit", f"an auction sells one unit, {approval.quantity} are approved")


def _waiting(approval: Approval, group: BidGroup, was_bid: bool) -> PurchaseOutcome:
    if was_bid:
        return _refused(approval, Refusal("bid_already_placed", "this auction was bid on; a maximum is told once"))
    detail = f"{group.wanted} of group {group.group_id} may be won, and as many are held or may still be"
    return _refused(approval, Refusal("bid_group_full", detail))


def _refused(approval: Approval, refusal: Refusal) -> PurchaseOutcome:
    told = (refusal.code, refusal.detail)
    return PurchaseOutcome(approval.approval_id, approval.site, *told, link=approval.url, until=refusal.until)


def _bid(
    approval: Approval, group: BidGroup, books: Books, bidders: Bidders, limits: Sequence[SpendLimit], clock: Clock
) -> PurchaseOutcome:
    bidder = bidders.bidder_for(approval.site)
    if isinstance(bidder, Refusal):
        return _refused(approval, bidder)
    found = _maximum(approval, bidder, clock)
    if isinstance(found, Refusal):
        return _refused(approval, found)
    auction, maximum = found
    purchase = replace(
        claim_of(approval, purchase_id_for(approval), clock.now()),
        auction_ends_at=auction.ends_at,
        bid_group=group.group_id,
        bid_wanted=group.wanted,
        bid=maximum,
    )
    refusal = books.purchases.claim(purchase, limits, clock.now())
    if refusal is not None:
        return _refused(approval, refusal)
    return _tell(purchase, maximum, bidder, books, clock)


def _maximum(approval: Approval, bidder: Bidder, clock: Clock) -> tuple[Auction, Money] | Refusal:
    if approval.sku is None:
        return Refusal("sku_unknown", "the offer carries no item number, so its auction cannot be asked for")
    try:
        auction = bidder.fetch_auction(approval.sku)
        own = bidder.fetch_own_maximum(approval.sku)
    except (OSError, ValueError) as error:
        return Refusal("auction_unreadable", str(error))
    if own is not None:
        return Refusal("bid_already_placed", f"the auction has a bid of ours of up to {own} that no purchase explains")
    maximum = decide_bid(approval.ceiling, auction, (), clock.now())
    return maximum if isinstance(maximum, Refusal) else (auction, maximum)


def _tell(purchase: Purchase, maximum: Money, bidder: Bidder, books: Books, clock: Clock) -> PurchaseOutcome:
    def advance(old: PurchaseState, new: PurchaseState, reason: str | None) -> bool:
        return books.purchases.advance(
            purchase.purchase_id, expected=(old,), state=new, now=clock.now(), reason=reason and reason[:500]
        )

    def outcome(code: str, detail: str, state: PurchaseState | None) -> PurchaseOutcome:
        return PurchaseOutcome(purchase.approval_id, purchase.site, code, detail, purchase.purchase_id, state)

    if not advance(PurchaseState.CLAIMED, PurchaseState.SUBMITTING, None):
        return outcome("lost_claim", "the claim was released before it was sent", None)
    code, state = "bid_placed", PurchaseState.UNCERTAIN
    try:
        bid_id = bidder.place_bid(purchase.sku or "", maximum)
        detail = f"bid {bid_id} of up to {maximum} stands until {purchase.auction_ends_at:%F %T} UTC"
    except OutletRefusedError as error:
        code, state, detail = f"refused:{error.code}", PurchaseState.REFUSED, str(error)
    except Exception as error:  # noqa: BLE001 - whatever went wrong, the bid may stand
        code, detail = "uncertain", f"{type(error).__name__}: {error}"
    advance(PurchaseState.SUBMITTING, state, f"{code}: {detail}")
    return outcome(code, detail, state)
