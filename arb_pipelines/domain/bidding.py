"""Bidding by proxy: the true maximum, told once, and groups of auctions of which only so many may be won.

What belongs here: what to bid, when not to bid, and which auction of a group is next. Sending a bid is an adapter's.
A bid cannot be taken back, so a group never holds more live bids than units are still wanted, and an auction whose
outcome is unknown counts as live.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_FLOOR, Decimal
from enum import StrEnum

from arb_pipelines.domain.money import Money
from arb_pipelines.domain.spend_limit import Refusal


class BidState(StrEnum):
    """Where one auction stands with us. `OUTBID` is live: a higher bid can still be withdrawn."""

    PLANNED = "planned"
    PLACED = "placed"
    OUTBID = "outbid"
    UNKNOWN = "unknown"  # the answer was lost: the bid may stand
    WON = "won"
    LOST = "lost"  # the auction is over and somebody else has it
    CANCELLED = "cancelled"  # planned, and no longer wanted


LIVE_STATES = frozenset({BidState.PLACED, BidState.OUTBID, BidState.UNKNOWN})


@dataclass(frozen=True, slots=True)
class Auction:
    """An auction as its site tells it now. None means that the site does not say."""

    auction_id: str
    ends_at: datetime
    minimum_bid: Money | None
    shipping: Money | None
    tax_rate: Decimal | None = Decimal(0)
    premium_rate: Decimal | None = Decimal(0)  # the buyer's premium, as a fraction of the bid


@dataclass(frozen=True, slots=True)
class Bid:
    """One auction of a group and what we did there."""

    auction_id: str
    group_id: str
    state: BidState = BidState.PLANNED


def maximum_bid(ceiling: Money, auction: Auction) -> Money | Refusal:
    """Return the bid whose landed cost is at most `ceiling`: shipping off first, then premium and tax.

    Tax is taken on bid and premium, and on shipping as well where there is a tax, which never bids too much. Rounded
    down to the minor unit.
    """
    if auction.shipping is None:
        return Refusal("bid_shipping_unknown", "the auction does not say what shipping costs")
    if auction.tax_rate is None or auction.premium_rate is None:
        return Refusal("bid_charges_unknown", "the tax or the buyer's premium of the auction is not known")
    if auction.shipping.currency != ceiling.currency:
        return Refusal("bid_currency_differs", f"shipping is {auction.shipping}, the ceiling {ceiling}")
    with_tax = 1 + auction.tax_rate
    goods = Decimal(ceiling.minor) - auction.shipping.minor * with_tax
    # Two charges are each rounded up at most, so a minor unit is left for each that there is.
    slack = (auction.tax_rate > 0) + (auction.premium_rate > 0)
    minor = int(((goods - slack) / (with_tax * (1 + auction.premium_rate))).to_integral_value(ROUND_FLOOR))
    if minor <= 0:
        return Refusal("bid_not_worth_it", f"shipping and charges alone reach the ceiling of {ceiling}")
    return Money(minor, ceiling.currency)


def decide_bid(ceiling: Money, auction: Auction, bids: Iterable[Bid], now: datetime) -> Money | Refusal:
    """Return what to bid now, once; a raised bid tells others what it was, so an auction is never bid on twice."""
    known = [bid for bid in bids if bid.auction_id == auction.auction_id and bid.state is not BidState.PLANNED]
    if known:
        return Refusal("bid_already_placed", f"this auction is {known[0].state}; a maximum is told once")
    if now >= auction.ends_at:
        return Refusal("auction_over", f"it ended at {auction.ends_at:%Y-%m-%d %H:%M}")
    if auction.minimum_bid is None:
        return Refusal("minimum_bid_unknown", "the auction does not say which bid it takes")
    most = maximum_bid(ceiling, auction)
    if isinstance(most, Refusal):
        return most
    if auction.minimum_bid.currency != most.currency:
        return Refusal("bid_currency_differs", f"the auction runs in {auction.minimum_bid.currency}")
    if auction.minimum_bid > most:
        return Refusal("below_minimum_bid", f"{auction.minimum_bid} is the least it takes, {most} is our most")
    return most


def next_in_group(bids: Iterable[Bid], group_id: str, wanted: int) -> list[Bid]:
    """Return the planned bids of a group that may be placed now, in the order given.

    Units won and bids that may still win never exceed `wanted`, whatever the auctions do.
    """
    group = [bid for bid in bids if bid.group_id == group_id]
    taken = sum(bid.state is BidState.WON or bid.state in LIVE_STATES for bid in group)
    return [bid for bid in group if bid.state is BidState.PLANNED][: max(0, wanted - taken)]


def cancelled_by_wins(bids: Iterable[Bid], group_id: str, wanted: int) -> list[Bid]:
    """Return the planned bids of a group that its wins have made unnecessary; live bids cannot be taken back."""
    group = [bid for bid in bids if bid.group_id == group_id]
    if sum(bid.state is BidState.WON for bid in group) < wanted:
        return []
    return [bid for bid in group if bid.state is BidState.PLANNED]
