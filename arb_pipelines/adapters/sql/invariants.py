"""What must always hold in the books: queries that return a row for each thing that is wrong, so none.

What belongs here: the numbered invariants (`docs/storage.md` says each in words). They read only.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, func, or_, select

from arb_pipelines.adapters.sql.audit import count_broken_links
from arb_pipelines.adapters.sql.book_tables import ledger_entries
from arb_pipelines.adapters.sql.invariants_evidence import evidence_queries
from arb_pipelines.adapters.sql.invariants_selling import differing, restocked_cost, selling_queries
from arb_pipelines.adapters.sql.purchase_tables import TAKEN_STATES, approvals, budgets, opportunities, purchases
from arb_pipelines.adapters.sql.risk_tables import approval_proposals
from arb_pipelines.adapters.sql.sale_tables import (
    OPEN_LISTING_STATES,
    inventory_lots,
    listings,
    orders,
)
from arb_pipelines.adapters.sql.signatures import two_signed
from arb_pipelines.domain.ledger import Account
from arb_pipelines.domain.purchase import HELD_STATES, OPEN_STATES, PurchaseState

# A purchase may wait a day for its order to show up; one hour more and a person must look.
STUCK_AFTER = timedelta(hours=25)

OPEN = sorted(OPEN_STATES)
TAKEN = sorted(TAKEN_STATES)
HELD = sorted(HELD_STATES)
OPEN_LISTINGS = sorted(OPEN_LISTING_STATES)


def count_broken(connection: Connection, now: datetime) -> dict[str, int]:
    """Return the invariants that do not hold at `now`, each with how many rows break it."""
    counts = {
        name: connection.scalar(select(func.count()).select_from(query.subquery())) or 0
        for name, query in _queries(now).items()
    }
    counts["I10_audit_chain_unbroken"] = count_broken_links(connection)
    return {name: count for name, count in counts.items() if count}


def _queries(now: datetime) -> dict[str, Select[Any]]:
    return {
        "I1_one_purchase_an_offer": _offers_taken_twice(),
        "I1_one_purchase_a_shop_order": _shop_orders_twice(),
        "I1_bids_within_their_group": _bids_too_many(),
        "I2_spent_within_limit": _overspent_budgets(),
        "I3_transactions_balance": _unbalanced(),
        "I3_reserved_is_open_purchases": differing(Account.RESERVED, _open_reservations()),
        "I3_inventory_is_bought_less_sold": differing(Account.INVENTORY, _bought_less_sold()),
        "I4_purchase_has_evidence": _without_evidence(),
        "I7_nothing_stuck": _stuck(now),
        "I9_price_within_bounds": _out_of_bounds(),
        "I9_floor_covers_cost_fees_margin": _floor_too_low(),
        "I10_approval_bound_and_used_once": _misused_approvals(),
        "I10_used_approval_has_a_purchase": _used_for_nothing(),
        "I10_two_people_above_the_amount": _approved_by_one(),
        "I10_confirmed_is_approved": _confirmed_for_nothing(),
        **selling_queries(),
        **evidence_queries(),
    }


def _offers_taken_twice() -> Select[Any]:
    taken = select(purchases.c.offer_key).where(purchases.c.state.in_(TAKEN))
    return taken.group_by(purchases.c.offer_key).having(func.count() > 1)


def _shop_orders_twice() -> Select[Any]:
    order = (purchases.c.site, purchases.c.shop_order_id)
    ordered = select(*order).where(purchases.c.shop_order_id.is_not(None))
    return ordered.group_by(*order).having(func.count() > 1)


def _bids_too_many() -> Select[Any]:
    """Bids cannot be taken back, so those that are won or may be are never more than were wanted."""
    group, wanted = purchases.c.bid_group, func.min(purchases.c.bid_wanted)
    held = select(group).where(group.is_not(None), purchases.c.state.in_(HELD))
    return held.group_by(group).having(func.count() > wanted)


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
    both = bought.union_all(sold, restocked_cost()).subquery()
    return select(both.c.currency, both.c.minor)


def _without_evidence() -> Select[Any]:
    missing = or_(
        opportunities.c.opportunity_id.is_(None), opportunities.c.scrape_id == "", opportunities.c.model_version == ""
    )
    joined = purchases.outerjoin(opportunities, opportunities.c.opportunity_id == purchases.c.opportunity_id)
    return select(purchases.c.purchase_id).select_from(joined).where(missing)


def _stuck(now: datetime) -> Select[Any]:
    unsettled = [PurchaseState.SUBMITTING.value, PurchaseState.UNCERTAIN.value]
    late = now - STUCK_AFTER
    over = or_(purchases.c.auction_ends_at.is_(None), purchases.c.auction_ends_at < late)
    old = and_(purchases.c.changed_at < late, over)
    return select(purchases.c.purchase_id).where(purchases.c.state.in_(unsettled), old)


def _out_of_bounds() -> Select[Any]:
    outside = or_(
        listings.c.price_minor < listings.c.floor_minor,
        listings.c.price_minor > listings.c.ceiling_minor,
        listings.c.floor_minor <= 0,
        listings.c.floor_minor.is_(None),
        listings.c.ceiling_minor.is_(None),
        and_(
            listings.c.currency == inventory_lots.c.currency, listings.c.floor_minor < inventory_lots.c.unit_cost_minor
        ),
    )
    joined = listings.join(inventory_lots, inventory_lots.c.lot_id == listings.c.lot_id)
    open_listings = listings.c.state.in_(OPEN_LISTINGS)
    return select(listings.c.listing_id).select_from(joined).where(open_listings, outside)


def _floor_too_low() -> Select[Any]:
    """Hold each floor against what its draft said that it rests on; a floor that rests on nothing is too low."""
    parts = (listings.c.floor_cost_minor, listings.c.floor_fees_minor, listings.c.floor_margin_minor)
    too_low = or_(
        *(part.is_(None) for part in parts),
        listings.c.floor_minor < parts[0] + parts[1] + parts[2],
        listings.c.floor_margin_minor < 0,
        and_(listings.c.currency == inventory_lots.c.currency, parts[0] < inventory_lots.c.unit_cost_minor),
    )
    joined = listings.join(inventory_lots, inventory_lots.c.lot_id == listings.c.lot_id)
    return select(listings.c.listing_id).select_from(joined).where(listings.c.state.in_(OPEN_LISTINGS), too_low)


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


def _confirmed_for_nothing() -> Select[Any]:
    """Two people's signatures and the approval they give are one transaction, so neither is without the other."""
    kept = approval_proposals.c
    given = exists().where(approvals.c.opportunity_id == kept.opportunity_id, two_signed())
    return select(kept.opportunity_id).where(kept.confirmed_by.is_not(None), ~given)


def _approved_by_one() -> Select[Any]:
    above = approvals.c.ceiling_minor * approvals.c.quantity > approvals.c.two_person_above_minor
    return select(approvals.c.approval_id).where(above, ~two_signed())
