"""Talks with sellers and charges of metered interfaces in memory: the rules of the SQL stores over dicts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from arb_pipelines.domain.api_budget import DAY, ApiLimits, Charge, ChargeState, Pool, Usage, refuse_charge
from arb_pipelines.domain.message import OutboundMessage
from arb_pipelines.domain.spend_limit import Refusal
from arb_pipelines.domain.talks import Negotiation
from arb_pipelines_tests.fakes.people_books import FakeOutbox


class FakeNegotiations:
    """Talks by id."""

    def __init__(self, outbox: FakeOutbox) -> None:
        self.rows: dict[str, Negotiation] = {}
        self._outbox = outbox

    def open(self, negotiation: Negotiation) -> bool:
        if negotiation.negotiation_id in self.rows:
            return False
        self.rows[negotiation.negotiation_id] = negotiation
        return True

    def record(self, negotiation: Negotiation, expected_version: int, message: OutboundMessage | None = None) -> bool:
        kept = self.rows.get(negotiation.negotiation_id)
        if kept is None or kept.version != expected_version:
            return False
        self.rows[negotiation.negotiation_id] = replace(negotiation, version=expected_version + 1)
        if message is not None:
            self._outbox.insert([message])
        return True

    def load(self, *, also_closed: bool = False) -> list[Negotiation]:
        wanted = [row for row in self.rows.values() if also_closed or row.closed_code is None]
        return sorted(wanted, key=lambda row: (-row.opened_at.timestamp(), row.negotiation_id))

    def load_one(self, negotiation_id: str) -> Negotiation | None:
        return self.rows.get(negotiation_id)


@dataclass
class KeptCharge:
    """A charge and what became of it."""

    charge: Charge
    state: ChargeState = ChargeState.RESERVED
    actual: int | None = None

    @property
    def cost(self) -> int:
        return self.charge.reserved if self.actual is None else self.actual


class FakeApiBudgets:
    """Charges by id, pools by interface."""

    def __init__(self) -> None:
        self.rows: dict[str, KeptCharge] = {}
        self.pools: dict[str, Pool] = {}

    def reserve(self, charge: Charge, limits: ApiLimits) -> Refusal | None:
        usage = self.usage(limits, charge.operation, charge.made_at)
        refusal = refuse_charge(limits, usage, charge.operation, charge.reserved, charge.made_at)
        if refusal is None:
            self.rows[charge.charge_id] = KeptCharge(charge)
        return refusal

    def settle(self, charge: Charge, actual: int, pool: Pool | None) -> bool:
        known = self.pools.get(charge.api)
        if pool is not None and (known is None or known.at <= pool.at):
            self.pools[charge.api] = pool
        return self._finish(charge, ChargeState.SETTLED, max(actual, 0))

    def release(self, charge: Charge) -> bool:
        return self._finish(charge, ChargeState.RELEASED, None)

    def _finish(self, charge: Charge, state: ChargeState, actual: int | None) -> bool:
        kept = self.rows[charge.charge_id]
        if kept.state is not ChargeState.RESERVED:
            return False
        kept.state, kept.actual = state, actual
        return True

    def usage(self, limits: ApiLimits, operation: str, now: datetime) -> Usage:
        mine = [row for row in self.rows.values() if row.charge.api == limits.api]
        mine = [row for row in mine if row.state is not ChargeState.RELEASED]
        day = [row for row in mine if row.charge.made_at > now - DAY]
        rate = limits.rates.get(operation, limits.rates.get("*"))
        window = rate.window if rate else timedelta(0)
        named = set(limits.rates) - {"*"}
        same = {operation} if operation in limits.rates else {row.charge.operation for row in mine} - named
        calls = [row for row in mine if row.charge.operation in same and row.charge.made_at > now - window]
        pool = self.pools.get(limits.api)
        is_open = ChargeState.RESERVED
        counted = [row for row in day if row.state is is_open or (pool and row.charge.made_at > pool.at)]
        return Usage(
            day=sum(row.cost for row in day),
            calls=len(calls) if rate else 0,
            pool=pool,
            since_pool=sum(row.cost for row in counted) if pool else 0,
            day_frees_at=min(row.charge.made_at for row in day) + DAY if day else None,
            rate_frees_at=min(row.charge.made_at for row in calls) + window if calls and rate else None,
        )

    def costs_since(self, since: datetime) -> list[tuple[str, str, int, int]]:
        found: dict[tuple[str, str], list[int]] = {}
        for row in self.rows.values():
            if row.charge.made_at > since and row.state is not ChargeState.RELEASED:
                found.setdefault((row.charge.api, row.charge.operation), []).append(row.cost)
        return [(api, operation, len(costs), sum(costs)) for (api, operation), costs in sorted(found.items())]

    def delete_before(self, before: datetime) -> int:
        old = [key for key, row in self.rows.items() if row.charge.made_at < before]
        for key in old:
            del self.rows[key]
        return len(old)
