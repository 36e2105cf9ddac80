"""From delivered goods to a live listing: receive a lot, price it between floor and ceiling, publish it once.

What belongs here: the order of steps. The pending listing is committed before the outlet is called and the outlet
finds a SKU again, so a run that died anywhere is finished by the next one. A listing that vanished at the outlet
is never put up again by itself: absent usually means sold.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

import polars as pl

from arb_pipelines.domain.fees import FeeRefusal, FeeSchedules, best_price, floor_price
from arb_pipelines.domain.floor_basis import floor_basis
from arb_pipelines.domain.inventory import InventoryLot, lot_of
from arb_pipelines.domain.listing import Listing, ListingState, ProductFacts, draft_listing, price_bounds
from arb_pipelines.domain.money import MoneyError
from arb_pipelines.domain.outlet import OutletTerms
from arb_pipelines.domain.ports import Clock, Seller
from arb_pipelines.domain.price import PricePrediction
from arb_pipelines.domain.purchase import PurchaseState
from arb_pipelines.domain.spend_limit import Action, Refusal
from arb_pipelines.domain.stores import Books
from arb_pipelines.services.outcomes import NotDone, Report, halted, refused_by

Predictions = Mapping[tuple[str, str, str], PricePrediction]


@dataclass(frozen=True, slots=True)
class ListingRules:
    """`min_roi` is the least return on landed cost at the floor price, a fraction of 1."""

    terms: OutletTerms
    min_roi: Decimal = Decimal("0.10")


@dataclass(slots=True)
class Receipts(Report):
    """Lots taken into stock, and delivered purchases that could not be."""

    received: list[InventoryLot] = field(default_factory=list)
    refused: list[NotDone] = field(default_factory=list)


@dataclass(slots=True)
class Listed(Report):
    """SKUs that went live, what was not listed and why, and the reason if the run stopped."""

    listed: list[str] = field(default_factory=list)
    not_listed: list[NotDone] = field(default_factory=list)
    stopped: Refusal | None = None


def receive_delivered(books: Books, clock: Clock) -> Receipts:
    """Take each delivered purchase into stock as one lot; a purchase that has its lot is left alone."""
    known = {lot.purchase_id for lot in books.inventory.load()}
    receipts = Receipts()
    for purchase in books.purchases.load((PurchaseState.BOUGHT,)):
        if purchase.delivered_at is None or purchase.purchase_id in known:
            continue
        lot = lot_of(purchase, clock.now())
        if isinstance(lot, Refusal):
            receipts.refused.append(NotDone(purchase.purchase_id, lot.code, lot.detail))
        elif books.inventory.receive(lot):
            receipts.received.append(lot)
    return receipts


def list_unlisted(
    books: Books,
    seller: Seller,
    predictions: Predictions,
    schedules: FeeSchedules,
    rules: ListingRules,
    clock: Clock,
) -> Listed:
    """Publish the listings that an earlier run left pending, then one for each lot that no listing offers.

    Args:
        books: our books.
        seller: the outlet.
        predictions: the model's answers by (product_id, condition, outlet).
        schedules: the fee schedules.
        rules: the outlet's terms and the least ROI at the floor.
        clock: the time.
    """
    done = Listed()
    for listing in books.listings.load((ListingState.PENDING,)):
        _publish(listing, books, seller, done)
    lots = books.inventory.load_unlisted()
    facts = _load_facts(books) if lots else {}
    earlier = Counter(listing.sku for listing in books.listings.load()) if lots else Counter()
    for lot in lots:
        if done.stopped is not None:
            break
        known = facts.get(lot.product_id, ProductFacts())
        draft = _draft(lot, known, earlier[lot.sku] + 1, predictions, schedules, rules, clock)
        if isinstance(draft, Refusal):
            done.not_listed.append(NotDone(lot.sku, draft.code, draft.detail))
        elif not books.listings.insert(draft):
            done.not_listed.append(NotDone(lot.sku, "already_listed", "another run lists this SKU"))
        else:
            _publish(draft, books, seller, done)
    return done


def _publish(listing: Listing, books: Books, seller: Seller, done: Listed) -> None:
    done.stopped = done.stopped or halted(books, Action.LIST)
    if done.stopped is not None:
        done.not_listed.append(NotDone(listing.sku, done.stopped.code, "stays pending"))
        return
    try:
        outlet_listing_id = seller.list_item(listing)
    except (OSError, ValueError) as error:
        done.not_listed.append(refused_by(listing.sku, error))
        return
    expected = (ListingState.PENDING,)
    if books.listings.advance(
        listing.sku, expected=expected, state=ListingState.ACTIVE, outlet_listing_id=outlet_listing_id
    ):
        done.listed.append(listing.sku)


def _draft(
    lot: InventoryLot,
    facts: ProductFacts,
    number: int,
    predictions: Predictions,
    schedules: FeeSchedules,
    rules: ListingRules,
    clock: Clock,
) -> Listing | Refusal:
    terms, now = rules.terms, clock.now()
    prediction = predictions.get((lot.product_id, lot.condition, terms.outlet))
    if prediction is None:
        return Refusal("no_prediction", "the model has no answer for this product, condition and outlet")
    try:
        curve = terms.curve(schedules, facts.category, now.date())
        cost = lot.unit_cost if terms.postage is None else lot.unit_cost + terms.postage
        floor = floor_price(curve, cost, min_roi=rules.min_roi, returns=terms.returns)
        basis = floor_basis(curve, floor, cost, min_roi=rules.min_roi, returns=terms.returns)
        bounds = price_bounds(prediction, floor)
    except FeeRefusal as refusal:
        return Refusal("no_floor" if refusal.code == "no_floor" else "fee_unknown", str(refusal))
    except MoneyError as error:
        return Refusal("currency_differs", str(error))
    if bounds is None:
        reason = prediction.abstained or "no_price"
        return Refusal(f"model_abstains({reason})", "the model does not say what it will sell for")
    price, ceiling = bounds
    # Just above a fee step a lower price nets more; the floor itself is never inside such a zone.
    price = max(best_price(curve, price, terms.returns), floor)
    return draft_listing(lot, facts, terms.outlet, number, floor, price, ceiling, now, basis)


def _load_facts(books: Books) -> dict[str, ProductFacts]:
    frame = pl.DataFrame(books.products.load()).select("product_id", "title", "category", "gtin", "brand", "mpn")
    return {product_id: ProductFacts(*rest) for product_id, *rest in frame.iter_rows()}
