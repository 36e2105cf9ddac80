"""What must always hold of what is offered, shipped, returned and settled.

What belongs here: invariants over listings, orders and returns. They read only. The others are `invariants.py`, which
runs these too.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, and_, exists, func, or_, select, union_all

from arb_pipelines.adapters.sql.book_tables import ledger_entries, ledger_transactions
from arb_pipelines.adapters.sql.sale_tables import (
    OPEN_LISTING_STATES,
    inventory_lots,
    listings,
    order_lots,
    orders,
)
from arb_pipelines.adapters.sql.selling_tables import order_returns, return_lots
from arb_pipelines.domain.ledger import Account
from arb_pipelines.domain.order import IN_HOUSE, OrderState
from arb_pipelines.domain.return_case import ReturnState

OPEN_LISTINGS = sorted(OPEN_LISTING_STATES)
RESTOCKED, WRITTEN_OFF = ReturnState.RESTOCKED.value, ReturnState.WRITTEN_OFF.value


def selling_queries() -> dict[str, Select[Any]]:
    """Return the invariants of selling, each as a query for what breaks it."""
    return {
        "I3_fees_are_booked": differing(Account.SELLING_FEES, _fees()),
        "I3_refunds_are_booked": differing(Account.REFUNDS, _refunds()),
        "I3_refund_within_paid": _refunded_too_much(),
        "I5_listed_units_are_owned": _listed_but_not_owned(),
        "I5_one_outlet_a_unit": _on_several_outlets(),
        "I6_units_leave_once": _units_gone_wrong(),
        "I6_returned_units_were_sold": _returned_too_many(),
        "I6_shipped_once": _shipped_without_proof(),
        "I6_return_is_posted": _inspected_but_not_posted(),
    }


def differing(account: Account, expected: Select[Any]) -> Select[Any]:
    """Return the currencies in which an account's balance and the (negated) expectation do not cancel out."""
    booked = select(ledger_entries.c.currency, ledger_entries.c.amount_minor.label("minor"))
    booked = booked.where(ledger_entries.c.account == account.value)
    both = booked.union_all(expected).subquery()
    return select(both.c.currency).group_by(both.c.currency).having(func.sum(both.c.minor) != 0)


def restocked_cost() -> Select[Any]:
    """Return (currency, negated minor) of what came back into stock."""
    cost = (-order_returns.c.cost_minor).label("minor")
    return select(order_returns.c.currency, cost).where(order_returns.c.state == RESTOCKED)


def _fees() -> Select[Any]:
    taken = select(orders.c.currency, (-orders.c.fee_minor).label("minor"))
    back = select(order_returns.c.currency, order_returns.c.fee_back_minor.label("minor"))
    both = union_all(taken, back.where(order_returns.c.refunded_at.is_not(None))).subquery()
    return select(both.c.currency, both.c.minor)


def _refunds() -> Select[Any]:
    given = select(order_returns.c.currency, (-order_returns.c.refund_minor).label("minor"))
    return given.where(order_returns.c.refunded_at.is_not(None))


def _refunded_too_much() -> Select[Any]:
    refunds = func.coalesce(func.sum(order_returns.c.refund_minor), 0)
    joined = orders.join(order_returns, order_returns.c.order_id == orders.c.order_id)
    grouped = select(orders.c.order_id).select_from(joined).group_by(orders.c.order_id, orders.c.revenue_minor)
    return grouped.having(refunds > orders.c.revenue_minor)


def _listed_but_not_owned() -> Select[Any]:
    """What one outlet shows must be there, less what is held back; where units are not shared, all outlets together."""
    owned = select(func.coalesce(func.sum(inventory_lots.c.on_hand), 0))
    owned_units = owned.where(inventory_lots.c.sku == listings.c.sku).scalar_subquery()
    held_back = func.coalesce(func.max(listings.c.shared_buffer), 0)
    shared = func.count(listings.c.shared_buffer) == func.count()
    offered = select(listings.c.sku).where(listings.c.state.in_(OPEN_LISTINGS), listings.c.quantity > 0)
    together = and_(~shared, func.sum(listings.c.quantity) > owned_units)
    each = func.max(listings.c.quantity) > owned_units - held_back
    return offered.group_by(listings.c.sku).having(or_(together, each))


def _on_several_outlets() -> Select[Any]:
    offered = select(listings.c.sku).where(listings.c.state.in_(OPEN_LISTINGS)).group_by(listings.c.sku)
    buffered = func.min(func.coalesce(listings.c.shared_buffer, 0)) > 0
    return offered.having(func.count() > 1, ~buffered)


def _units_gone_wrong() -> Select[Any]:
    gone = select(func.coalesce(func.sum(order_lots.c.units), 0))
    sold = gone.where(order_lots.c.lot_id == inventory_lots.c.lot_id).scalar_subquery()
    back = select(func.coalesce(func.sum(return_lots.c.units), 0)).select_from(
        return_lots.join(order_returns, order_returns.c.return_id == return_lots.c.return_id)
    )
    restocked = (
        back.where(return_lots.c.lot_id == inventory_lots.c.lot_id, order_returns.c.state == RESTOCKED)
        .correlate(inventory_lots)
        .scalar_subquery()
    )
    wrong = or_(inventory_lots.c.received - inventory_lots.c.on_hand != sold - restocked, inventory_lots.c.on_hand < 0)
    return select(inventory_lots.c.lot_id).where(wrong)


def _returned_too_many() -> Select[Any]:
    units = func.sum(order_returns.c.units)
    joined = orders.join(order_returns, order_returns.c.order_id == orders.c.order_id)
    counted = select(orders.c.order_id).select_from(joined).where(order_returns.c.state != ReturnState.CLOSED.value)
    return counted.group_by(orders.c.order_id, orders.c.quantity).having(units > orders.c.quantity)


def _shipped_without_proof() -> Select[Any]:
    """An order imported as shipped never had our tracking number; one we shipped has both."""
    in_house = and_(orders.c.state.in_([state.value for state in IN_HOUSE]), orders.c.shipped_at.is_not(None))
    gone = and_(orders.c.state == OrderState.DISPATCHED.value, orders.c.tracking_number.is_(None))
    half = orders.c.tracking_number.is_(None) != orders.c.shipped_at.is_(None)
    return select(orders.c.order_id).where(or_(in_house, gone, half))


def _inspected_but_not_posted() -> Select[Any]:
    """What was inspected or refunded is in the ledger, and nothing else is."""
    rules = []
    for prefix, happened in (
        ("restock:", order_returns.c.state == RESTOCKED),
        ("write-off:", order_returns.c.state == WRITTEN_OFF),
        ("refund:", order_returns.c.refunded_at.is_not(None)),
    ):
        posted = exists().where(ledger_transactions.c.transaction_id == prefix + order_returns.c.return_id)
        rules.append(happened != posted)
    return select(order_returns.c.return_id).where(or_(*rules))
