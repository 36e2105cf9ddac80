"""How often a vendor lets one account ask for each operation: token buckets.

What belongs here: the plans that vendors publish, the buckets filled from them, and what the vendor's own headers
correct. A bucket lives in one process; where several processes share an account, `Retry-After` is what slows them.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from arb_pipelines.adapters.http.answers import NotSentError

RATE_HEADER = "x-amzn-ratelimit-limit"
LONGEST_RETRY_AFTER_S = 86_400.0
HIGHEST_RATE_A_S = 10_000.0


@dataclass(frozen=True, slots=True)
class UsagePlan:
    """A published limit: requests a second in the long run, and how many may come at once."""

    rate_a_s: float
    burst: int

    @classmethod
    def a_day(cls, requests: int) -> UsagePlan:
        """Return the plan of a daily allowance that may be used at any hour."""
        return cls(requests / 86_400, requests)


@dataclass(slots=True)
class _Bucket:
    plan: UsagePlan
    tokens: float
    filled_at_s: float
    blocked_until_s: float = -math.inf

    def fill(self, now_s: float) -> None:
        gained = max(now_s - self.filled_at_s, 0.0) * self.plan.rate_a_s
        self.tokens = min(self.tokens + gained, float(self.plan.burst))
        self.filled_at_s = now_s

    def wait_s(self, now_s: float) -> float:
        """Return how long the next request has to wait."""
        missing = max(1.0 - self.tokens, 0.0)
        return max(missing / self.plan.rate_a_s, self.blocked_until_s - now_s, 0.0)


@dataclass(slots=True)
class Buckets:
    """The buckets of one account at one vendor, one an operation; safe under threads.

    An operation without a plan follows `default`; where that is None only the vendor's own `Retry-After` holds it
    back. A wait of up to `longest_wait_s` is slept, a longer one is refused.
    """

    plans: Mapping[str, UsagePlan]
    default: UsagePlan | None = None
    longest_wait_s: float = 5.0
    clock_s: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _buckets: dict[str, _Bucket] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def take(self, operation: str) -> None:
        """Take the right to send one request, after a wait if need be.

        Raises:
            NotSentError: the wait would be longer than `longest_wait_s`.
        """
        with self._lock:
            now_s = self.clock_s()
            bucket = self._bucket(operation, now_s)
            wait_s = bucket.wait_s(now_s)
            if wait_s > self.longest_wait_s:
                raise NotSentError(
                    f"{operation} was not sent: the account's rate limit is used up for another {wait_s:.0f} s",
                    retry_after_s=wait_s,
                )
            bucket.tokens -= 1.0  # below zero while somebody waits, so that the next one waits longer
        if wait_s > 0.0:
            self.sleep(wait_s)

    def correct(self, operation: str, status: int, headers: Mapping[str, str]) -> None:
        """Follow what the vendor says of its limit: the rate it grants, and after a 429 how long to leave it alone."""
        rate_a_s = read_rate(headers.get(RATE_HEADER, ""))
        pause_s = read_retry_after_s(headers.get("retry-after", "")) if status in (429, 503) else None
        if rate_a_s is None and pause_s is None and status != 429:
            return
        with self._lock:
            now_s = self.clock_s()
            bucket = self._bucket(operation, now_s)
            if rate_a_s is not None and math.isfinite(bucket.plan.rate_a_s):
                bucket.plan = UsagePlan(rate_a_s, bucket.plan.burst)
            if status == 429:
                bucket.tokens = min(bucket.tokens, 0.0)
            if pause_s is not None:
                bucket.blocked_until_s = max(bucket.blocked_until_s, now_s + pause_s)

    def _bucket(self, operation: str, now_s: float) -> _Bucket:
        bucket = self._buckets.get(operation)
        if bucket is None:
            plan = self.plans.get(operation, self.default) or UsagePlan(math.inf, 1)
            bucket = self._buckets[operation] = _Bucket(plan, float(plan.burst), now_s)
        if math.isfinite(bucket.plan.rate_a_s):
            bucket.fill(now_s)
        else:
            bucket.tokens, bucket.filled_at_s = 1.0, now_s
        return bucket


def read_rate(text: str) -> float | None:
    """Return the requests a second of a rate header, None where it says nothing usable."""
    try:
        rate_a_s = float(text)
    except ValueError:
        return None
    return rate_a_s if 0.0 < rate_a_s <= HIGHEST_RATE_A_S else None


def read_retry_after_s(text: str, now: datetime | None = None) -> float | None:
    """Return the pause that a `Retry-After` header asks for, in seconds or as a date; None where it asks for none."""
    text = text.strip()
    if text.isascii() and text.isdigit():
        return min(float(text), LONGEST_RETRY_AFTER_S)
    try:
        until = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    pause_s = (until - (now or datetime.now(UTC))).total_seconds()
    return min(max(pause_s, 0.0), LONGEST_RETRY_AFTER_S)
