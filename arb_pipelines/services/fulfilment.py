"""Buyers' orders: into the books once, then shipped once.

What belongs here: the order of steps. All are safe to run again: an order is imported by its outlet's id, a fee that
the outlet tells later corrects the estimate once, and a shipment is confirmed by the one tracking number of its order.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from arb_pipelines.domain.fees import FeeRefusal, FeeSchedules
from arb_pipelines.domain.inventory import OutOfStockError
from arb_pipelines.domain.money import Money, MoneyError
from arb_pipelines.domain.order import Order, OutletOrder
from arb_pipelines.domain.outlet import OutletTerms
from arb_pipelines.domain.ports import Clock, Seller
from arb_pipelines.domain.settlement import ON_THE_ORDER, AlreadySettledError
from arb_pipelines.domain.stores import Books
from arb_pipelines.services.books_alerts import alert_imports, alert_unreadable, waiting_since
from arb_pipelines.services.outcomes import NotDone, Report, refused_by
from arb_pipelines.services.returns import held_back

# Orders can become visible late; the same window is read again and known orders are skipped.
OVERLAP = timedelta(days=1)
# For so long the window stays open for an order that could not be imported: later ones must not hide it.
LONGEST_WAIT = timedelta(days=30)


@dataclass(slots=True)
class Imported(Report):
    """Orders that are new in the books, fees told since, and orders that could not be imported (each is an alarm)."""

    imported: list[Order] = field(default_factory=list)
    settled: list[str] = field(default_factory=list)
    not_done: list[NotDone] = field(default_factory=list)


@dataclass(slots=True)
class Shipped(Report):
    """Order ids whose shipment the outlet knows, and those it did not take."""

    shipped: list[str] = field(default_factory=list)
    not_done: list[NotDone] = field(default_factory=list)


def import_orders(books: Books, seller: Seller, schedules: FeeSchedules, terms: OutletTerms, clock: Clock) -> Imported:
    """Import the outlet's orders since the newest known one, less a day of overlap.

    Where the outlet does not tell its fee yet, the fee schedule's answer is booked and flagged as an estimate; once it
    tells, while the order is in the overlap, the estimate is corrected. Later than that a statement does it
    (`settling.py`). An order that cannot be imported is an alert and is tried again until it is, or a person closes
    the alert.
    """
    done = Imported()
    try:
        found = seller.fetch_orders(_window(books, seller.outlet, clock.now()))
    except (OSError, ValueError) as error:
        done.not_done.append(refused_by(seller.outlet, error))
        alert_unreadable(books, seller.outlet, done.not_done[0], clock)
        return done
    alert_unreadable(books, seller.outlet, None, clock)
    import_lines(books, seller.outlet, found, schedules, terms, clock, done)
    return done


def import_lines(
    books: Books,
    outlet: str,
    found: Sequence[OutletOrder],
    schedules: FeeSchedules,
    terms: OutletTerms,
    clock: Clock,
    done: Imported,
) -> None:
    """Import order lines that an outlet showed, each once, into `done`; a fee told since is settled."""
    before = (len(done.imported), len(done.not_done))
    mine = [order for order in books.orders.load() if order.outlet == outlet]
    known = {(order.outlet_order_id, order.line_item_id): order for order in mine}
    categories = {listing.sku: listing.category for listing in books.listings.load()} if found else {}
    for outlet_order in found:
        order = known.get((outlet_order.outlet_order_id, outlet_order.line_item_id))
        if order is None:
            _import(outlet_order, categories, books, schedules, terms, done)
        elif order.fee_estimated and outlet_order.fee is not None:
            _settle(order, outlet_order.fee, books, clock, done)
    brought = [f"{order.outlet_order_id}/{order.line_item_id}" for order in done.imported[before[0] :]]
    alert_imports(books, outlet, brought, done.not_done[before[1] :], clock)


def _window(books: Books, outlet: str, now: datetime) -> datetime | None:
    newest = books.orders.newest_ordered_at(outlet)
    if newest is None:
        return None
    # An order dated in the future must not move the window past the orders that come meanwhile.
    since = min(newest, now) - OVERLAP
    waiting = waiting_since(books, outlet)
    return since if waiting is None else min(since, max(waiting - OVERLAP, now - LONGEST_WAIT))


def _settle(order: Order, fee: Money, books: Books, clock: Clock, done: Imported) -> None:
    try:
        if books.settlements.settle_fee(order.order_id, fee, ON_THE_ORDER, clock.now()) is not None:
            done.settled.append(order.order_id)
    except AlreadySettledError:
        return  # a statement came meanwhile, and knows better
    except MoneyError as error:
        done.not_done.append(NotDone(order.order_id, "currency_differs", str(error)))


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
    except MoneyError as error:
        done.not_done.append(NotDone(key, "currency_differs", str(error)))
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


def ship_orders(books: Books, seller: Seller, tracking: Callable[[Order], str | None], clock: Clock) -> Shipped:
    """Confirm the shipment of every order not yet shipped, oldest first, and record it.

    An order that a person gave to a carrier has its tracking number; `tracking` gives that of another order, the same
    one each time it is asked, or None where nobody has sent it yet.
    """
    done = Shipped()
    waiting = [order for order in books.orders.load_unshipped() if order.outlet == seller.outlet]
    cancelled = held_back(books, waiting)
    for order in waiting:
        if order.order_id in cancelled:
            done.not_done.append(NotDone(order.order_id, "cancelled", "its units are in a return; nothing is sent"))
            continue
        number, sent_at = order.tracking_number or tracking(order), order.shipped_at or clock.now()
        if number is None:
            done.not_done.append(NotDone(order.order_id, "not_sent", f"{order.state}; give it to a carrier: arb ship"))
            continue
        try:
            seller.confirm_shipment(order, number, sent_at)
        except (OSError, ValueError) as error:
            done.not_done.append(refused_by(order.order_id, error))
            continue
        if books.orders.mark_shipped(order.order_id, number, sent_at):
            done.shipped.append(order.order_id)
    return done


def wait_for_a_person(order: Order) -> str | None:
    """Return no tracking number: only somebody who has the parcel in hand knows one."""
    return None


def tracking_number_for(order: Order) -> str:
    """Return the sandbox carrier's tracking number of an order, derived from the order's id."""
    return f"SBX{int(hashlib.sha256(order.order_id.encode()).hexdigest()[:12], 16):015d}"
