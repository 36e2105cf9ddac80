"""Whether a request that failed is made again in the same visit, and after how long.

What belongs here: the rule only. What a shop refuses for good is not asked again; what a shop asks to be left alone
for (429, Retry-After) is parked instead, see `scraping/middlewares/parking.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

RETRIES = 3
TIMEOUT_RETRIES = 1  # a shop that hangs holds its place for the whole timeout each time
RETRIES_A_VISIT = 6  # else a shop of 20 pages that is down would be asked 80 times
FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 30.0
RETRIED = frozenset(
    {
        "http_408", "http_500", "http_502", "http_503", "http_504", "http_522", "http_524", "timeout",
        "connection_refused", "connection_lost", "dns_failure", "truncated", "proxy_failed",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Attempt:
    """A request that failed: why, how often it and its whole visit were already retried, and the seconds left.

    `attempt_s` is the longest that one more try can take; waiting and trying must end within `left_s`.
    """

    reason: str
    retries: int
    visit_retries: int
    left_s: float
    attempt_s: float


def retry_wait_s(attempt: Attempt, draw: float) -> float | None:
    """Return how long to wait before the next try, in seconds, or None when there is to be none.

    The wait doubles with each try (1, 2, 4 s) and `draw` (0 to 1, random) takes away up to half of it, so that shops
    that failed together are not asked together.
    """
    allowed = TIMEOUT_RETRIES if attempt.reason == "timeout" else RETRIES
    if attempt.reason not in RETRIED or attempt.retries >= allowed or attempt.visit_retries >= RETRIES_A_VISIT:
        return None
    longest = min(LONGEST_WAIT_S, FIRST_WAIT_S * (1 << min(attempt.retries, 10)))
    wait_s = longest * (1.0 - 0.5 * draw)
    return wait_s if wait_s + attempt.attempt_s <= attempt.left_s else None
