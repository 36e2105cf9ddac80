"""The buying half of the books in memory: opportunities, approvals, purchases.

What belongs here: the rules of `adapters/sql` over dicts; each public method is one transaction. What a database's
constraints refuse is refused here with the same error.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from arb_pipelines.domain.approval import Approval, needs_two_people
from arb_pipelines.domain.ledger import post_adopted, post_bought, post_release, post_reserve
from arb_pipelines.domain.locks import refuse_locked
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.opportunity import Opportunity, RefusedOffer
from arb_pipelines.domain.purchase import HELD_STATES, OPEN_STATES, TRANSITIONS, Purchase, PurchaseState
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
from arb_pipelines_tests.fakes.ledger_books import FakeLedger, FakeSwitches, broken_constraint
from arb_pipelines_tests.fakes.risk_books import FakeLocks, FakeSignatures

TAKEN_STATES = OPEN_STATES | {PurchaseState.BOUGHT, PurchaseState.NOT_PLACED}
AMOUNTS = ("item_price", "landed_cost", "expected_sale", "expected_net", "expected_profit", "max_cost")


class FakeOpportunities:
    """Opportunities by id."""

    def __init__(self, approvals: FakeApprovals) -> None:
        self._approvals = approvals
        self.purchases: FakePurchases | None = None
        self.found = approvals.opportunities
        self.refused: dict[tuple[str, str], RefusedOffer] = {}

    def load_offers(self, since: datetime) -> list[Any]:
        return []

    def store(self, found: Sequence[Opportunity], refused: Sequence[RefusedOffer]) -> int:
        for one in found:
            if len({getattr(one, name).currency for name in AMOUNTS}) > 1:
                raise ValueError(f"{one.opportunity_id} mixes currencies")
        new = [one for one in found if one.opportunity_id not in self.found]
        self.found |= {one.opportunity_id: one for one in new}
        self.refused |= {(one.offer_key, one.code): one for one in refused}
        return len(new)

    def find_refusal(self, offer_key: str) -> RefusedOffer | None:
        found = max((one.decided_at for one in self.found.values() if one.offer_key == offer_key), default=None)
        mine = [one for one in self.refused.values() if one.offer_key == offer_key]
        later = [one for one in mine if found is not None and one.decided_at > found]
        return max(later, key=lambda one: one.decided_at, default=None)

    def load_open(self, now: datetime) -> list[Opportunity]:
        leaves = self._approvals.rows.values()
        closed = {leave.offer_key for leave in leaves if leave.used_at is None and leave.expires_at > now}
        closed |= {p.offer_key for p in (self.purchases.rows.values() if self.purchases else ()) if _takes(p)}
        newest: dict[str, Opportunity] = {}
        for one in sorted(self.found.values(), key=lambda one: (one.decided_at, one.opportunity_id)):
            newest[one.offer_key] = one
        approved = {leave.opportunity_id for leave in leaves}
        closed |= {offer_key for offer_key in newest if self.find_refusal(offer_key) is not None}
        still = [o for o in newest.values() if o.offer_key not in closed and o.opportunity_id not in approved]
        return sorted(still, key=lambda one: (one.decided_at, one.opportunity_id))

    def load_one(self, opportunity_id: str) -> Opportunity | None:
        return self.found.get(opportunity_id)


class FakeApprovals:
    """Approvals by id, one an opportunity."""

    def __init__(self) -> None:
        self.rows: dict[str, Approval] = {}
        self.opportunities: dict[str, Opportunity] = {}
        self.signatures = FakeSignatures()

    def insert(self, approval: Approval, *, most_open: int | None = None) -> bool:
        if most_open is not None and self.count_open(approval.approved_at) >= most_open:
            return False
        if approval.opportunity_id not in self.opportunities:
            raise broken_constraint(f"opportunity {approval.opportunity_id} is not stored")
        if approval.quantity < 1 or approval.ceiling.minor < 1:
            raise broken_constraint("nothing is approved")
        if approval.approval_id in self.rows:
            return False
        if any(kept.opportunity_id == approval.opportunity_id for kept in self.rows.values()):
            return False
        self.rows[approval.approval_id] = approval
        return True

    def sign(self, approval: Approval, now: datetime) -> Refusal | None:
        if any(kept.opportunity_id == approval.opportunity_id for kept in self.rows.values()):
            return Refusal("already_approved", f"{approval.opportunity_id} has an approval")
        if self.signatures.propose(approval, now):
            return Refusal("one_more_person", "kept; one more person must approve", approval.expires_at)
        refusal = self.signatures.confirm(approval, now)
        if refusal is None:
            self.insert(approval)
        return refusal

    def lacks_second_person(self, approval: Approval) -> bool:
        if approval.two_person_above is None:
            return False
        above = needs_two_people(approval.ceiling * approval.quantity, approval.two_person_above)
        return above and not self.signatures.are_two_under(approval)

    def load_usable(self, now: datetime) -> list[Approval]:
        usable = [one for one in self.rows.values() if one.used_at is None and one.expires_at > now]
        return sorted(usable, key=lambda one: (one.approved_at, one.approval_id))

    def count_open(self, now: datetime) -> int:
        return len(self.load_usable(now))


class FakePurchases:
    """Purchases with their reservations. `committed` is what each counts against the limits, and since when."""

    def __init__(self, approvals: FakeApprovals, ledger: FakeLedger, switches: FakeSwitches) -> None:
        self._approvals = approvals
        self._ledger = ledger
        self._switches = switches
        self.locks = FakeLocks(lambda since: [])
        self.rows: dict[str, Purchase] = {}
        self.committed: dict[str, tuple[int, datetime]] = {}

    def claim(self, purchase: Purchase, limits: Sequence[SpendLimit], now: datetime) -> Refusal | None:
        if purchase.state is not PurchaseState.CLAIMED or purchase.quantity < 1 or purchase.reserved.minor < 1:
            raise ValueError(f"{purchase.purchase_id} is not a claim")
        refusal = (
            self._refuse_switch()
            or self._refuse_approval(purchase, now)
            or self._refuse_taken(purchase)
            or self._refuse_group(purchase)
            or self._refuse_locked(purchase, now)
            or self._refuse_limits(purchase, limits, now)
        )
        if refusal is None:
            self._use_approval(purchase, now)
            self._insert(purchase, now)
        return refusal

    def _refuse_switch(self) -> Refusal | None:
        state = self._switches.state_of(Action.BUY)
        return None if state is ActionState.ACTIVE else Refusal(f"buy_{state.value}", f"buying is {state.value}")

    def _refuse_approval(self, purchase: Purchase, now: datetime) -> Refusal | None:
        leave = self._approvals.rows.get(purchase.approval_id)
        if leave is None:
            return Refusal("approval_missing", purchase.approval_id)
        bound = (leave.opportunity_id, leave.offer_key, leave.site, leave.url, leave.sku)
        same = bound == (purchase.opportunity_id, purchase.offer_key, purchase.site, purchase.url, purchase.sku)
        same = same and leave.ceiling.currency == purchase.reserved.currency and purchase.quantity <= leave.quantity
        if same and purchase.reserved.minor > leave.ceiling.minor * purchase.quantity:
            same = False
        refusal = leave.refuse_at(now) or (None if same else Refusal("approval_mismatch", purchase.approval_id))
        if refusal is None and self._approvals.lacks_second_person(leave):
            return Refusal("second_person_missing", purchase.approval_id)
        return refusal

    def _refuse_group(self, purchase: Purchase) -> Refusal | None:
        held = [p for p in self.rows.values() if p.bid_group == purchase.bid_group and p.state in HELD_STATES]
        if purchase.bid_group is None or purchase.bid_wanted is None or len(held) < purchase.bid_wanted:
            return None
        return Refusal("bid_group_full", f"{purchase.bid_wanted} may be won, {len(held)} are held or may still be")

    def _refuse_taken(self, purchase: Purchase) -> Refusal | None:
        taken = any(p.offer_key == purchase.offer_key and _takes(p) for p in self.rows.values())
        return Refusal("offer_taken", purchase.offer_key) if taken or purchase.purchase_id in self.rows else None

    def _keys(self, purchase: Purchase) -> SpendKeys:
        basis = self._approvals.opportunities[purchase.opportunity_id]
        return SpendKeys(basis.outlet, basis.brand, basis.category)

    def _refuse_locked(self, purchase: Purchase, now: datetime) -> Refusal | None:
        locks = self.locks.load_active(now)
        return refuse_locked(locks, purchase.site, purchase.product_id, self._keys(purchase), now) if locks else None

    def _refuse_limits(self, purchase: Purchase, limits: Sequence[SpendLimit], now: datetime) -> Refusal | None:
        filled = limits_for(purchase.site, purchase.product_id, limits, self._keys(purchase))
        currency = purchase.reserved.currency
        binding = [limit for limit in filled if limit.limit.currency == currency]
        if {limit.scope for limit in filled} - {limit.scope for limit in binding}:
            return Refusal("spend_limit_currency", f"no limit in {currency}")
        for limit in binding:
            refusal = self._refuse_scope(limit.scope, purchase)
            if refusal is None and (limit.scope == "order" or self._counts(purchase, limit)):
                used = 0 if limit.scope == "order" else self.used(limit, now)
                refusal = refuse_over_limit(limit, Money(used, currency), purchase.reserved)
            if refusal:
                return refusal
        return None

    def _refuse_scope(self, scope: str, purchase: Purchase) -> Refusal | None:
        kind, _, name = scope.partition(":")
        if scope in ("order", "total"):
            return None
        if kind not in SPEND_SCOPES or not name:
            return Refusal("spend_limit_unknown", scope)
        known = kind in ("site", "product") or getattr(self._keys(purchase), kind) is not None
        return None if known else Refusal("spend_limit_key_unknown", scope)

    def _counts(self, purchase: Purchase, limit: SpendLimit) -> bool:
        """Return whether a purchase is in a limit's scope."""
        if purchase.reserved.currency != limit.limit.currency:
            return False
        if limit.scope in ("total", f"site:{purchase.site}", f"product:{purchase.product_id}"):
            return True
        kind, _, name = limit.scope.partition(":")
        return kind in ("outlet", "brand", "category") and getattr(self._keys(purchase), kind) == name

    def used(self, limit: SpendLimit, now: datetime) -> int:
        """Return what counts against a limit at `now`, in minor units."""
        return sum(
            self.committed[p.purchase_id][0]
            for p in self.rows.values()
            if self._counts(p, limit) and self._inside(self.committed[p.purchase_id][1], limit, now)
        )

    @staticmethod
    def _inside(reserved_at: datetime, limit: SpendLimit, now: datetime) -> bool:
        # No upper bound: a clock that was set back must not hide what was spent before.
        return limit.window is None or reserved_at > now - limit.window

    def _use_approval(self, purchase: Purchase, now: datetime) -> None:
        leave = self._approvals.rows[purchase.approval_id]
        self._approvals.rows[leave.approval_id] = replace(leave, used_at=now)

    def _insert(self, purchase: Purchase, now: datetime) -> None:
        self.rows[purchase.purchase_id] = purchase
        self.committed[purchase.purchase_id] = (purchase.reserved.minor, now)
        self._ledger.post_once(post_reserve(purchase.purchase_id, purchase.reserved, now))

    def advance(
        self,
        purchase_id: str,
        *,
        expected: Sequence[PurchaseState],
        state: PurchaseState,
        now: datetime,
        shop_order_id: str | None = None,
        total: Money | None = None,
        reason: str | None = None,
    ) -> bool:
        illegal = [old.value for old in expected if state not in TRANSITIONS[old]]
        if illegal or not expected:
            raise ValueError(f"a purchase cannot go from {', '.join(illegal) or 'nothing'} to {state.value}")
        if state is PurchaseState.BOUGHT and (total is None or total.minor < 0):
            raise ValueError("a purchase is bought only at a known total")
        was = self.rows.get(purchase_id)
        if was is None or was.state not in expected:
            return False
        if total is not None and total.currency != was.reserved.currency:
            raise ValueError(f"{purchase_id} was reserved in {was.reserved.currency}, its total is {total}")
        self._check_order_unused(was, shop_order_id)
        kept = {"total": total if state is PurchaseState.BOUGHT else was.total}
        kept |= {"shop_order_id": shop_order_id or was.shop_order_id}
        self.rows[purchase_id] = replace(was, state=state, changed_at=now, reason=reason, **kept)
        self._settle(was, state, total, now)
        return True

    def _check_order_unused(self, purchase: Purchase, shop_order_id: str | None) -> None:
        for other in self.rows.values() if shop_order_id else ():
            same_order = (other.site, other.shop_order_id) == (purchase.site, shop_order_id)
            if same_order and other.purchase_id != purchase.purchase_id:
                raise broken_constraint(f"order {shop_order_id} is {other.purchase_id}'s")

    def _settle(self, was: Purchase, state: PurchaseState, total: Money | None, now: datetime) -> None:
        key, since = was.purchase_id, self.committed[was.purchase_id][1]
        if state is PurchaseState.BOUGHT and total is not None:
            self.committed[key] = (total.minor, since)
            late = was.state is PurchaseState.NOT_PLACED
            if not late:
                self._ledger.post_once(post_bought(key, was.reserved, total, now))
            elif total.minor:
                self._ledger.post_once(post_adopted(key, total, now))
        elif state not in OPEN_STATES:
            self.committed[key] = (0, since)
            self._ledger.post_once(post_release(key, was.reserved, now))

    def mark_delivered(self, purchase_id: str, delivered_at: datetime) -> bool:
        was = self.rows.get(purchase_id)
        if was is None or was.state is not PurchaseState.BOUGHT or was.delivered_at is not None:
            return False
        self.rows[purchase_id] = replace(was, delivered_at=delivered_at)
        return True

    def load(self, states: Sequence[PurchaseState] = ()) -> list[Purchase]:
        found = [p for p in self.rows.values() if not states or p.state in states]
        return sorted(found, key=lambda p: (p.claimed_at, p.purchase_id))

    def load_in_transit(self) -> list[Purchase]:
        return [p for p in self.load((PurchaseState.BOUGHT,)) if p.delivered_at is None]


def _takes(purchase: Purchase) -> bool:
    return purchase.state in TAKEN_STATES
