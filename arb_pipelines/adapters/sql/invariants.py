"""What must always hold in the books: queries that return a row for each thing that is wrong, so none.

What belongs here: the numbered invariants (`docs/storage.md` says each in words). They read only.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, func, or_, select

from arb_pipelines.adapters.sql.book_tables import ledger_entries
from arb_pipelines.adapters.sql.invariants_evidence import evidence_queries
from arb_pipelines.adapters.sql.purchase_tables import TAKEN_STATES, approvals, budgets, opportunities, purchases
from arb_pipelines.adapters.sql.sale_tables import (
    OPEN_LISTING_STATES,
    inventory_lots,
    listings,
    order_lots,
    orders,
)
from arb_pipelines.adapters.sql.signatures import two_signed
from arb_pipelines.domain.ledger import Account
from arb_pipelines.domain.order import OrderState
from arb_pipelines.domain.purchase import OPEN_STATES, PurchaseState

# A purchase may wait a day for its order to show up; one hour more and a person must look.
STUCK_AFTER = timedelta(hours=25)

OPEN = sorted(OPEN_STATES)
TAKEN = sorted(TAKEN_STATES)
OPEN_LISTINGS = sorted(OPEN_LISTING_STATES)


def count_broken(connection: Connection, now: datetime) -> dict[str, int]:
    """Return the invariants that do not hold at `now`, each with how many rows break it."""
    counts = {
        name: connection.scalar(select(func.count()).select_from(query.subquery())) or 0
        for name, query in _queries(now).items()
    }
    return {name: count for name, count in counts.items() if count}


def _queries(now: datetime) -> dict[str, Select[Any]]:
    return {
        "I1_one_purchase_an_offer": _offers_taken_twice(),
        "I1_one_purchase_a_shop_order": _shop_orders_twice(),
        "I2_spent_within_limit": _overspent_budgets(),
        "I3_transactions_balance": _unbalanced(),
        "I3_reserved_is_open_purchases": _differing(Account.RESERVED, _open_reservations()),
        "I3_inventory_is_bought_less_sold": _differing(Account.INVENTORY, _bought_less_sold()),
        "I4_purchase_has_evidence": _without_evidence(),
        "I5_listed_units_are_owned": _listed_but_not_owned(),
        "I6_units_leave_once": _units_gone_wrong(),
        "I6_shipped_once": _shipped_without_proof(),
        "I7_nothing_stuck": _stuck(now),
        "I9_price_within_bounds": _out_of_bounds(),
        "I10_approval_bound_and_used_once": _misused_approvals(),
        "I10_used_approval_has_a_purchase": _used_for_nothing(),
        "I10_two_people_above_the_amount": _approved_by_one(),
        **evidence_queries(),
    }


def _offers_taken_twice() -> Select[Any]:
    taken = select(purchases.c.offer_key).where(purchases.c.state.in_(TAKEN))
    return taken.group_by(purchases.c.offer_key).having(func.count() > 1)


def _shop_orders_twice() -> Select[Any]:
    order = (purchases.c.site, purchases.c.shop_order_id)
    ordered = select(*order).where(purchases.c.shop_order_id.is_not(None))
    return ordered.group_by(*order).having(func.count() > 1)


def _overspent_budgets() -> Select[Any]:
    """Judge each budget as its last claim saw it: no later purchase can be in its window."""
    counted = and_(
        purchases.c.currency == budgets.c.currency,
        or_(
            budgets.c.scope == "total",
            budgets.c.scope == "site:" + purchases.c.site,
            budgets.c.scope == "product:" + purchases.c.product_id,
            _counted_by_its_decision(),
        ),
        or_(budgets.c.window_start_at.is_(None), purchases.c.reserved_at > budgets.c.window_start_at),
        purchases.c.reserved_at <= budgets.c.changed_at,
    )
    spent = select(func.sum(purchases.c.committed_minor)).where(counted).scalar_subquery()
    return select(budgets.c.budget_key).where(spent > budgets.c.limit_minor)


def _counted_by_its_decision() -> ColumnElement[bool]:
    """Outlet, brand and category of a purchase stand in its opportunity; other scopes need not look there."""
    kinds = ("outlet", "brand", "category")
    looked_up = or_(*(budgets.c.scope.startswith(f"{kind}:", autoescape=True) for kind in kinds))
    named = or_(*(budgets.c.scope == f"{kind}:" + opportunities.c[kind] for kind in kinds))
    decided = exists().where(opportunities.c.opportunity_id == purchases.c.opportunity_id, named)
    return and_(looked_up, decided.correlate(budgets, purchases))


def _unbalanced() -> Select[Any]:
    key = (ledger_entries.c.transaction_id, ledger_entries.c.currency)
    return select(*key).group_by(*key).having(func.sum(ledger_entries.c.amount_minor) != 0)


def _open_reservations() -> Select[Any]:
    return select(purchases.c.currency, (-purchases.c.reserved_minor).label("minor")).where(purchases.c.state.in_(OPEN))


def _bought_less_sold() -> Select[Any]:
    bought = select(purchases.c.currency, (-purchases.c.total_minor).label("minor"))
    bought = bought.where(purchases.c.state == PurchaseState.BOUGHT.value)
    sold = select(orders.c.currency, orders.c.cost_of_goods_minor.label("minor"))
    both = bought.union_all(sold).subquery()
    return select(both.c.currency, both.c.minor)


def _differing(account: Account, expected: Select[Any]) -> Select[Any]:
    """Return the currencies in which an account's balance and the (negated) expectation do not cancel out."""
    booked = select(ledger_entries.c.currency, ledger_entries.c.amount_minor.label("minor"))
    booked = booked.where(ledger_entries.c.account == account.value)
    both = booked.union_all(expected).subquery()
    return select(both.c.currency).group_by(both.c.currency).having(func.sum(both.c.minor) != 0)


def _without_evidence() -> Select[Any]:
    missing = or_(
        opportunities.c.opportunity_id.is_(None), opportunities.c.scrape_id == "", opportunities.c.model_version == ""
    )
    joined = purchases.outerjoin(opportunities, opportunities.c.opportunity_id == purchases.c.opportunity_id)
    return select(purchases.c.purchase_id).select_from(joined).where(missing)


def _listed_but_not_owned() -> Select[Any]:
    owned = select(func.coalesce(func.sum(inventory_lots.c.on_hand), 0))
    owned_units = owned.where(inventory_lots.c.sku == listings.c.sku).scalar_subquery()
    offered = select(listings.c.sku).where(listings.c.state.in_(OPEN_LISTINGS)).group_by(listings.c.sku)
    return offered.having(or_(func.count() > 1, func.sum(listings.c.quantity) > owned_units))


def _units_gone_wrong() -> Select[Any]:
    gone = select(func.coalesce(func.sum(order_lots.c.units), 0))
    units = gone.where(order_lots.c.lot_id == inventory_lots.c.lot_id).scalar_subquery()
    wrong = or_(inventory_lots.c.received - inventory_lots.c.on_hand != units, inventory_lots.c.on_hand < 0)
    return select(inventory_lots.c.lot_id).where(wrong)


def _shipped_without_proof() -> Select[Any]:
    """An order imported as shipped never had our tracking number; one we shipped has both."""
    new = and_(orders.c.state == OrderState.NEW.value, orders.c.shipped_at.is_not(None))
    half = orders.c.tracking_number.is_(None) != orders.c.shipped_at.is_(None)
    return select(orders.c.order_id).where(or_(new, half))


def _stuck(now: datetime) -> Select[Any]:
    unsettled = [PurchaseState.SUBMITTING.value, PurchaseState.UNCERTAIN.value]
    old = purchases.c.changed_at < now - STUCK_AFTER
    return select(purchases.c.purchase_id).where(purchases.c.state.in_(unsettled), old)


def _out_of_bounds() -> Select[Any]:
    outside = or_(
        listings.c.price_minor < listings.c.floor_minor,
        listings.c.price_minor > listings.c.ceiling_minor,
        listings.c.floor_minor <= 0,
        and_(
            listings.c.currency == inventory_lots.c.currency, listings.c.floor_minor < inventory_lots.c.unit_cost_minor
        ),
    )
    joined = listings.join(inventory_lots, inventory_lots.c.lot_id == listings.c.lot_id)
    open_listings = listings.c.state.in_(OPEN_LISTINGS)
    return select(listings.c.listing_id).select_from(joined).where(open_listings, outside)


def _misused_approvals() -> Select[Any]:
    misused = or_(
        approvals.c.approval_id.is_(None),
        approvals.c.used_at.is_(None),
        approvals.c.used_at >= approvals.c.expires_at,
        approvals.c.offer_key != purchases.c.offer_key,
        approvals.c.currency != purchases.c.currency,
        purchases.c.quantity > approvals.c.quantity,
        purchases.c.reserved_minor > approvals.c.ceiling_minor * purchases.c.quantity,
    )
    joined = purchases.outerjoin(approvals, approvals.c.approval_id == purchases.c.approval_id)
    return select(purchases.c.purchase_id).select_from(joined).where(misused)


def _used_for_nothing() -> Select[Any]:
    bought = exists().where(purchases.c.approval_id == approvals.c.approval_id)
    return select(approvals.c.approval_id).where(approvals.c.used_at.is_not(None), ~bought)


def _approved_by_one() -> Select[Any]:
    above = approvals.c.ceiling_minor * approvals.c.quantity > approvals.c.two_person_above_minor
    return select(approvals.c.approval_id).where(above, ~two_signed())
