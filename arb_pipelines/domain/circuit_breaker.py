"""When a shop that fails again and again is left alone, and how it is tried again.

What belongs here: the rule only. `scraping/site_state.py` keeps a site's circuit between ticks. A closed circuit
lets visits pass; an open one lets none pass until its time is over; then it is half open and one page is tried.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

CIRCUIT_OPEN = "circuit_open"
FAILURES_TO_OPEN = 3
PROBE_PAGES = 1
SHORTEST_OPEN = timedelta(minutes=1)
LONGEST_OPEN = timedelta(hours=6)
OPEN_VISITS = 3  # the first opening leaves out this many visits, each further one twice as many
# These say something about us, or were said before anything was asked of the shop.
NOT_THE_SHOP = frozenset(
    {
        "deadline", "interrupted", "out_of_memory",
        "no_result", "store_failed", "spider_error", "crawl_error", "browser_missing",
        "site_busy", "parked", CIRCUIT_OPEN, "no_contact", "no_healthy_proxy", "no_browser_proxy", "proxy_failed",
        "robots_disallow", "crawl_delay", "forbidden_host", "bad_url",
    }
)  # fmt: skip
NOT_THE_SHOP_PREFIXES = ("class_", "ssrf_")


class CircuitState(StrEnum):
    """What a circuit lets pass."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True, slots=True)
class Circuit:
    """A site's circuit: failed visits in a row, openings in a row, open until when (aware) and the last reason."""

    failures: int = 0
    openings: int = 0
    open_until: datetime | None = None
    reason: str | None = None

    def state(self, now: datetime) -> CircuitState:
        """Return what the circuit lets pass at `now`."""
        if self.open_until is None:
            return CircuitState.CLOSED
        return CircuitState.OPEN if now < self.open_until else CircuitState.HALF_OPEN


def is_shops_fault(reason: str | None) -> bool:
    """Return whether a failed visit with this reason counts against the shop."""
    return reason is not None and reason not in NOT_THE_SHOP and not reason.startswith(NOT_THE_SHOP_PREFIXES)


def open_for(openings: int, interval_s: float) -> timedelta:
    """Return how long the `openings`-th opening in a row (from 1) lasts for a site visited every `interval_s`."""
    first = max(SHORTEST_OPEN, timedelta(seconds=OPEN_VISITS * interval_s))
    # Beyond 2^20 every opening is at its longest, and the product would leave the range of timedelta.
    return min(max(LONGEST_OPEN, timedelta(seconds=interval_s)), first * (1 << min(openings - 1, 20)))


def after_visit(circuit: Circuit, reason: str | None, now: datetime, interval_s: float) -> Circuit:
    """Return the circuit after a visit that ended at `now`.

    Args:
        circuit: as it was before the visit.
        reason: why the visit failed; None when it was OK.
        now: aware.
        interval_s: how often the site is visited; the length of the first opening follows it.
    """
    if reason is None:
        return Circuit()
    if not is_shops_fault(reason):
        return circuit
    failures = circuit.failures + 1
    is_probe = circuit.state(now) is CircuitState.HALF_OPEN
    if not is_probe and failures < FAILURES_TO_OPEN:
        return Circuit(failures, circuit.openings, circuit.open_until, reason)
    openings = circuit.openings + 1
    return Circuit(failures, openings, now + open_for(openings, interval_s), reason)
