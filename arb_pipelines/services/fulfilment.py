"""Buyers' orders: into the books once, then shipped once.

What belongs here: the order of steps. Both are safe to run again: an order is imported by its outlet's id, a
shipment is confirmed by a tracking number that is derived from the order.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

from arb_pipelines.domain.fees import FeeRefusal, FeeSchedules
from arb_pipelines.domain.inventory import OutOfStockError
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.order import Order, OutletOrder
from arb_pipelines.domain.outlet import OutletTerms
from arb_pipelines.domain.ports import Clock, Seller
from arb_pipelines.domain.stores import Books
from arb_pipelines.services.outcomes import NotDone, Report, refused_by

# Orders can become visible late; the same window is read again and known orders are skipped.
OVERLAP = timedelta(days=1)


@dataclass(slots=True)
class Imported(Report):
    """Orders that are new in the books, and orders that could not be imported (each is an alarm)."""

    imported: list[Order] = field(default_factory=list)
    not_done: list[NotDone] = field(default_factory=list)


@dataclass(slots=True)
class Shipped(Report):
    """Order ids whose shipment the outlet knows, and those it did not take."""

    shipped: list[str] = field(default_factory=list)
    not_done: list[NotDone] = field(default_factory=list)


def import_orders(books: Books, seller: Seller, schedules: FeeSchedules, terms: OutletTerms, clock: Clock) -> Imported:
    """Import the outlet's orders since the newest known one, less a day of overlap.

    Where the outlet does not tell its fee yet, the fee schedule's answer is booked and flagged as an estimate.
    """
    done = Imported()
    newest = books.orders.newest_ordered_at(seller.outlet)
    # An order dated in the future must not move the window past the orders that come meanwhile.
    since = None if newest is None else min(newest, clock.now()) - OVERLAP
    try:
        found = seller.fetch_orders(since)
    except (OSError, ValueError) as error:
        done.not_done.append(refused_by(seller.outlet, error))
        return done
    known = {(order.outlet_order_id, order.line_item_id) for order in books.orders.load()}
    categories = {listing.sku: listing.category for listing in books.listings.load()} if found else {}
    for outlet_order in found:
        if (outlet_order.outlet_order_id, outlet_order.line_item_id) not in known:
            _import(outlet_order, categories, books, schedules, terms, done)
    return done


def _import(
    outlet_order: OutletOrder,
    categories: dict[str, str],
    books: Books,
    schedules: FeeSchedules,
    terms: OutletTerms,
    done: Imported,
) -> None:
    key = f"{outlet_order.outlet_order_id}/{outlet_order.line_item_id}"
    try:
        fee = outlet_order.fee
        estimated = fee is None
        if fee is None:
            fee = _estimate_fee(outlet_order, categories.get(outlet_order.sku), schedules, terms)
        order = books.orders.import_order(outlet_order, fee, estimated)
    except OutOfStockError as error:
        done.not_done.append(NotDone(key, "oversold", f"{outlet_order.sku}: {error}"))
    except LookupError:
        done.not_done.append(NotDone(key, "unknown_sku", f"{outlet_order.sku} is not ours"))
    except FeeRefusal as refusal:
        done.not_done.append(NotDone(key, "fee_unknown", str(refusal)))
    else:
        done.imported += [order] if order is not None else []


def _estimate_fee(
    outlet_order: OutletOrder, category: str | None, schedules: FeeSchedules, terms: OutletTerms
) -> Money:
    """Return the schedule's fee of a sale with the shipping and the tax that its buyer paid."""
    paid = outlet_order.item_price + outlet_order.shipping_paid
    quote = schedules.quote(
        terms.fee_channel,
        terms.fee_category(category),
        price=outlet_order.item_price,
        shipping=outlet_order.shipping_paid,
        tax_rate=Decimal(outlet_order.tax.minor) / max(paid.minor, 1),
        sold_on=outlet_order.ordered_at.date(),
        options=terms.options,
    )
    return quote.total_fee


def ship_orders(books: Books, seller: Seller, tracking: Callable[[Order], str], clock: Clock) -> Shipped:
    """Confirm the shipment of every order not yet shipped, oldest first, and record it.

    `tracking` gives the tracking number of an order, the same one each time it is asked.
    """
    done = Shipped()
    for order in books.orders.load_unshipped():
        if order.outlet != seller.outlet:
            continue
        number, now = tracking(order), clock.now()
        try:
            seller.confirm_shipment(order, number, now)
        except (OSError, ValueError) as error:
            done.not_done.append(refused_by(order.order_id, error))
            continue
        if books.orders.mark_shipped(order.order_id, number, now):
            done.shipped.append(order.order_id)
    return done


def tracking_number_for(order: Order) -> str:
    """Return the sandbox carrier's tracking number of an order, derived from the order's id."""
    return f"SBX{int(hashlib.sha256(order.order_id.encode()).hexdigest()[:12], 16):015d}"
