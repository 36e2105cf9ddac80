"""Which proxy of a pool a site goes through.

What belongs here: the choice and the health of each proxy, as values. Reading the pool from the settings and sending
requests through it is not. A site keeps its proxy while that is healthy, so that a shop sees one address.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

FAILURES_TO_REST = 3
FIRST_REST = timedelta(minutes=1)
LONGEST_REST = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class ProxyHealth:
    """Failures in a row of one proxy, and until when it rests (aware) because of them."""

    failures: int = 0
    resting_until: datetime | None = None

    def is_healthy(self, now: datetime) -> bool:
        """Return whether requests may go through the proxy at `now`."""
        return self.resting_until is None or now >= self.resting_until


def proxy_id(url: str) -> str:
    """Return a name for a proxy that tells nothing of its address or password."""
    return hashlib.sha256(url.encode()).hexdigest()[:12]


def choose_proxy(proxies: Sequence[str], site_key: str, health: Mapping[str, ProxyHealth], now: datetime) -> str | None:
    """Return the URL of the healthy proxy that is the site's own, or None when none is healthy.

    Rendezvous hashing: each site ranks all proxies in an order of its own, so one that falls out moves only its own
    sites, evenly over the rest. `health` is by `proxy_id`.
    """
    healthy = [url for url in proxies if health.get(proxy_id(url), ProxyHealth()).is_healthy(now)]
    return max(healthy, key=lambda url: hashlib.sha256(f"{site_key}|{url}".encode()).digest(), default=None)


def after_request(health: ProxyHealth, is_ok: bool, now: datetime) -> ProxyHealth:
    """Return a proxy's health after a request: three failures in a row give it a rest that doubles up to an hour."""
    if is_ok:
        return ProxyHealth()
    failures = health.failures + 1
    if failures < FAILURES_TO_REST:
        return ProxyHealth(failures, health.resting_until)
    rest = min(LONGEST_REST, FIRST_REST * (1 << min(failures - FAILURES_TO_REST, 10)))
    return ProxyHealth(failures, now + rest)
