"""Locks on buying, and the sales that set them.

What belongs here: the locks repository, and the reading of locks inside a claim. Which sales set which lock is
`domain/locks.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, RowMapping, Select, func, select

from arb_pipelines.adapters.sql.engine import money_transaction
from arb_pipelines.adapters.sql.frames import insert_into
from arb_pipelines.adapters.sql.purchase_tables import opportunities, purchases
from arb_pipelines.adapters.sql.risk_tables import risk_locks
from arb_pipelines.adapters.sql.sale_tables import inventory_lots, order_lots, orders
from arb_pipelines.domain.locks import RiskLock, SaleResult
from arb_pipelines.domain.money import Money


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
        """Return what each sale since then brought, with the category it was bought in, oldest first."""
        with self._engine.connect() as connection:
            rows = connection.execute(_results_query(since)).mappings()
            return [
                SaleResult(row["category"], Money(_profit_minor(row), row["currency"]), row["ordered_at"])
                for row in rows
            ]


def _profit_minor(row: RowMapping) -> int:
    profit: int = row["revenue_minor"] - row["fee_minor"] - row["cost_of_goods_minor"]
    return profit - (row["postage_minor"] or 0)


def active_locks(connection: Connection, now: datetime) -> list[RiskLock]:
    """Return the locks that have not ended, inside the caller's transaction."""
    columns = [risk_locks.c[name] for name in RiskLock.__dataclass_fields__]
    query = select(*columns).where(risk_locks.c.ends_at > now).order_by(risk_locks.c.ends_at.desc(), risk_locks.c.scope)
    return [RiskLock(**row) for row in connection.execute(query).mappings()]


def _results_query(since: datetime) -> Select[Any]:
    """An order may take units of several purchases; its category is that of one of them."""
    columns = [orders.c[name] for name in ("revenue_minor", "fee_minor", "cost_of_goods_minor", "postage_minor")]
    joined = (
        orders.outerjoin(order_lots, order_lots.c.order_id == orders.c.order_id)
        .outerjoin(inventory_lots, inventory_lots.c.lot_id == order_lots.c.lot_id)
        .outerjoin(purchases, purchases.c.purchase_id == inventory_lots.c.purchase_id)
        .outerjoin(opportunities, opportunities.c.opportunity_id == purchases.c.opportunity_id)
    )
    grouped = [*columns, orders.c.currency, orders.c.ordered_at, orders.c.order_id]
    return (
        select(*columns, orders.c.currency, orders.c.ordered_at, func.min(opportunities.c.category).label("category"))
        .select_from(joined)
        .where(orders.c.ordered_at >= since)
        .group_by(*grouped)
        .order_by(orders.c.ordered_at, orders.c.order_id)
    )
