"""Locks on buying, and the sales that set them.

What belongs here: the locks repository, and the reading of locks inside a claim. Which sales set which lock is
`domain/locks.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, RowMapping, Select, Subquery, case, func, select

from arb_pipelines.adapters.sql.engine import money_transaction
from arb_pipelines.adapters.sql.frames import insert_into
from arb_pipelines.adapters.sql.purchase_tables import opportunities, purchases
from arb_pipelines.adapters.sql.risk_tables import risk_locks
from arb_pipelines.adapters.sql.sale_tables import inventory_lots, order_lots, orders
from arb_pipelines.adapters.sql.selling_tables import order_returns
from arb_pipelines.domain.locks import RiskLock, SaleResult
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.return_case import ReturnState


class SqlLocks:
    """Fulfils `domain.stores.Locks`."""

    def __init__(self, engine: Engine) -> None:
        """Keep the engine."""
        self._engine = engine

    def insert(self, locks: Sequence[RiskLock]) -> int:
        """Keep locks, each (scope, code, start) once; return how many were new."""
        with money_transaction(self._engine) as connection:
            insert = insert_into(connection, risk_locks).on_conflict_do_nothing()
            return sum(connection.execute(insert, asdict(lock)).rowcount for lock in locks)

    def load_active(self, now: datetime) -> list[RiskLock]:
        """Return the locks that have not ended, the one that ends last first."""
        with self._engine.connect() as connection:
            return active_locks(connection, now)

    def load_results(self, since: datetime) -> list[SaleResult]:
        """Return what each sale since then brought, with the category it was bought in, oldest first.

        A sale whose buyer got money back counts once, with what is left of it, from the refund on.
        """
        with self._engine.connect() as connection:
            rows = connection.execute(_results_query(since)).mappings()
            return [
                SaleResult(row["category"], Money(_profit_minor(row), row["currency"]), row["settled_at"])
                for row in rows
            ]


def _profit_minor(row: RowMapping) -> int:
    profit: int = row["revenue_minor"] - row["fee_minor"] - row["cost_of_goods_minor"]
    return profit - (row["postage_minor"] or 0) - int(row["given_back_minor"] or 0)


def active_locks(connection: Connection, now: datetime) -> list[RiskLock]:
    """Return the locks that have not ended, inside the caller's transaction."""
    columns = [risk_locks.c[name] for name in RiskLock.__dataclass_fields__]
    query = select(*columns).where(risk_locks.c.ends_at > now).order_by(risk_locks.c.ends_at.desc(), risk_locks.c.scope)
    return [RiskLock(**row) for row in connection.execute(query).mappings()]


def _results_query(since: datetime) -> Select[Any]:
    """An order may take units of several purchases; its category is that of one of them."""
    back = _given_back()
    settled_at = func.coalesce(back.c.refunded_at, orders.c.ordered_at)
    sold = [orders.c[name] for name in ("revenue_minor", "fee_minor", "cost_of_goods_minor", "postage_minor")]
    columns: list[ColumnElement[Any]] = [*sold, orders.c.currency, back.c.given_back_minor]
    joined = (
        orders.outerjoin(back, back.c.order_id == orders.c.order_id)
        .outerjoin(order_lots, order_lots.c.order_id == orders.c.order_id)
        .outerjoin(inventory_lots, inventory_lots.c.lot_id == order_lots.c.lot_id)
        .outerjoin(purchases, purchases.c.purchase_id == inventory_lots.c.purchase_id)
        .outerjoin(opportunities, opportunities.c.opportunity_id == purchases.c.opportunity_id)
    )
    grouped = [*columns, back.c.refunded_at, orders.c.ordered_at, orders.c.order_id]
    return (
        select(*columns, settled_at.label("settled_at"), func.min(opportunities.c.category).label("category"))
        .select_from(joined)
        .where(settled_at >= since)
        .group_by(*grouped)
        .order_by(settled_at, orders.c.order_id)
    )


def _given_back() -> Subquery:
    """Sum up what refunds took from each order; the goods count as lost until somebody has put them back into stock."""
    case_of = order_returns.c
    kept = case((case_of.state == ReturnState.RESTOCKED.value, case_of.cost_minor), else_=0)
    lost = func.sum(case_of.refund_minor - case_of.fee_back_minor - kept).label("given_back_minor")
    refunded = select(case_of.order_id, lost, func.max(case_of.refunded_at).label("refunded_at"))
    return refunded.where(case_of.refunded_at.is_not(None)).group_by(case_of.order_id).subquery()
