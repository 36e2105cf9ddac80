"""Charges of metered interfaces: reserved before each call, shared by every process.

What belongs here: the repository. Which charge is refused is decided by `domain/api_budget.py` inside the claim.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, and_, case, delete, func, select, update

from arb_pipelines.adapters.sql.budget_tables import api_charges, api_meters
from arb_pipelines.adapters.sql.engine import money_transaction
from arb_pipelines.adapters.sql.frames import insert_into
from arb_pipelines.domain.api_budget import DAY, ApiLimits, Charge, ChargeState, Pool, Usage, refuse_charge
from arb_pipelines.domain.spend_limit import Refusal

KEPT = api_charges.c
COST = case((KEPT.state == ChargeState.RELEASED, 0), else_=func.coalesce(KEPT.actual, KEPT.reserved))


class SqlApiBudgets:
    """Fulfils `domain.people_stores.ApiBudgets`."""

    def __init__(self, engine: Engine) -> None:
        """Keep the engine."""
        self._engine = engine

    def reserve(self, charge: Charge, limits: ApiLimits) -> Refusal | None:
        """Keep a charge if the limits have room, in one transaction; else return why not."""
        now = charge.made_at
        with money_transaction(self._engine) as connection:
            _lock(connection, charge.api)
            usage = _usage(connection, limits, charge.operation, now)
            refusal = refuse_charge(limits, usage, charge.operation, charge.reserved, now)
            if refusal is None:
                fields = {name: getattr(charge, name) for name in Charge.__dataclass_fields__}
                insert = insert_into(connection, api_charges).values(**fields, state=ChargeState.RESERVED)
                connection.execute(insert)
            return refusal

    def settle(self, charge: Charge, actual: int, pool: Pool | None) -> bool:
        """Record what a call cost and what the vendor says is left; False if the charge is settled already."""
        with money_transaction(self._engine) as connection:
            if pool is not None:
                _read_pool(connection, charge.api, pool)
            return _finish(connection, charge, {"state": ChargeState.SETTLED, "actual": max(actual, 0)})

    def release(self, charge: Charge) -> bool:
        """Give a reservation back; False if the charge is settled already."""
        with money_transaction(self._engine) as connection:
            return _finish(connection, charge, {"state": ChargeState.RELEASED})

    def usage(self, limits: ApiLimits, operation: str, now: datetime) -> Usage:
        """Return what was charged so far."""
        with self._engine.connect() as connection:
            return _usage(connection, limits, operation, now)

    def costs_since(self, since: datetime) -> list[tuple[str, str, int, int]]:
        """Return (interface, operation, calls, units) since then."""
        query = (
            select(KEPT.api, KEPT.operation, func.count(), func.sum(COST))
            .where(KEPT.made_at > since, KEPT.state != ChargeState.RELEASED)
            .group_by(KEPT.api, KEPT.operation)
            .order_by(KEPT.api, KEPT.operation)
        )
        with self._engine.connect() as connection:
            return [(api, operation, calls, int(units)) for api, operation, calls, units in connection.execute(query)]

    def delete_before(self, before: datetime) -> int:
        """Forget charges made before then; return how many."""
        with money_transaction(self._engine) as connection:
            return connection.execute(delete(api_charges).where(KEPT.made_at < before)).rowcount


def _lock(connection: Connection, api: str) -> None:
    """The row of the interface orders its claims on PostgreSQL; SQLite has one writer anyway."""
    insert = insert_into(connection, api_meters).values(api=api, claims=1)
    more = {"claims": api_meters.c.claims + 1}
    connection.execute(insert.on_conflict_do_update(index_elements=["api"], set_=more))


def _read_pool(connection: Connection, api: str, pool: Pool) -> None:
    """A reading that is older than the kept one came late."""
    values: dict[str, Any] = {
        "pool_left": pool.left,
        "refill_a_minute": pool.refill_a_minute,
        "pool_at": pool.at,
    }
    older = (api_meters.c.pool_at.is_(None)) | (api_meters.c.pool_at <= pool.at)
    connection.execute(update(api_meters).where(api_meters.c.api == api, older).values(**values))


def _finish(connection: Connection, charge: Charge, values: dict[str, Any]) -> bool:
    reserved = and_(KEPT.charge_id == charge.charge_id, KEPT.state == ChargeState.RESERVED)
    return connection.execute(update(api_charges).where(reserved).values(**values)).rowcount == 1


def _usage(connection: Connection, limits: ApiLimits, operation: str, now: datetime) -> Usage:
    mine = and_(KEPT.api == limits.api, KEPT.state != ChargeState.RELEASED)
    day, day_first = _sum(connection, COST, mine, KEPT.made_at > now - DAY)
    calls, calls_first, window = 0, None, timedelta(0)
    rate = limits.rates.get(operation, limits.rates.get("*"))
    if rate is not None:
        window = rate.window
        # A rate for every other operation counts those together.
        named: Sequence[str] = [name for name in limits.rates if name != "*"]
        same = KEPT.operation == operation if operation in limits.rates else KEPT.operation.not_in(named)
        one: Any = case((KEPT.charge_id.is_not(None), 1), else_=0)
        calls, calls_first = _sum(connection, one, mine, same, KEPT.made_at > now - window)
    pool, since_pool = _pool(connection, limits.api), 0
    if pool is not None:
        open_charges = and_(KEPT.state == ChargeState.RESERVED, KEPT.made_at > now - DAY)
        newer = and_(KEPT.state == ChargeState.SETTLED, KEPT.made_at > pool.at)
        since_pool, _ = _sum(connection, COST, mine, open_charges | newer)
    return Usage(
        day=day,
        calls=calls,
        pool=pool,
        since_pool=since_pool,
        day_frees_at=day_first + DAY if day_first else None,
        rate_frees_at=calls_first + window if calls_first else None,
    )


def _sum(connection: Connection, cost: Any, *conditions: ColumnElement[bool]) -> tuple[int, datetime | None]:
    row = connection.execute(select(func.sum(cost), func.min(KEPT.made_at)).where(*conditions)).one()
    return int(row[0] or 0), row[1]


def _pool(connection: Connection, api: str) -> Pool | None:
    kept = api_meters.c
    query = select(kept.pool_left, kept.refill_a_minute, kept.pool_at).where(kept.api == api, kept.pool_at.is_not(None))
    row = connection.execute(query).first()
    return None if row is None else Pool(row[0], row[1], row[2])
