"""How a listing's price moves: between a floor and a ceiling that both exist, one bounded step at a time.

What belongs here: the pure decision and the circuit breaker over a run. No floor, no reprice; the floor wins over
everything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from arb_pipelines.domain.listing import Listing
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.spend_limit import Refusal

STEP_PERCENT_A_DAY = 2  # a gentle markdown: a month on the shelf goes from ceiling to floor in typical cases
MAX_MOVE_PERCENT = 15  # a larger single move froze or ruined sellers in every published repricer accident


@dataclass(frozen=True, slots=True)
class PriceChange:
    """A new price for a SKU, with the reason that goes into the price log."""

    sku: str
    old: Money
    new: Money
    reason: str


def decide_price(
    listing: Listing, target: Money | None, now: datetime, *, days_a_day: float = 1.0
) -> PriceChange | None:
    """Return the next price of a listing, or None to leave it.

    Args:
        listing: our listing with floor and ceiling.
        target: the model's middle prediction now; None (the model abstains) leaves the price alone.
        now: aware UTC.
        days_a_day: how many selling days pass in one calendar day (the sandbox world runs faster).
    """
    if target is None or listing.floor > listing.ceiling:
        return None
    days = (now - listing.listed_at).total_seconds() / 86_400 * days_a_day
    markdown = min(int(days * STEP_PERCENT_A_DAY), 100)
    wanted = target.minor * (100 - markdown) // 100
    lowest_move = listing.price.minor * (100 - MAX_MOVE_PERCENT) // 100
    highest_move = listing.price.minor * (100 + MAX_MOVE_PERCENT) // 100
    bounded = min(max(wanted, lowest_move), highest_move)
    new = Money(max(min(bounded, listing.ceiling.minor), listing.floor.minor), listing.price.currency)
    if new == listing.price:
        return None
    return PriceChange(listing.sku, listing.price, new, f"{days:.1f} selling days listed, target {target}")


def refuse_move(change: PriceChange) -> Refusal | None:
    """Return why a price cannot move so far in one step, or None; checked again in the last step before the outlet."""
    # One minor unit more: the bound itself is rounded.
    if abs(change.new.minor - change.old.minor) <= change.old.minor * MAX_MOVE_PERCENT // 100 + 1:
        return None
    detail = f"from {change.old} to {change.new} is more than {MAX_MOVE_PERCENT} % in one step"
    return Refusal("move_too_large", detail)


@dataclass(frozen=True, slots=True)
class RepriceBreaker:
    """Stops a run that would lower too much at once: a blank or wrong input looks like a falling market.

    It trips when more than `max_share` of the listings, and at least `at_least` of them, would fall by
    `drop_percent` or more.
    """

    max_share: Decimal = Decimal("0.20")
    drop_percent: int = 5
    at_least: int = 3

    def refuse(self, changes: Sequence[PriceChange], listings: int) -> Refusal | None:
        """Return why the run must stop before its first change, or None."""
        falls = sum(self._falls(change.old.minor, change.new.minor) for change in changes)
        if falls < self.at_least or falls <= self.max_share * listings:
            return None
        detail = (
            f"{falls} of {listings} listings would fall by {self.drop_percent} % or more, at most "
            f"{self.max_share:.0%} may; look at the predictions, then run again with a wider breaker"
        )
        return Refusal("reprice_breaker", detail)

    def _falls(self, old_minor: int, new_minor: int) -> bool:
        return (old_minor - new_minor) * 100 >= old_minor * self.drop_percent
