"""Moving the prices of active listings: decide all, stop the run if too many would fall, store, then tell the outlet.

What belongs here: the order of steps. A price is stored with its reason before the outlet hears it; where a run
died between the two, the outlet still shows the old price and the next run repairs it. The floor is checked once
more in the last step before the outlet. The first run of a rule at an outlet only suggests.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from arb_pipelines.domain.fees import FeeRefusal, FeeSchedules
from arb_pipelines.domain.guards import refuse_repeated_falls
from arb_pipelines.domain.listing import Listing, ListingState
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.outlet import OutletTerms
from arb_pipelines.domain.ports import Clock, Seller
from arb_pipelines.domain.price import PricePrediction
from arb_pipelines.domain.repricing import (
    NO_SIGNALS,
    RULE,
    MarketSignals,
    PriceChange,
    PricingTerms,
    RepriceBreaker,
    decide_price,
    refuse_move,
)
from arb_pipelines.domain.spend_limit import Action, Refusal
from arb_pipelines.domain.stores import Books
from arb_pipelines.services.outcomes import NotDone, Report, halted, refused_by

BREAKER = RepriceBreaker()


class PricedSeller(Seller, Protocol):
    """An outlet that also tells what it shows for a SKU."""

    def fetch_prices(self, skus: Sequence[str]) -> dict[str, Money]:
        """Return the live price of each SKU; one without a live listing is left out.

        Raises:
            OSError: the outlet cannot be read.
            ValueError: the outlet's answer cannot be understood.
        """


@runtime_checkable
class TellingSeller(Protocol):
    """An outlet that also tells how a listing does and what others ask."""

    def fetch_signals(self, skus: Sequence[str]) -> dict[str, MarketSignals]:
        """Return what the outlet tells of each SKU; one that it does not know is left out.

        Raises:
            OSError: the outlet cannot be read.
            ValueError: the outlet's answer cannot be understood.
        """


@dataclass(frozen=True, slots=True)
class RepriceRules:
    """The outlet's fees, which prices jump where a lower one nets more, and the name of the rules in force.

    With a `rule` its first run at the outlet suggests and changes nothing; None changes prices at once.
    """

    terms: OutletTerms
    schedules: FeeSchedules
    rule: str | None = RULE


@dataclass(slots=True)
class Repriced(Report):
    """Price changes that are live, SKUs whose outlet price was repaired, what was left and why the run stopped.

    `suggested` holds the changes that the first run of a rule would make.
    """

    changed: list[PriceChange] = field(default_factory=list)
    suggested: list[PriceChange] = field(default_factory=list)
    repaired: list[str] = field(default_factory=list)
    not_done: list[NotDone] = field(default_factory=list)
    stopped: Refusal | None = None


def reprice(
    books: Books,
    seller: PricedSeller,
    predictions: Mapping[tuple[str, str, str], PricePrediction],
    clock: Clock,
    *,
    breaker: RepriceBreaker = BREAKER,
    days_a_day: float = 1.0,
    rules: RepriceRules | None = None,
) -> Repriced:
    """Reprice every active listing of the outlet.

    Args:
        books: our books.
        seller: the outlet; one that is a `TellingSeller` is asked for views, watchers and others' prices.
        predictions: the model's answers by (product_id, condition, outlet).
        clock: the time.
        breaker: stops the run before its first change when too many prices would fall, or one moves too far.
        days_a_day: selling days in one calendar day (the sandbox world runs faster).
        rules: the outlet's fees and the name of the rules; None looks at no fee and changes prices at once.
    """
    done = Repriced()
    active = [found for found in books.listings.load((ListingState.ACTIVE,)) if found.outlet == seller.outlet]
    skus = [listing.sku for listing in active]
    try:
        shown = seller.fetch_prices(skus) if active else {}
        signals = seller.fetch_signals(skus) if active and isinstance(seller, TellingSeller) else {}
    except (OSError, ValueError) as error:
        done.stopped = Refusal("outlet_unreadable", str(error))
        return done
    in_step = _repair(active, shown, books, seller, done)
    changes = _plan(in_step, signals, predictions, rules, clock, days_a_day, done)
    planned = [change for _, change in changes]
    done.stopped = done.stopped or breaker.refuse(planned, len(active))
    done.stopped = done.stopped or refuse_repeated_falls(changes, len(active), clock.now(), days_a_day=days_a_day)
    if done.stopped is None and rules is not None and _only_suggests(books, seller, rules, planned, clock):
        done.suggested = planned
        return done
    for listing, change in changes:
        _apply(listing, change, books, seller, clock, done)
    return done


def _plan(
    listings: Sequence[Listing],
    signals: Mapping[str, MarketSignals],
    predictions: Mapping[tuple[str, str, str], PricePrediction],
    rules: RepriceRules | None,
    clock: Clock,
    days_a_day: float,
    done: Repriced,
) -> list[tuple[Listing, PriceChange]]:
    changes = []
    for listing in listings:
        terms = _terms(listing, signals.get(listing.sku, NO_SIGNALS), rules, clock, done)
        if terms is None:
            continue
        prediction = predictions.get((listing.product_id, listing.condition, listing.outlet))
        target = prediction.middle if prediction and prediction.abstained is None else None
        change = decide_price(listing, target, clock.now(), days_a_day=days_a_day, terms=terms)
        if change is not None:
            changes.append((listing, change))
    return changes


def _terms(
    listing: Listing, signals: MarketSignals, rules: RepriceRules | None, clock: Clock, done: Repriced
) -> PricingTerms | None:
    """Return what the decision rests on; None where the fees are not known, and then the price stays."""
    if rules is None:
        return PricingTerms(signals=signals)
    try:
        curve = rules.terms.curve(rules.schedules, listing.category, clock.now().date())
    except FeeRefusal as refusal:
        done.not_done.append(NotDone(listing.sku, "fee_unknown", str(refusal)))
        return None
    return PricingTerms(curve, rules.terms.returns, signals)


def _only_suggests(
    books: Books, seller: Seller, rules: RepriceRules, planned: Sequence[PriceChange], clock: Clock
) -> bool:
    """Keep the plan of a rule's first run; a plan without a change shows nobody anything, so it is no first run."""
    if rules.rule is None or not planned or books.suggestions.has_run(seller.outlet, rules.rule):
        return False
    return books.suggestions.store_first(seller.outlet, rules.rule, planned, clock.now())


def _repair(
    active: Sequence[Listing], shown: Mapping[str, Money], books: Books, seller: Seller, done: Repriced
) -> list[Listing]:
    """Set the outlet's price right where it differs from the books; return the listings that agree."""
    in_step = []
    for listing in active:
        price = shown.get(listing.sku)
        if price is None:
            done.not_done.append(NotDone(listing.sku, "absent_at_outlet", "no live listing; it is not put up again"))
        elif price == listing.price:
            in_step.append(listing)
        elif _push(listing, listing.price, books, seller, done):
            done.repaired.append(listing.sku)
    return in_step


def _apply(listing: Listing, change: PriceChange, books: Books, seller: Seller, clock: Clock, done: Repriced) -> None:
    done.stopped = done.stopped or halted(books, Action.REPRICE)
    if done.stopped is not None:
        return
    refusal = refuse_move(change)
    if refusal is not None:
        done.not_done.append(NotDone(change.sku, refusal.code, refusal.detail))
    elif not books.listings.store_price(
        change.sku, change.old, change.new, change.reason, clock.now(), outlet=listing.outlet
    ):
        done.not_done.append(NotDone(change.sku, "price_moved", "the price was changed meanwhile"))
    elif _push(listing, change.new, books, seller, done):
        done.changed.append(change)


def _push(listing: Listing, price: Money, books: Books, seller: Seller, done: Repriced) -> bool:
    done.stopped = done.stopped or halted(books, Action.REPRICE)
    if done.stopped is not None:
        return False
    if not 0 < listing.floor.minor <= price.minor:
        done.not_done.append(NotDone(listing.sku, "below_floor", f"{price} is below the floor {listing.floor}"))
        return False
    try:
        seller.update_price(listing.sku, price)
    except (OSError, ValueError) as error:
        done.not_done.append(refused_by(listing.sku, error))
        return False
    return True
