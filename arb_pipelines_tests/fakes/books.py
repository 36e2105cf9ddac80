"""Our books in memory: the same rules as the SQL stores in a few dicts, for tests that run thousands of cases.

What belongs here: the buying half and the assembly; the selling half is `sale_books.py`. Every method is atomic.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from arb_pipelines.domain.approval import Approval
from arb_pipelines.domain.ledger import LedgerTransaction, post_adopted, post_bought, post_release, post_reserve
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.opportunity import Opportunity, RefusedOffer
from arb_pipelines.domain.price import PricePrediction, SoldPrice
from arb_pipelines.domain.purchase import OPEN_STATES, TRANSITIONS, Purchase, PurchaseState
from arb_pipelines.domain.spend_limit import (
    Action,
    ActionState,
    Refusal,
    SpendLimit,
    limits_for,
    refuse_over_limit,
)
from arb_pipelines_tests.fakes.sale_books import FakeInventory, FakeListings, FakeOrders, FakeProducts

TAKEN_STATES = OPEN_STATES | {PurchaseState.BOUGHT, PurchaseState.NOT_PLACED}


class FakeLedger:
    """Balanced transactions, each id once."""

    def __init__(self) -> None:
        self.transactions: dict[str, LedgerTransaction] = {}

    def post(self, transaction: LedgerTransaction) -> bool:
        if transaction.transaction_id in self.transactions:
            return False
        self.transactions[transaction.transaction_id] = transaction
        return True

    def balances(self) -> dict[tuple[str, str], int]:
        found: dict[tuple[str, str], int] = {}
        for transaction in self.transactions.values():
            for entry in transaction.entries:
                key = (str(entry.account), entry.amount.currency)
                found[key] = found.get(key, 0) + entry.amount.minor
        return found


class FakeSwitches:
    """All actions are active until put otherwise."""

    def __init__(self) -> None:
        self.states: dict[Action, ActionState] = {}

    def state_of(self, action: Action) -> ActionState:
        return self.states.get(action, ActionState.ACTIVE)

    def put(self, action: Action, state: ActionState, reason: str, by: str, at: datetime) -> None:
        self.states[action] = state


class FakeOpportunities:
    """Opportunities by id."""

    def __init__(self, books: InMemoryBooks) -> None:
        self._books = books
        self.found: dict[str, Opportunity] = {}

    def load_offers(self, since: datetime) -> list[Any]:
        return []

    def store(self, found: Sequence[Opportunity], refused: Sequence[RefusedOffer]) -> int:
        new = [one for one in found if one.opportunity_id not in self.found]
        self.found |= {one.opportunity_id: one for one in new}
        return len(new)

    def load_open(self, now: datetime) -> list[Opportunity]:
        approved = {approval.opportunity_id for approval in self._books.approvals.rows.values()}
        taken = {p.offer_key for p in self._books.purchases.rows.values() if p.state in TAKEN_STATES}
        return [o for o in self.found.values() if o.opportunity_id not in approved and o.offer_key not in taken]

    def load_one(self, opportunity_id: str) -> Opportunity | None:
        return self.found.get(opportunity_id)


class FakeApprovals:
    """Approvals by id, one an opportunity."""

    def __init__(self) -> None:
        self.rows: dict[str, Approval] = {}

    def insert(self, approval: Approval) -> bool:
        if any(kept.opportunity_id == approval.opportunity_id for kept in self.rows.values()):
            return False
        self.rows[approval.approval_id] = approval
        return True

    def load_usable(self, now: datetime) -> list[Approval]:
        return [approval for approval in self.rows.values() if approval.refuse_at(now) is None]

    def count_open(self, now: datetime) -> int:
        return len(self.load_usable(now))


class FakePurchases:
    """Purchases with their reservations; claim and advance post to the ledger."""

    def __init__(self, books: InMemoryBooks) -> None:
        self._books = books
        self.rows: dict[str, Purchase] = {}

    def claim(self, purchase: Purchase, limits: Sequence[SpendLimit], now: datetime) -> Refusal | None:
        books = self._books
        state = books.switches.state_of(Action.BUY)
        if state is not ActionState.ACTIVE:
            return Refusal(f"buy_{state}", "the kill switch is set")
        approval = books.approvals.rows.get(purchase.approval_id)
        if approval is None:
            return Refusal("approval_missing", purchase.approval_id)
        refusal = approval.refuse_at(now) or self._over_limit(purchase, limits, now)
        if refusal:
            return refusal
        if any(p.offer_key == purchase.offer_key and p.state in TAKEN_STATES for p in self.rows.values()):
            return Refusal("offer_taken", purchase.offer_key)
        books.approvals.rows[approval.approval_id] = replace(approval, used_at=now)
        self.rows[purchase.purchase_id] = purchase
        assert books.ledger.post(post_reserve(purchase.purchase_id, purchase.reserved, now))
        return None

    def _over_limit(self, purchase: Purchase, limits: Sequence[SpendLimit], now: datetime) -> Refusal | None:
        for limit in limits_for(purchase.site, purchase.product_id, limits):
            used = sum(self._committed(p) for p in self.rows.values() if _counts(p, limit, now))
            refusal = refuse_over_limit(limit, Money(used, limit.limit.currency), purchase.reserved)
            if refusal:
                return refusal
        return None

    @staticmethod
    def _committed(purchase: Purchase) -> int:
        if purchase.state in OPEN_STATES:
            return purchase.reserved.minor
        return purchase.total.minor if purchase.state is PurchaseState.BOUGHT and purchase.total else 0

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
        was = self.rows.get(purchase_id)
        if was is None or was.state not in expected:
            return False
        if state not in TRANSITIONS[was.state]:
            raise ValueError(f"no step from {was.state} to {state}")
        self.rows[purchase_id] = replace(
            was, state=state, changed_at=now, reason=reason, total=total, shop_order_id=shop_order_id
        )
        posting = None
        if state is PurchaseState.BOUGHT:
            assert total is not None
            late = was.state is PurchaseState.NOT_PLACED
            posting = (
                post_adopted(purchase_id, total, now) if late else post_bought(purchase_id, was.reserved, total, now)
            )
        elif state not in OPEN_STATES:
            posting = post_release(purchase_id, was.reserved, now)
        assert posting is None or self._books.ledger.post(posting), "an event was posted twice"
        return True

    def mark_delivered(self, purchase_id: str, delivered_at: datetime) -> bool:
        was = self.rows.get(purchase_id)
        if was is None or was.state is not PurchaseState.BOUGHT or was.delivered_at is not None:
            return False
        self.rows[purchase_id] = replace(was, delivered_at=delivered_at)
        return True

    def load(self, states: Sequence[PurchaseState] = ()) -> list[Purchase]:
        return [p for p in self.rows.values() if not states or p.state in states]

    def load_in_transit(self) -> list[Purchase]:
        return [p for p in self.load((PurchaseState.BOUGHT,)) if p.delivered_at is None]


def _counts(purchase: Purchase, limit: SpendLimit, now: datetime) -> bool:
    inside = limit.window is None or purchase.claimed_at > now - limit.window
    return inside and limit.scope in ("total", f"site:{purchase.site}", f"product:{purchase.product_id}")


class FakePredictions:
    """Predictions by (product_id, condition, outlet)."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str, str], PricePrediction] = {}

    def replace(self, predictions: Sequence[PricePrediction]) -> int:
        self.rows |= {(p.product_id, p.condition, p.outlet): p for p in predictions}
        return len(predictions)

    def load(self) -> dict[tuple[str, str, str], PricePrediction]:
        return dict(self.rows)


class FakeSoldPrices:
    """Sales by id."""

    def __init__(self) -> None:
        self.rows: dict[str, SoldPrice] = {}

    def insert(self, sales: Sequence[SoldPrice]) -> int:
        before = len(self.rows)
        self.rows |= {sale.sale_id: sale for sale in sales}
        return len(self.rows) - before

    def load_until(self, as_of: datetime) -> Any:
        raise AssertionError("no test of a service reads sales as a frame")

    def newest_sold_at(self, outlet: str) -> datetime | None:
        return max((sale.sold_at for sale in self.rows.values() if sale.outlet == outlet), default=None)


class InMemoryBooks:
    """The repositories that services use, over plain dicts."""

    def __init__(self) -> None:
        self.ledger = FakeLedger()
        self.switches = FakeSwitches()
        self.approvals = FakeApprovals()
        self.purchases = FakePurchases(self)
        self.opportunities = FakeOpportunities(self)
        self.predictions = FakePredictions()
        self.sold_prices = FakeSoldPrices()
        self.products = FakeProducts()
        self.inventory = FakeInventory()
        self.listings = FakeListings(self.inventory)
        self.orders = FakeOrders(self.inventory, self.listings, self.ledger.post)

    def broken_invariants(self) -> dict[str, int]:
        """Return what does not hold: reservations, stock at cost, one purchase an offer."""
        balances = self.ledger.balances()
        rows = self.purchases.rows.values()
        currencies = {p.reserved.currency for p in rows}
        broken = {}
        for currency in currencies:
            open_minor = sum(
                p.reserved.minor for p in rows if p.state in OPEN_STATES and p.reserved.currency == currency
            )
            bought = sum(p.total.minor for p in rows if p.total and p.total.currency == currency)
            sold = sum(o.cost_of_goods.minor for o in self.orders.rows.values())
            if balances.get(("reserved", currency), 0) != open_minor:
                broken["reserved_differs"] = 1
            if balances.get(("inventory", currency), 0) != bought - sold:
                broken["inventory_differs"] = 1
        taken = [p.offer_key for p in rows if p.state in TAKEN_STATES]
        if len(taken) != len(set(taken)):
            broken["offer_taken_twice"] = 1
        return broken

    def totals(self) -> Mapping[str, int]:
        """Return how many rows there are."""
        return {"purchases": len(self.purchases.rows), "orders": len(self.orders.rows)}
