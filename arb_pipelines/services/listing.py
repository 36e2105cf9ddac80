"""From delivered goods to a live listing: receive a lot, choose its outlet, publish it once.

What belongs here: the order of steps. The pending listing is committed before the outlet is called and the outlet
finds a SKU again, so a run that died anywhere is finished by the next one. A listing that vanished at the outlet
is never put up again by itself: absent usually means sold. What is offered, and at what price, is
`listing_drafts.py`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

from arb_pipelines.domain.cross_listing import CrossListing, oversell_chance
from arb_pipelines.domain.fees import FeeSchedules
from arb_pipelines.domain.inventory import InventoryLot, lot_of, sku_for_next_offer
from arb_pipelines.domain.listing import Listing, ListingState
from arb_pipelines.domain.ports import Clock, Seller
from arb_pipelines.domain.purchase import PurchaseState
from arb_pipelines.domain.spend_limit import Action, Refusal
from arb_pipelines.domain.stores import Books
from arb_pipelines.services.listing_drafts import (
    Draft,
    Known,
    ListingRules,
    Predictions,
    draft,
    load_known,
    refuse_listing,
)
from arb_pipelines.services.outcomes import NotDone, Report, halted, refused_by


@dataclass(frozen=True, slots=True)
class Place:
    """An outlet and the rules to sell by there."""

    seller: Seller
    rules: ListingRules


@dataclass(slots=True)
class Receipts(Report):
    """Lots taken into stock, and delivered purchases that could not be."""

    received: list[InventoryLot] = field(default_factory=list)
    refused: list[NotDone] = field(default_factory=list)


@dataclass(slots=True)
class Listed(Report):
    """SKUs that went live, those ended elsewhere, what was not listed and why, and the reason if the run stopped.

    `shared` holds the SKUs that went to several outlets, each with the chance of an oversale.
    """

    listed: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    shared: list[tuple[str, float]] = field(default_factory=list)
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
    """List what no listing offers, where there is one outlet. See `list_stock`."""
    return list_stock(books, [Place(seller, rules)], predictions, schedules, clock)


def list_stock(
    books: Books,
    places: Sequence[Place],
    predictions: Predictions,
    schedules: FeeSchedules,
    clock: Clock,
    cross: CrossListing | None = None,
) -> Listed:
    """Finish what an earlier run left, then offer each lot that no listing offers at the outlet where it nets most.

    Args:
        books: our books.
        places: the outlets; of equally good ones the first is taken.
        predictions: the model's answers by (product_id, condition, outlet).
        schedules: the fee schedules.
        clock: the time.
        cross: show lots of several units at every outlet that takes them; None shows each unit at one outlet.
    """
    done = Listed()
    by_outlet = {place.seller.outlet: place for place in places}
    _end(by_outlet, books, done)
    pending = [listing for listing in books.listings.load((ListingState.PENDING,)) if listing.outlet in by_outlet]
    lots = books.inventory.load_unlisted()
    if not (pending or lots):
        return done
    known = load_known(books, predictions, schedules, clock.now())
    for listing in pending:
        _publish_pending(listing, by_outlet[listing.outlet], known, books, done)
    used: dict[str, set[str]] = {}
    for listing in books.listings.load() if lots else ():
        used.setdefault(listing.lot_id, set()).add(listing.sku)
    for lot in lots:
        if done.stopped is not None:
            break
        _offer(lot, used.get(lot.lot_id, set()), by_outlet, known, books, cross, done)
    return done


def _offer(
    lot: InventoryLot,
    used: Collection[str],
    by_outlet: dict[str, Place],
    known: Known,
    books: Books,
    cross: CrossListing | None,
    done: Listed,
) -> None:
    offered = replace(lot, sku=sku_for_next_offer(lot, used))
    number = len(used) + 1
    answers = {outlet: draft(offered, number, place.rules, known) for outlet, place in by_outlet.items()}
    drafts = [answer for answer in answers.values() if isinstance(answer, Draft)]
    if not drafts:
        done.not_listed += _reasons(lot.sku, answers)
        return
    if offered.sku != lot.sku and not books.inventory.rename(lot.lot_id, lot.sku, offered.sku):
        done.not_listed.append(NotDone(lot.sku, "already_listed", "another run lists it"))
        return
    for listing in _chosen(offered, drafts, cross, done):
        if not books.listings.insert(listing):
            done.not_listed.append(NotDone(lot.sku, "already_listed", "it is listed already, or its units have gone"))
        else:
            _publish(listing, books, by_outlet[listing.outlet].seller, done)


def _reasons(sku: str, answers: dict[str, Draft | Refusal]) -> list[NotDone]:
    refusals = [(outlet, answer) for outlet, answer in answers.items() if isinstance(answer, Refusal)]
    several = len(refusals) > 1
    return [NotDone(sku, no.code, f"{outlet}: {no.detail}" if several else no.detail) for outlet, no in refusals]


def _chosen(lot: InventoryLot, drafts: Sequence[Draft], cross: CrossListing | None, done: Listed) -> list[Listing]:
    best = max(drafts, key=lambda one: one.profit.minor)
    if cross is None:
        return [best.listing]
    days = [one.days_to_sell for one in drafts]
    fastest = min((each for each in days if each is not None), default=None)
    if cross.refuse(lot.on_hand, len(drafts), None if None in days else fastest) is not None or fastest is None:
        return [best.listing]
    done.shared.append((lot.sku, oversell_chance(cross.sync_delay, fastest)))
    shown = lot.on_hand - cross.buffer
    return [replace(one.listing, quantity=shown, shared_buffer=cross.buffer) for one in drafts]


def _end(by_outlet: dict[str, Place], books: Books, done: Listed) -> None:
    """Withdraw what was sold elsewhere. No switch stops this: it takes nothing but risk off the market."""
    for listing in books.listings.load((ListingState.ENDING,)):
        if listing.outlet not in by_outlet:
            continue
        try:
            by_outlet[listing.outlet].seller.withdraw(listing.sku)
        except (OSError, ValueError) as error:
            done.not_listed.append(refused_by(listing.sku, error))
            continue
        ending = (ListingState.ENDING,)
        withdrawn = ListingState.WITHDRAWN
        if books.listings.advance(listing.sku, expected=ending, state=withdrawn, outlet=listing.outlet):
            done.ended.append(listing.sku)


def _publish_pending(listing: Listing, place: Place, known: Known, books: Books, done: Listed) -> None:
    """An earlier run may have died a while ago: what may not be sold by now is not published."""
    refused = refuse_listing(listing.product_id, listing.condition, listing.title, place.rules, known)
    if refused is None:
        _publish(listing, books, place.seller, done)
    else:
        done.not_listed.append(NotDone(listing.sku, refused.code, refused.detail))


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
    if books.listings.advance(
        listing.sku,
        expected=(ListingState.PENDING,),
        state=ListingState.ACTIVE,
        outlet_listing_id=outlet_listing_id,
        outlet=listing.outlet,
    ):
        done.listed.append(listing.sku)
