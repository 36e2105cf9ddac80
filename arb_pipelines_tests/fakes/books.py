"""Our books in memory: the same rules as the SQL stores in a few dicts, for tests that run thousands of cases.

What belongs here: the assembly; the halves are `buying_books.py` and `sale_books.py`. Every method is atomic. The
numbered contract cases run over these books too (`simulation/test_in_memory_contract.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from arb_pipelines.domain.listing import ListingState
from arb_pipelines.domain.locks import SaleResult
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.order import Order
from arb_pipelines.domain.price import PricePrediction, SoldPrice
from arb_pipelines.domain.purchase import PurchaseState
from arb_pipelines_tests.fakes.book_invariants import broken_rules
from arb_pipelines_tests.fakes.buying_books import (
    FakeApprovals,
    FakeOpportunities,
    FakePurchases,
)
from arb_pipelines_tests.fakes.ledger_books import FakeLedger, FakeSwitches
from arb_pipelines_tests.fakes.people_books import FakeAlerts, FakeOutbox
from arb_pipelines_tests.fakes.return_books import (
    FakePriceSuggestions,
    FakeProductSheets,
    FakeReturns,
    FakeSettlements,
)
from arb_pipelines_tests.fakes.risk_books import FakeEligibility, FakeLocks
from arb_pipelines_tests.fakes.sale_books import FakeInventory, FakeListings, FakeOrders, FakeProducts
from arb_pipelines_tests.fakes.talk_books import FakeApiBudgets, FakeNegotiations


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

    def __init__(self, now: Callable[[], datetime] | None = None) -> None:
        """Judge what is stuck by `now`; without it nothing ever is."""
        self._now = now
        self.ledger = FakeLedger()
        self.switches = FakeSwitches()
        self.approvals = FakeApprovals()
        self.opportunities = FakeOpportunities(self.approvals)
        self.purchases = FakePurchases(self.approvals, self.ledger, self.switches)
        self.opportunities.purchases = self.purchases
        self.locks = FakeLocks(self._sale_results)
        self.purchases.locks = self.locks
        self.eligibility = FakeEligibility()
        self.alerts = FakeAlerts()
        self.outbox = FakeOutbox(self.alerts)
        self.negotiations = FakeNegotiations(self.outbox)
        self.api_budgets = FakeApiBudgets()
        self.predictions = FakePredictions()
        self.sold_prices = FakeSoldPrices()
        self.products = FakeProducts()
        self.inventory = FakeInventory(lambda purchase_id: purchase_id in self.purchases.rows)
        self.listings = FakeListings(self.inventory)
        self.orders = FakeOrders(self.inventory, self.listings, self.ledger.post_once)
        self.returns = FakeReturns(self.orders, self.inventory, self.ledger.post_once)
        self.settlements = FakeSettlements(self.orders, self.ledger.post_once)
        self.suggestions = FakePriceSuggestions()
        self.sheets = FakeProductSheets(self.products)

    def _sale_results(self, since: datetime) -> list[SaleResult]:
        bought_in: dict[str, str | None] = {}
        for lot in self.inventory.rows.values():
            decision = self.opportunities.found.get(self.purchases.rows[lot.purchase_id].opportunity_id)
            bought_in[lot.sku] = decision.category if decision else None
        return [
            SaleResult(bought_in.get(order.sku), profit, settled_at)
            for order in self.orders.load()
            for profit, settled_at in [self._left_of(order)]
            if settled_at >= since
        ]

    def _left_of(self, order: Order) -> tuple[Money, datetime]:
        cases = [case for case in self.returns.rows.values() if case.order_id == order.order_id]
        refunded = [(case.profit, case.refunded_at) for case in cases if case.refunded_at is not None]
        left = sum((profit for profit, _ in refunded), order.profit)
        return left, max((at for _, at in refunded), default=order.ordered_at)

    def broken_invariants(self) -> dict[str, int]:
        """Return the invariants that do not hold, under the names of the SQL books."""
        return broken_rules(self, self._now() if self._now else None)

    def totals(self) -> Mapping[str, int]:
        """Return running totals as the SQL books do."""
        profits: dict[str, list[int]] = {}
        for order in self.orders.rows.values():
            profits.setdefault(order.revenue.currency, []).append(order.profit.minor)
        for case in self.returns.rows.values():
            profits[case.cost.currency][-1] += case.profit.minor
        by_orders = sorted(profits.items(), key=lambda item: -len(item[1]))
        each = {f"profit_minor_{name.lower()}": sum(all_) for name, all_ in by_orders} if len(by_orders) > 1 else {}
        return {
            "offers": 0,
            "opportunities": len(self.opportunities.found),
            "purchases": len(self.purchases.load((PurchaseState.BOUGHT,))),
            "listings": sum(one.state is not ListingState.PENDING for one in self.listings.rows.values()),
            "orders": len(self.orders.rows),
            "profit_minor": sum(by_orders[0][1]) if by_orders else 0,
            **each,
        }
