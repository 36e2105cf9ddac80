"""What buyers send back: the goods, their stock and their ledger lines in one transaction each.

What belongs here: the returns repository.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, RowMapping, func, insert, select, true, update

from arb_pipelines.adapters.sql.engine import money_transaction
from arb_pipelines.adapters.sql.ledger import post_once
from arb_pipelines.adapters.sql.order_rows import order_of
from arb_pipelines.adapters.sql.sale_tables import inventory_lots, order_lots, orders
from arb_pipelines.adapters.sql.selling_tables import order_returns, return_lots
from arb_pipelines.domain.ledger import post_refund, post_restock, post_write_off
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.order import Order
from arb_pipelines.domain.return_case import (
    TRANSITIONS,
    ReturnCase,
    ReturnRefusedError,
    ReturnState,
    check_refund,
    units_left,
)

POSTING = {ReturnState.RESTOCKED: post_restock, ReturnState.WRITTEN_OFF: post_write_off}
STAMPS = {
    ReturnState.RECEIVED: "received_at",
    ReturnState.RESTOCKED: "inspected_at",
    ReturnState.WRITTEN_OFF: "inspected_at",
}


class SqlReturns:
    """Fulfils `domain.sale_stores.Returns`."""

    def __init__(self, engine: Engine) -> None:
        """Keep the engine."""
        self._engine = engine

    def open(self, return_id: str, order_id: str, units: int, reason: str, at: datetime) -> ReturnCase | None:
        """Open a return of units of an order; None if the id is already kept.

        Raises:
            LookupError: no such order.
            ReturnRefusedError: more units than are left of the order.
        """
        with money_transaction(self._engine) as connection:
            order = _lock_order(connection, order_id)
            if _find(connection, return_id) is not None:
                return None
            left = units_left(order.quantity, _load(connection, order_returns.c.order_id == order_id))
            if not 1 <= units <= left:
                raise ReturnRefusedError(f"{units} units cannot come back from {order_id}, of which {left} are left")
            taken = _last_taken(connection, order_id, units)
            cost = Money(sum(cost * count for _, count, cost in taken), order.revenue.currency)
            case = ReturnCase(return_id, order_id, units, reason, ReturnState.REQUESTED, cost, at)
            connection.execute(insert(order_returns).values(**_columns(case)))
            for lot_id, count, unit_cost in taken:
                line = {"return_id": return_id, "lot_id": lot_id, "units": count, "unit_cost_minor": unit_cost}
                connection.execute(insert(return_lots).values(**line))
        return case

    def advance(self, return_id: str, *, expected: Sequence[ReturnState], state: ReturnState, at: datetime) -> bool:
        """Compare-and-set a state; restocking and writing off post their ledger lines, restocking adds the units.

        Raises:
            ValueError: no expected state may be followed by this one.
        """
        before = [old.value for old in expected if state in TRANSITIONS[old]]
        if not before:
            raise ValueError(f"a return cannot go from {' or '.join(expected)} to {state}")
        waiting = (order_returns.c.return_id == return_id) & order_returns.c.state.in_(before)
        values: dict[str, Any] = {"state": state.value} | ({STAMPS[state]: at} if state in STAMPS else {})
        with money_transaction(self._engine) as connection:
            if connection.execute(update(order_returns).where(waiting).values(**values)).rowcount != 1:
                return False
            case = _find(connection, return_id)
            if case is not None and state in POSTING:
                post_once(connection, POSTING[state](return_id, case.cost, at))
            if state is ReturnState.RESTOCKED:
                _put_back(connection, return_id)
        return True

    def refund(self, return_id: str, refund: Money, fee_back: Money, at: datetime) -> bool:
        """Record the refund and post it; False if the return is already refunded.

        Raises:
            LookupError: no such return.
            ReturnRefusedError: more than was paid.
        """
        with money_transaction(self._engine) as connection:
            case = _find(connection, return_id)
            if case is None:
                raise LookupError(f"no return {return_id}")
            order = _lock_order(connection, case.order_id)
            others = _load(connection, order_returns.c.order_id == case.order_id)
            case = next(other for other in others if other.return_id == return_id)
            if case.refunded_at is not None:
                return False
            nothing = Money.zero(order.revenue.currency)
            refunded = sum((other.refund for other in others if other.refund), nothing)
            fee_left = order.fee - sum((other.fee_back for other in others if other.fee_back), nothing)
            check_refund(refund, fee_back, order.revenue, refunded, fee_left)
            values = {"refund_minor": refund.minor, "fee_back_minor": fee_back.minor, "refunded_at": at}
            mine = order_returns.c.return_id == return_id
            connection.execute(update(order_returns).where(mine).values(**values))
            post_once(connection, post_refund(return_id, refund, fee_back, at))
        return True

    def load(self, states: Sequence[ReturnState] = ()) -> list[ReturnCase]:
        """Return the cases, in the given states or all, oldest first."""
        wanted = order_returns.c.state.in_([state.value for state in states]) if states else true()
        with self._engine.connect() as connection:
            return _load(connection, wanted)


def _lock_order(connection: Connection, order_id: str) -> Order:
    row = connection.execute(select(orders).where(orders.c.order_id == order_id).with_for_update()).mappings().first()
    if row is None:
        raise LookupError(f"no order {order_id}")
    return order_of(row)


def _last_taken(connection: Connection, order_id: str, units: int) -> list[tuple[str, int, int]]:
    """Return (lot, units, unit cost) of the order's units that were taken last and are not on their way back."""
    closed = select(order_returns.c.return_id).where(
        order_returns.c.order_id == order_id, order_returns.c.state != ReturnState.CLOSED.value
    )
    back = select(return_lots.c.lot_id, func.sum(return_lots.c.units)).where(return_lots.c.return_id.in_(closed))
    returned = {lot: int(count) for lot, count in connection.execute(back.group_by(return_lots.c.lot_id))}
    lots = select(order_lots.c.lot_id, order_lots.c.units, order_lots.c.unit_cost_minor)
    joined = lots.join(inventory_lots, inventory_lots.c.lot_id == order_lots.c.lot_id)
    newest = joined.where(order_lots.c.order_id == order_id).order_by(
        inventory_lots.c.received_at.desc(), order_lots.c.lot_id.desc()
    )
    taken = []
    for lot_id, count, unit_cost in connection.execute(newest):
        part = min(units, count - returned.get(lot_id, 0))
        if part > 0:
            taken.append((lot_id, part, unit_cost))
            units -= part
    return taken


def _put_back(connection: Connection, return_id: str) -> None:
    lines = select(return_lots.c.lot_id, return_lots.c.units).where(return_lots.c.return_id == return_id)
    for lot_id, units in connection.execute(lines).all():
        mine = inventory_lots.c.lot_id == lot_id
        connection.execute(update(inventory_lots).where(mine).values(on_hand=inventory_lots.c.on_hand + units))


def _find(connection: Connection, return_id: str) -> ReturnCase | None:
    return next(iter(_load(connection, order_returns.c.return_id == return_id)), None)


def _load(connection: Connection, condition: ColumnElement[bool]) -> list[ReturnCase]:
    query = select(order_returns).where(condition)
    query = query.order_by(order_returns.c.requested_at, order_returns.c.return_id)
    return [_case(row) for row in connection.execute(query).mappings()]


def _columns(case: ReturnCase) -> dict[str, Any]:
    names = ("return_id", "order_id", "units", "reason", "requested_at")
    values = {name: getattr(case, name) for name in names}
    return values | {"state": case.state.value, "cost_minor": case.cost.minor, "currency": case.cost.currency}


def _case(row: RowMapping) -> ReturnCase:
    values: dict[str, Any] = dict(row)
    currency = values.pop("currency")
    amounts = {name: values.pop(f"{name}_minor") for name in ("cost", "refund", "fee_back")}
    money = {name: None if minor is None else Money(minor, currency) for name, minor in amounts.items()}
    return ReturnCase(**(values | money | {"state": ReturnState(values["state"])}))
