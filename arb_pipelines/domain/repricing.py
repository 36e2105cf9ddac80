"""How a listing's price moves: between a floor and a ceiling that both exist, one bounded step at a time.

What belongs here: the pure decision and the circuit breaker over a run. No floor, no reprice; the floor wins over
everything. A competitor's price never leads: it pulls ours by a bounded part, so that two machines that look at each
other cannot run away together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from arb_pipelines.domain.fees_curve import FeeCurve
from arb_pipelines.domain.fees_prices import best_price
from arb_pipelines.domain.fees_returns import Returns
from arb_pipelines.domain.listing import Listing
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.spend_limit import Refusal

RULE = "2026-11"  # the name of the rules below: a rule that is new at an outlet suggests first and changes nothing
STEP_PERCENT_A_DAY = 2  # a gentle markdown: a month on the shelf goes from ceiling to floor in typical cases
WANTED_STEP_PERCENT = 1  # while buyers watch it, waiting is worth more than a lower price
UNSEEN_STEP_PERCENT = 3  # nobody looks: the price, or the words, are wrong
UNSEEN_DAYS = 7
MANY_WATCHERS = 2
COMPETITOR_PULL_PERCENT = 10  # how far below our own idea a competitor may pull the price
MAX_MOVE_PERCENT = 15  # a larger single move froze or ruined sellers in every published repricer accident


@dataclass(frozen=True, slots=True)
class PriceChange:
    """A new price for a SKU, with the reason that goes into the price log."""

    sku: str
    old: Money
    new: Money
    reason: str


@dataclass(frozen=True, slots=True)
class MarketSignals:
    """What an outlet tells of a listing now; None and empty mean that it does not tell, never zero.

    `competitor_prices` are landed prices of others for the same thing in the same condition, on this outlet.
    `featured_offer` is the price at or below which ours is expected to be the one that buyers are shown.
    """

    views: int | None = None
    watchers: int | None = None
    competitor_prices: tuple[Money, ...] = ()
    featured_offer: Money | None = None


NO_SIGNALS = MarketSignals()


@dataclass(frozen=True, slots=True)
class PricingTerms:
    """What a price decision rests on beside the listing: the outlet's fees, and what is expected to come back."""

    curve: FeeCurve | None = None
    returns: Returns | None = None
    signals: MarketSignals = field(default_factory=MarketSignals)


PLAIN_TERMS = PricingTerms()


def decide_price(
    listing: Listing,
    target: Money | None,
    now: datetime,
    *,
    days_a_day: float = 1.0,
    terms: PricingTerms = PLAIN_TERMS,
) -> PriceChange | None:
    """Return the next price of a listing, or None to leave it.

    The model's price goes down with the days on the shelf, is pulled down by what others ask, moves by a bounded step,
    stays below the ceiling, leaves a stretch where a lower price nets more, and never goes below the floor.

    Args:
        listing: our listing with floor and ceiling.
        target: the model's middle prediction now; None (the model abstains) leaves the price alone.
        now: aware UTC.
        days_a_day: how many selling days pass in one calendar day (the sandbox world runs faster).
        terms: fees and what the outlet tells of the listing.
    """
    currency = listing.price.currency
    if target is None or target.currency != currency or listing.floor > listing.ceiling or listing.floor.minor <= 0:
        return None
    days = (now - listing.listed_at).total_seconds() / 86_400 * days_a_day
    step = _step_percent(terms.signals, days)
    own = target.minor * (100 - min(int(days * step), 100)) // 100
    wanted, pulled_by = _pulled(own, terms.signals, currency)
    lowest_move = listing.price.minor * (100 - MAX_MOVE_PERCENT) // 100
    highest_move = listing.price.minor * (100 + MAX_MOVE_PERCENT) // 100
    bounded = min(max(wanted, lowest_move), highest_move)
    new = max(min(bounded, listing.ceiling.minor), listing.floor.minor)
    price, jumped = _out_of_dead_zone(new, max(lowest_move, listing.floor.minor), terms)
    if price == listing.price.minor:
        return None
    reason = f"{days:.1f} selling days listed{pulled_by}{jumped}, target {target}"
    return PriceChange(listing.sku, listing.price, Money(price, currency), reason)


def _step_percent(signals: MarketSignals, days: float) -> int:
    if signals.watchers is not None and signals.watchers >= MANY_WATCHERS:
        return WANTED_STEP_PERCENT
    if signals.views == 0 and days >= UNSEEN_DAYS:
        return UNSEEN_STEP_PERCENT
    return STEP_PERCENT_A_DAY


def _pulled(own_minor: int, signals: MarketSignals, currency: str) -> tuple[int, str]:
    """Return the wanted price and words for what pulled it: the featured offer if it is known, else the lowest ask."""
    asked = [price.minor for price in signals.competitor_prices if price.currency == currency and price.minor > 0]
    featured = signals.featured_offer
    if featured is not None and featured.currency == currency and featured.minor > 0:
        market, words = featured.minor, f", featured offer {featured}"
    elif asked:
        market, words = min(asked), f", lowest of {len(asked)} others {Money(min(asked), currency)}"
    else:
        return own_minor, ""
    if market >= own_minor:
        return own_minor, ""
    return max(market, own_minor * (100 - COMPETITOR_PULL_PERCENT) // 100), words


def _out_of_dead_zone(price_minor: int, lowest_minor: int, terms: PricingTerms) -> tuple[int, str]:
    """Return the price up to this one that nets most, unless that is further away than a price may go."""
    if terms.curve is None:
        return price_minor, ""
    best = best_price(terms.curve, Money(price_minor, terms.curve.currency), terms.returns).minor
    if lowest_minor <= best < price_minor:
        return best, f", below the fee step under {Money(price_minor, terms.curve.currency)}"
    return price_minor, ""


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
    `drop_percent` or more, and when a single price would move by more than `widest_percent`.
    """

    max_share: Decimal = Decimal("0.20")
    drop_percent: int = 5
    at_least: int = 3
    widest_percent: int = MAX_MOVE_PERCENT

    def refuse(self, changes: Sequence[PriceChange], listings: int) -> Refusal | None:
        """Return why the run must stop before its first change, or None."""
        wild = next((change for change in changes if self._is_wild(change)), None)
        if wild is not None:
            move = f"{wild.sku} would move from {wild.old} to {wild.new}, more than {self.widest_percent} %"
            return Refusal("move_too_large", f"{move}; no rule asks for that, so something is broken")
        falls = sum(self._falls(change.old.minor, change.new.minor) for change in changes)
        if falls < self.at_least or falls <= self.max_share * listings:
            return None
        detail = (
            f"{falls} of {listings} listings would fall by {self.drop_percent} % or more, at most "
            f"{self.max_share:.0%} may; look at the predictions, then run again with a wider breaker"
        )
        return Refusal("reprice_breaker", detail)

    def _is_wild(self, change: PriceChange) -> bool:
        # One minor unit more: the bound itself is rounded.
        return abs(change.new.minor - change.old.minor) > change.old.minor * self.widest_percent // 100 + 1

    def _falls(self, old_minor: int, new_minor: int) -> bool:
        return (old_minor - new_minor) * 100 >= old_minor * self.drop_percent
