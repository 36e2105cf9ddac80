"""Bargaining with a seller: what to offer next, when to take a price at once, and when to leave.

What belongs here: the pure rule. It decides and drafts; nothing here sends. The walk-away price is the
opportunity's `max_cost`, so that no agreement can break the rules that made the opportunity.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_DOWN, Decimal
from enum import StrEnum

from arb_pipelines.domain.money import Money


class MoveKind(StrEnum):
    """What to do next."""

    BUY_NOW = "buy_now"  # the asking price is low enough to stop talking
    OFFER = "offer"
    ACCEPT = "accept"  # the seller's last counter
    WALK_AWAY = "walk_away"


@dataclass(frozen=True, slots=True)
class Move:
    """The next step: an amount for every kind but `WALK_AWAY`, and why, as a code and a sentence."""

    kind: MoveKind
    amount: Money | None
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Stance:
    """How to bargain. Shares are fractions of 1.

    `buy_now_below`: an asking price this far below the average is taken at once (the average is the time-weighted
    90-day price of the product in this condition). `opening`: the first offer as a share of the asking price.
    `concession`: the share of the rest of the way to the walk-away price that each further offer gives.
    """

    buy_now_below: Decimal = Decimal("0.20")
    opening: Decimal = Decimal("0.70")
    concession: Decimal = Decimal("0.50")
    most_offers: int = 3

    def __post_init__(self) -> None:
        """Refuse shares with which the ladder would not climb.

        Raises:
            ValueError: a share is not above 0 and below 1 (`opening` may be 1), or there is no offer.
        """
        if not (0 < self.buy_now_below < 1 and 0 < self.concession < 1 and 0 < self.opening <= 1):
            raise ValueError(f"shares must lie between 0 and 1: {self}")
        if self.most_offers < 1:
            raise ValueError(f"most_offers must be at least 1, got {self.most_offers}")


@dataclass(frozen=True, slots=True)
class Talks:
    """One conversation so far; all money in one currency, `average` None where the history says nothing.

    `asking` includes what the seller adds (shipping, tax), as `walk_away` does.
    """

    asking: Money
    walk_away: Money
    average: Money | None
    deadline_at: datetime
    offers: Sequence[Money] = ()
    counter: Money | None = None  # the seller's latest answer to the last offer
    refused: bool = False  # the seller said no without a price


def next_move(talks: Talks, stance: Stance, now: datetime) -> Move:
    """Return the next step. Never more than the walk-away price, the asking price or the seller's counter."""
    unclear = _unclear(talks)
    if unclear:
        return unclear
    if now >= talks.deadline_at:
        return _leave("deadline", f"the talks ended at {talks.deadline_at:%F %T} UTC")
    bargain = _buy_now(talks, stance)
    if bargain:
        return bargain
    offer = _next_offer(talks, stance)
    if talks.counter is not None and talks.counter <= talks.walk_away and (offer is None or talks.counter <= offer):
        return Move(MoveKind.ACCEPT, talks.counter, "counter_fits", f"the seller's {talks.counter} is within the limit")
    if offer is None:
        return _leave("ladder_ended", f"{len(talks.offers)} offers were made, the last one {talks.offers[-1]}")
    return Move(MoveKind.OFFER, offer, f"offer_{len(talks.offers) + 1}", f"{offer} of at most {talks.walk_away}")


def ladder(talks: Talks, stance: Stance) -> list[Money]:
    """Return the offers that would be made if the seller never answered with a price."""
    cap = min(talks.walk_away, talks.asking, key=lambda money: money.minor)
    opening = max(1, _share(talks.asking, stance.opening).minor)  # nobody offers nothing
    current = Money(min(opening, cap.minor), cap.currency)
    offers = [current]
    while len(offers) < stance.most_offers:
        last = len(offers) == stance.most_offers - 1
        step = cap.minor - current.minor if last else _share(cap - current, stance.concession).minor
        if step <= 0:
            break
        current = Money(current.minor + step, current.currency)
        offers.append(current)
    return offers


def draft_message(move: Move, title: str) -> str | None:
    """Return a message for the seller to be sent by a person, None where there is nothing to say."""
    if move.kind is MoveKind.OFFER:
        return f"Hello, would you take {move.amount} for {title}? I can pay at once."
    if move.kind is MoveKind.ACCEPT:
        return f"Hello, I accept {move.amount} for {title}."
    return None


def _unclear(talks: Talks) -> Move | None:
    """Refuse to bargain about prices that cannot be compared."""
    amounts = [talks.walk_away, talks.average, talks.counter, *talks.offers]
    if any(money is not None and money.currency != talks.asking.currency for money in amounts):
        return _leave("currency_differs", f"the seller asks in {talks.asking.currency}")
    if talks.asking.minor <= 0 or talks.walk_away.minor <= 0:
        return _leave("no_price", f"asked {talks.asking}, at most {talks.walk_away}: both must be above 0")
    return None


def _buy_now(talks: Talks, stance: Stance) -> Move | None:
    if talks.average is None or talks.asking > talks.walk_away or talks.offers:
        return None
    if talks.asking.minor > talks.average.minor * (1 - stance.buy_now_below):
        return None
    detail = f"{talks.asking} is {stance.buy_now_below:.0%} or more below the average of {talks.average}"
    return Move(MoveKind.BUY_NOW, talks.asking, "far_below_average", detail)


def _next_offer(talks: Talks, stance: Stance) -> Money | None:
    """Return the next rung above what was offered, None when there is none."""
    if len(talks.offers) >= stance.most_offers:
        return None
    highest = max((offer.minor for offer in talks.offers), default=0)
    return next((offer for offer in ladder(talks, stance) if offer.minor > highest), None)


def _leave(code: str, detail: str) -> Move:
    return Move(MoveKind.WALK_AWAY, None, code, detail)


def _share(money: Money, share: Decimal) -> Money:
    """Return a share of an amount, down to the minor unit."""
    return Money(int((money.minor * share).to_integral_value(ROUND_DOWN)), money.currency)
