"""What metered interfaces may cost: reserved before the call, capped per call and a day, refused with a reason.

What belongs here: the words, the pure rule, and the port that clients spend through. The file of limits is read by
`api_limits.py`; charges are kept by `adapters/sql/api_budgets.py`, so that several processes share one budget.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from arb_pipelines.domain.spend_limit import Refusal

DAY = timedelta(hours=24)


class ChargeState(StrEnum):
    """What became of a charge."""

    RESERVED = "reserved"  # counts in full: the call may have been made
    SETTLED = "settled"  # counts as the vendor says
    RELEASED = "released"  # the call never left: counts nothing


@dataclass(frozen=True, slots=True)
class Charge:
    """Leave for one call, at most `reserved` units (tokens, requests, or millionths of a US dollar)."""

    charge_id: str
    api: str
    operation: str
    reserved: int
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Pool:
    """The vendor's own account of what we may still use: `left` units at a time, refilled by so many a minute."""

    left: int
    refill_a_minute: float
    at: datetime

    def left_at(self, now: datetime, most: int | None) -> float:
        """Return what is left by `now`; a pool never fills above `most`."""
        minutes = max((now - self.at).total_seconds(), 0.0) / 60.0
        filled = self.left + minutes * self.refill_a_minute
        return filled if most is None else min(filled, max(float(most), float(self.left)))


@dataclass(frozen=True, slots=True)
class Rate:
    """At most so many calls of an operation in a rolling window."""

    most: int
    window: timedelta


@dataclass(frozen=True, slots=True)
class ApiLimits:
    """What one interface may cost. `unit` is a word for people; `pool_most` is how full the vendor's pool can be."""

    api: str
    unit: str
    most_a_call: int
    most_a_day: int
    pool_most: int | None = None
    rates: Mapping[str, Rate] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Usage:
    """What was charged: in the last 24 hours, of this operation in its window, and since the pool was read.

    `day_frees_at` and `rate_frees_at` are when the oldest of it leaves its window.
    """

    day: int = 0
    calls: int = 0
    pool: Pool | None = None
    since_pool: int = 0
    day_frees_at: datetime | None = None
    rate_frees_at: datetime | None = None


def refuse_charge(limits: ApiLimits, usage: Usage, operation: str, wanted: int, now: datetime) -> Refusal | None:
    """Return why a call may not be made, or None.

    Args:
        limits: of the interface.
        usage: what was charged so far.
        operation: the vendor's name of the call.
        wanted: the most that it may cost, units.
        now: aware UTC.
    """
    what = f"{limits.api} {operation}"
    if wanted < 0 or wanted > limits.most_a_call:
        return Refusal("api_call_cap", f"{what} may cost {wanted} {limits.unit}, {limits.most_a_call} a call allowed")
    if usage.day + wanted > limits.most_a_day:
        detail = f"{what}: {usage.day} of {limits.most_a_day} {limits.unit} used in 24 h, {wanted} more wanted"
        return Refusal("api_day_cap", detail, usage.day_frees_at)
    rate = limits.rates.get(operation, limits.rates.get("*"))
    if rate is not None and usage.calls >= rate.most:
        detail = f"{what}: {usage.calls} calls in {rate.window.total_seconds():.0f} s, {rate.most} allowed"
        return Refusal("api_rate", detail, usage.rate_frees_at)
    return _refuse_pool(limits, usage, what, wanted, now)


def _refuse_pool(limits: ApiLimits, usage: Usage, what: str, wanted: int, now: datetime) -> Refusal | None:
    pool = usage.pool
    if pool is None:
        return None
    left = pool.left_at(now, limits.pool_most) - usage.since_pool
    if left >= wanted:
        return None
    detail = f"{what}: {left:.0f} {limits.unit} left at the vendor, {wanted} wanted"
    if pool.refill_a_minute <= 0:
        return Refusal("api_pool_empty", detail)
    return Refusal("api_pool_empty", detail, now + timedelta(minutes=(wanted - left) / pool.refill_a_minute))


class BudgetRefusedError(Exception):
    """A call was not made because the budget refuses it; nothing was asked of the vendor."""

    def __init__(self, refusal: Refusal) -> None:
        """Keep the refusal."""
        super().__init__(refusal.detail)
        self.refusal = refusal


class Budget(Protocol):
    """What a client of a metered interface spends through."""

    def reserve(self, api: str, operation: str, units: int) -> Charge:
        """Reserve the most that a call may cost, before it.

        Raises:
            BudgetRefusedError: the budget has no room.
        """

    def settle(self, charge: Charge, actual: int | None, pool: Pool | None = None) -> None:
        """Record what the vendor says it cost (None: it does not say, so all of it) and what is left there."""

    def release(self, charge: Charge) -> None:
        """Give the reservation back: the call certainly never left."""
