"""Locks on buying that losses set: each has a scope, a reason and an end.

What belongs here: which sales set which lock, and whether a lock binds a purchase. Locks are kept by
`adapters/sql/locks.py` and read inside every claim.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from arb_pipelines.domain.money import Money
from arb_pipelines.domain.spend_limit import Refusal, SpendKeys

DAY = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class RiskLock:
    """Nothing is bought in `scope` (`total` or `site:`, `product:`, `outlet:`, `brand:`, `category:` and a name)."""

    scope: str
    code: str
    detail: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class SaleResult:
    """What one sale brought after fees and the cost of the goods; negative is a loss."""

    category: str | None
    profit: Money
    sold_at: datetime


@dataclass(frozen=True, slots=True)
class LossRules:
    """When losses stop buying. Shares are of `capital`; without a capital only the cool-down can be held."""

    capital: Money | None
    losing_sales: int = 3
    cool_down: timedelta = timedelta(hours=48)
    daily_loss_share: Decimal = Decimal("0.02")
    drawdown_share: Decimal = Decimal("0.10")
    drawdown_window: timedelta = timedelta(days=30)
    drawdown_lock: timedelta = timedelta(days=7)

    @property
    def memory(self) -> timedelta:
        """How far back sales can still matter to a lock that has not ended."""
        return self.drawdown_window + max(self.drawdown_lock, self.cool_down, DAY)


def locks_after(results: Iterable[SaleResult], rules: LossRules, now: datetime) -> list[RiskLock]:
    """Return the locks that these sales set and that have not ended; the same sales always set the same locks.

    Args:
        results: the sales of the last `rules.memory`.
        rules: when losses lock.
        now: aware UTC.
    """
    ordered = sorted(results, key=lambda result: result.sold_at)
    locks = list(_cool_downs(ordered, rules))
    capital = rules.capital
    if capital is not None and capital.minor > 0:
        counted = [result for result in ordered if result.profit.currency == capital.currency]
        locks += _daily_losses(counted, capital, rules, now)
        locks += _drawdowns(counted, capital, rules, now)
    return sorted((lock for lock in locks if lock.ends_at > now), key=lambda lock: (lock.starts_at, lock.code))


def _cool_downs(ordered: Sequence[SaleResult], rules: LossRules) -> Iterator[RiskLock]:
    """So many losing sales in a row in one category; sales of no known category count as one category of their own."""
    rows: dict[str | None, int] = {}
    for result in ordered:
        rows[result.category] = rows.get(result.category, 0) + 1 if result.profit.minor < 0 else 0
        if rows[result.category] >= rules.losing_sales:
            scope = "total" if result.category is None else f"category:{result.category}"
            detail = f"{rows[result.category]} losing sales in a row"
            yield RiskLock(scope, "lock_cool_down", detail, result.sold_at, result.sold_at + rules.cool_down)


def _daily_losses(ordered: Sequence[SaleResult], capital: Money, rules: LossRules, now: datetime) -> Iterator[RiskLock]:
    most = capital.minor * rules.daily_loss_share
    for last in _since(ordered, now - DAY):
        inside = (one for one in ordered if last.sold_at - DAY < one.sold_at <= last.sold_at)
        lost = -sum(one.profit.minor for one in inside)
        if last.profit.minor < 0 and lost >= most:
            detail = f"{Money(lost, capital.currency)} lost in 24 h, {rules.daily_loss_share:%} of {capital} allowed"
            yield RiskLock("total", "lock_daily_loss", detail, last.sold_at, last.sold_at + DAY)


def _drawdowns(ordered: Sequence[SaleResult], capital: Money, rules: LossRules, now: datetime) -> Iterator[RiskLock]:
    """The fall of the summed profit from its highest point within the window."""
    most = capital.minor * rules.drawdown_share
    for last in _since(ordered, now - rules.drawdown_lock):
        inside = [one for one in ordered if last.sold_at - rules.drawdown_window < one.sold_at <= last.sold_at]
        summed = highest = 0
        for one in inside:
            summed += one.profit.minor
            highest = max(highest, summed)
        if last.profit.minor < 0 and highest - summed >= most:
            fall = Money(highest - summed, capital.currency)
            detail = f"profit fell by {fall} from its highest, {rules.drawdown_share:%} of {capital} allowed"
            yield RiskLock("total", "lock_drawdown", detail, last.sold_at, last.sold_at + rules.drawdown_lock)


def _since(ordered: Sequence[SaleResult], start: datetime) -> Iterator[SaleResult]:
    """Older ones set only locks that have ended."""
    return (result for result in ordered if result.sold_at > start)


def refuse_locked(
    locks: Iterable[RiskLock], site: str, product_id: str, keys: SpendKeys, now: datetime
) -> Refusal | None:
    """Return the refusal of the lock that binds a purchase longest, or None.

    A lock on a brand, a category or an outlet binds a purchase whose own is not known: it may be that one.
    """
    known = {"site": site, "product": product_id, "outlet": keys.outlet, "brand": keys.brand, "category": keys.category}
    binding = [lock for lock in locks if lock.ends_at > now and _binds(lock.scope, known)]
    if not binding:
        return None
    last = max(binding, key=lambda lock: lock.ends_at)
    return Refusal(last.code, f"{last.scope} is locked: {last.detail}", last.ends_at)


def _binds(scope: str, known: dict[str, str | None]) -> bool:
    if scope == "total":
        return True
    kind, _, name = scope.partition(":")
    own = known.get(kind)
    # A scope that nobody knows cannot be shown to be about something else.
    return own is None or own == name
