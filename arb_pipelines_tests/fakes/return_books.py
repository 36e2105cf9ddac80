"""Returns, settled fees, price suggestions and product sheets in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from arb_pipelines.domain.ledger import (
    LedgerTransaction,
    post_fee_correction,
    post_refund,
    post_restock,
    post_write_off,
)
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.order import Order
from arb_pipelines.domain.product_sheet import ProductSheet
from arb_pipelines.domain.repricing import PriceChange
from arb_pipelines.domain.return_case import (
    INSPECTED,
    TRANSITIONS,
    ReturnCase,
    ReturnRefusedError,
    ReturnState,
    check_refund,
    units_left,
)
from arb_pipelines.domain.settlement import Again, fee_after
from arb_pipelines_tests.fakes.ledger_books import broken_constraint
from arb_pipelines_tests.fakes.sale_books import FakeInventory, FakeOrders, FakeProducts


class FakeReturns:
    """Cases by id; `lots` says which units of which lot each one is."""

    def __init__(
        self, orders: FakeOrders, inventory: FakeInventory, post_once: Callable[[LedgerTransaction], None]
    ) -> None:
        self.rows: dict[str, ReturnCase] = {}
        self.lots: dict[str, list[tuple[str, int]]] = {}
        self._orders, self._inventory, self._post_once = orders, inventory, post_once

    def _order(self, order_id: str) -> Order:
        if order_id not in self._orders.rows:
            raise LookupError(f"no order {order_id}")
        return self._orders.rows[order_id]

    def _of(self, order_id: str) -> list[ReturnCase]:
        return [case for case in self.load() if case.order_id == order_id]

    def open(self, return_id: str, order_id: str, units: int, reason: str, at: datetime) -> ReturnCase | None:
        order = self._order(order_id)
        if return_id in self.rows:
            return None
        left = units_left(order.quantity, self._of(order_id))
        if not 1 <= units <= left:
            raise ReturnRefusedError(f"{units} units cannot come back from {order_id}, of which {left} are left")
        taken = self._last_taken(order_id, units)
        nothing = Money.zero(order.revenue.currency)
        cost = sum((self._inventory.rows[lot].unit_cost * count for lot, count in taken), nothing)
        case = ReturnCase(return_id, order_id, units, reason, ReturnState.REQUESTED, cost, at)
        self.rows[return_id], self.lots[return_id] = case, taken
        return case

    def _last_taken(self, order_id: str, units: int) -> list[tuple[str, int]]:
        back: dict[str, int] = {}
        for case in self._of(order_id):
            for lot, count in self.lots[case.return_id] if case.state is not ReturnState.CLOSED else []:
                back[lot] = back.get(lot, 0) + count
        taken = []
        for lot, count in reversed(self._orders.lots[order_id]):
            part = min(units, count - back.get(lot, 0))
            if part > 0:
                taken.append((lot, part))
                units -= part
        return taken

    def advance(self, return_id: str, *, expected: Sequence[ReturnState], state: ReturnState, at: datetime) -> bool:
        before = [old for old in expected if state in TRANSITIONS[old]]
        if not before:
            raise ValueError(f"a return cannot go from {' or '.join(expected)} to {state}")
        case = self.rows.get(return_id)
        if case is None or case.state not in before:
            return False
        received_at = at if state is ReturnState.RECEIVED else case.received_at
        inspected_at = at if state in INSPECTED else case.inspected_at
        self.rows[return_id] = replace(case, state=state, received_at=received_at, inspected_at=inspected_at)
        if state is ReturnState.WRITTEN_OFF:
            self._post_once(post_write_off(return_id, case.cost, at))
        if state is ReturnState.RESTOCKED:
            self._post_once(post_restock(return_id, case.cost, at))
            self._put_back(return_id)
        return True

    def _put_back(self, return_id: str) -> None:
        for lot_id, count in self.lots[return_id]:
            lot = self._inventory.rows[lot_id]
            self._inventory.rows[lot_id] = replace(lot, on_hand=lot.on_hand + count)
            self._orders.taken[lot_id] -= count

    def refund(self, return_id: str, refund: Money, fee_back: Money, at: datetime) -> bool:
        case = self.rows.get(return_id)
        if case is None:
            raise LookupError(f"no return {return_id}")
        if case.refunded_at is not None:
            return False
        order, others = self._order(case.order_id), self._of(case.order_id)
        nothing = Money.zero(order.revenue.currency)
        refunded = sum((other.refund for other in others if other.refund), nothing)
        fee_left = order.fee - sum((other.fee_back for other in others if other.fee_back), nothing)
        check_refund(refund, fee_back, order.revenue, refunded, fee_left)
        self.rows[return_id] = replace(case, refund=refund, fee_back=fee_back, refunded_at=at)
        self._post_once(post_refund(return_id, refund, fee_back, at))
        return True

    def load(self, states: Sequence[ReturnState] = ()) -> list[ReturnCase]:
        found = [case for case in self.rows.values() if not states or case.state in states]
        return sorted(found, key=lambda case: (case.requested_at, case.return_id))


class FakeSettlements:
    """Statements by order; the fee stands in the order."""

    def __init__(self, orders: FakeOrders, post_once: Callable[[LedgerTransaction], None]) -> None:
        self.rows: set[tuple[str, str]] = set()
        self._orders, self._post_once = orders, post_once

    def settle_fee(
        self, order_id: str, fee: Money, statement_id: str, at: datetime, again: Again | None = None
    ) -> Money | None:
        if order_id not in self._orders.rows:
            raise LookupError(f"no order {order_id}")
        order = self._orders.rows[order_id]
        if (order_id, statement_id) in self.rows:
            return None
        whole = fee_after(order.fee, fee, [statement for one, statement in self.rows if one == order_id], again)
        correction = whole - order.fee
        self.rows.add((order_id, statement_id))
        self._orders.rows[order_id] = replace(order, fee=whole, fee_estimated=False)
        if correction.minor:
            self._post_once(post_fee_correction(order_id, statement_id, correction, at))
        return correction


class FakePriceSuggestions:
    """What first runs suggested, by outlet and rule."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], list[PriceChange]] = {}

    def has_run(self, outlet: str, rule: str) -> bool:
        return (outlet, rule) in self.rows

    def store_first(self, outlet: str, rule: str, changes: Sequence[PriceChange], at: datetime) -> bool:
        if (outlet, rule) in self.rows:
            return False
        self.rows[outlet, rule] = sorted(changes, key=lambda change: change.sku)
        return True

    def load(self, outlet: str, rule: str) -> list[PriceChange]:
        return self.rows.get((outlet, rule), [])


class FakeProductSheets:
    """Sheets by product."""

    def __init__(self, products: FakeProducts) -> None:
        self.rows: dict[str, ProductSheet] = {}
        self._products = products

    def put(self, sheet: ProductSheet, by: str, at: datetime) -> None:
        if all(row["product_id"] != sheet.product_id for row in self._products.rows):
            raise broken_constraint(f"product {sheet.product_id}")
        self.rows[sheet.product_id] = sheet

    def load(self) -> dict[str, ProductSheet]:
        return dict(self.rows)
