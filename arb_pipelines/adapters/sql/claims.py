"""Claiming a purchase: the one transaction that commits money before anything is sent.

What belongs here: the kill switch, the approval, the offer, the locks, the limits and the ledger line, in that order.
Every claim first locks the buy switch, so claims run one after another on both databases; the conditional update of
the budget row and its CHECK would refuse an overspend even without that.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, func, insert, select, true, update

from arb_pipelines.adapters.sql.approvals import approval_of, lacks_second_person
from arb_pipelines.adapters.sql.book_tables import book_mode
from arb_pipelines.adapters.sql.frames import fields_for, insert_into
from arb_pipelines.adapters.sql.ledger import post_once
from arb_pipelines.adapters.sql.locks import active_locks
from arb_pipelines.adapters.sql.purchase_tables import approvals, budgets, opportunities, purchase_events, purchases
from arb_pipelines.adapters.sql.switches import lock_switch
from arb_pipelines.domain.ledger import post_reserve
from arb_pipelines.domain.locks import refuse_locked
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.purchase import HELD_STATES, Purchase
from arb_pipelines.domain.spend_limit import (
    SPEND_SCOPES,
    Action,
    ActionState,
    Refusal,
    SpendKeys,
    SpendLimit,
    limits_for,
    refuse_over_limit,
)


class ClaimRefusedError(Exception):
    """Raised inside the claim's transaction, so that leaving it undoes everything."""

    def __init__(self, code: str, detail: str, until: datetime | None = None) -> None:
        """Keep the refusal."""
        super().__init__(detail)
        self.refusal = Refusal(code, detail, until)


def claim_in(
    connection: Connection, purchase: Purchase, limits: Sequence[SpendLimit], now: datetime, mode: str
) -> None:
    """Claim inside the caller's transaction.

    Raises:
        ClaimRefusedError: `wrong_mode`, `buy_halted`, `buy_reducing`, `approval_missing`, `approval_used`,
            `approval_expired`, `approval_mismatch`, `second_person_missing`, `offer_taken`, the code of a lock,
            `bid_group_full`, `spend_limit`, `spend_limit_currency`, `spend_limit_key_unknown` or `spend_limit_unknown`.
    """
    _check_switch(connection, mode, now)
    _use_approval(connection, purchase, now)
    _insert_intent(connection, purchase, now)
    _check_group(connection, purchase)
    keys = _keys_of(connection, purchase)
    _check_locks(connection, purchase, keys, now)
    _check_limits(connection, purchase, keys, limits, now)
    post_once(connection, post_reserve(purchase.purchase_id, purchase.reserved, now))


def _check_switch(connection: Connection, mode: str, now: datetime) -> None:
    kept = connection.scalar(select(book_mode.c.mode))
    if kept != mode:
        raise ClaimRefusedError("wrong_mode", f"these are the books of {kept} mode, not of {mode}")
    state, reason = lock_switch(connection, Action.BUY, mode, now)
    if state is not ActionState.ACTIVE:
        raise ClaimRefusedError(f"buy_{state.value}", f"buying is {state.value}: {reason}")


def _use_approval(connection: Connection, purchase: Purchase, now: datetime) -> None:
    query = select(approvals).where(approvals.c.approval_id == purchase.approval_id)
    row = connection.execute(query.with_for_update()).mappings().one_or_none()
    if row is None:
        raise ClaimRefusedError("approval_missing", f"there is no approval {purchase.approval_id}")
    approval = approval_of(row)
    refusal = approval.refuse_at(now)
    if refusal is not None:
        raise ClaimRefusedError(refusal.code, refusal.detail)
    bound = (approval.opportunity_id, approval.offer_key, approval.site, approval.url, approval.sku)
    if bound != (purchase.opportunity_id, purchase.offer_key, purchase.site, purchase.url, purchase.sku):
        raise ClaimRefusedError("approval_mismatch", f"approval {approval.approval_id} is for another offer")
    ceiling = approval.ceiling * purchase.quantity
    if purchase.quantity > approval.quantity or ceiling.currency != purchase.reserved.currency:
        raise ClaimRefusedError("approval_mismatch", f"approved: {approval.quantity} at {approval.ceiling} each")
    if purchase.reserved > ceiling:
        raise ClaimRefusedError("approval_mismatch", f"{purchase.reserved} is over the approved {ceiling}")
    if lacks_second_person(connection, row):
        raise ClaimRefusedError("second_person_missing", f"approval {approval.approval_id} needs a second person")
    unused = (approvals.c.approval_id == approval.approval_id) & approvals.c.used_at.is_(None)
    if connection.execute(update(approvals).where(unused).values(used_at=now)).rowcount != 1:
        raise ClaimRefusedError("approval_used", f"approval {approval.approval_id} was used meanwhile")


def _insert_intent(connection: Connection, purchase: Purchase, now: datetime) -> None:
    plain = fields_for(purchases, purchase)
    reserved = purchase.reserved
    values = plain | {
        "state": purchase.state.value,
        "reserved_minor": reserved.minor,
        "currency": reserved.currency,
        "committed_minor": reserved.minor,
        "reserved_at": now,
        "bid_minor": None if purchase.bid is None else purchase.bid.minor,
    }
    claimed = insert_into(connection, purchases).values(**values).on_conflict_do_nothing()
    if connection.execute(claimed).rowcount != 1:
        raise ClaimRefusedError("offer_taken", f"offer {purchase.offer_key} already has a purchase")
    event = {"purchase_id": purchase.purchase_id, "state": purchase.state.value, "at": now}
    connection.execute(insert(purchase_events).values(**event))


def _check_group(connection: Connection, purchase: Purchase) -> None:
    """Hold no more bids of a group than may be won; the purchase itself is already in the count."""
    if purchase.bid_group is None or purchase.bid_wanted is None:
        return
    held = and_(purchases.c.bid_group == purchase.bid_group, purchases.c.state.in_(sorted(HELD_STATES)))
    count = connection.scalar(select(func.count()).select_from(purchases).where(held)) or 0
    if count > purchase.bid_wanted:
        detail = f"{purchase.bid_wanted} of group {purchase.bid_group} may be won, {count - 1} are held or may still be"
        raise ClaimRefusedError("bid_group_full", detail)


def _keys_of(connection: Connection, purchase: Purchase) -> SpendKeys:
    columns = (opportunities.c.outlet, opportunities.c.brand, opportunities.c.category)
    row = connection.execute(select(*columns).where(opportunities.c.opportunity_id == purchase.opportunity_id)).one()
    return SpendKeys(row.outlet, row.brand, row.category)


def _check_locks(connection: Connection, purchase: Purchase, keys: SpendKeys, now: datetime) -> None:
    refusal = refuse_locked(active_locks(connection, now), purchase.site, purchase.product_id, keys, now)
    if refusal is not None:
        raise ClaimRefusedError(refusal.code, refusal.detail, refusal.until)


def _check_limits(
    connection: Connection, purchase: Purchase, keys: SpendKeys, limits: Sequence[SpendLimit], now: datetime
) -> None:
    filled = limits_for(purchase.site, purchase.product_id, limits, keys)
    scopes = {limit.scope for limit in filled}
    currency = purchase.reserved.currency
    uncovered = scopes - {limit.scope for limit in filled if limit.limit.currency == currency}
    if uncovered:
        names = ", ".join(sorted(uncovered))
        raise ClaimRefusedError("spend_limit_currency", f"no limit in {currency} is set for {names}")
    binding = [limit for limit in filled if limit.limit.currency == currency]
    for limit in sorted(binding, key=_budget_key):
        if limit.scope == "order":
            _refuse(limit, Money.zero(currency), purchase.reserved, None)
        else:
            _reserve(connection, limit, purchase, keys, now)


def _refuse(limit: SpendLimit, used: Money, wanted: Money, until: datetime | None) -> None:
    refusal = refuse_over_limit(limit, used, wanted)
    if refusal is not None:
        raise ClaimRefusedError(refusal.code, refusal.detail, until)


def _reserve(connection: Connection, limit: SpendLimit, purchase: Purchase, keys: SpendKeys, now: datetime) -> None:
    """Move one budget row to what is used now; the new purchase is already in the sum."""
    scope = _scope_condition(limit.scope, purchase, keys)
    if scope is None:
        return
    key = _budget_key(limit)
    _lock_budget(connection, key, limit, now)
    start = None if limit.window is None else now - limit.window
    # No upper bound: a clock that was set back must not hide what was spent before.
    inside = true() if start is None else purchases.c.reserved_at > start
    counted = and_(scope, inside, purchases.c.currency == limit.limit.currency)
    used = int(connection.scalar(select(func.coalesce(func.sum(purchases.c.committed_minor), 0)).where(counted)) or 0)
    before = Money(used - purchase.reserved.minor, limit.limit.currency)
    if used > limit.limit.minor:
        _refuse(limit, before, purchase.reserved, _free_again_at(connection, limit, purchase, counted))
    within = (budgets.c.budget_key == key) & (limit.limit.minor >= used)
    values = {"limit_minor": limit.limit.minor, "used_minor": used, "window_start_at": start, "changed_at": now}
    if connection.execute(update(budgets).where(within).values(**values)).rowcount != 1:
        raise ClaimRefusedError("spend_limit", f"{limit.scope}: {limit.limit} would be passed")


def _free_again_at(
    connection: Connection, limit: SpendLimit, purchase: Purchase, counted: ColumnElement[bool]
) -> datetime | None:
    """Return when enough of what is counted leaves the window; None when it never does."""
    if limit.window is None or purchase.reserved > limit.limit:
        return None
    others = and_(counted, purchases.c.purchase_id != purchase.purchase_id)
    query = select(purchases.c.reserved_at, purchases.c.committed_minor).where(others)
    rows = connection.execute(query.order_by(purchases.c.reserved_at)).all()
    left = sum(row.committed_minor for row in rows)
    for row in rows:
        left -= row.committed_minor
        if left + purchase.reserved.minor <= limit.limit.minor:
            until: datetime = row.reserved_at + limit.window
            return until
    return None


def _scope_condition(scope: str, purchase: Purchase, keys: SpendKeys) -> ColumnElement[bool] | None:
    """Return which purchases a scope counts; None when it is about another site, product, outlet and so on.

    A limit on a brand cannot be held for a purchase of an unknown brand, so it refuses.
    """
    if scope == "total":
        return true()
    kind, _, name = scope.partition(":")
    if kind not in SPEND_SCOPES or not name:
        raise ClaimRefusedError("spend_limit_unknown", f"the spend limit {scope!r} has a scope that is not known")
    if kind in ("site", "product"):
        own = purchase.site if kind == "site" else purchase.product_id
        column: ColumnElement[str] = purchases.c.site if kind == "site" else purchases.c.product_id
        return column == name if name == own else None
    own_key: str | None = getattr(keys, kind)
    if own_key is None:
        detail = f"the {kind} of the purchase is not known, so the limit on {scope} cannot be held"
        raise ClaimRefusedError("spend_limit_key_unknown", detail)
    same = select(opportunities.c.opportunity_id).where(opportunities.c[kind] == name)
    return purchases.c.opportunity_id.in_(same) if name == own_key else None


def _lock_budget(connection: Connection, key: str, limit: SpendLimit, now: datetime) -> None:
    fresh = insert_into(connection, budgets).values(
        budget_key=key,
        scope=limit.scope,
        window_s=_window_s(limit.window),
        currency=limit.limit.currency,
        limit_minor=limit.limit.minor,
        used_minor=0,
        window_start_at=None,
        changed_at=now,
    )
    connection.execute(fresh.on_conflict_do_nothing())
    connection.execute(select(budgets.c.budget_key).where(budgets.c.budget_key == key).with_for_update())


def _budget_key(limit: SpendLimit) -> str:
    window = _window_s(limit.window)
    return f"{limit.scope}|{'ever' if window is None else window}|{limit.limit.currency}"


def _window_s(window: timedelta | None) -> int | None:
    return None if window is None else int(window.total_seconds())
