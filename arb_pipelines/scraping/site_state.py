"""What a site's next visit must remember of the last: parked until when, its circuit, robots.txt, where to go on.

What belongs here: one small JSON file a site, and the lock that keeps a second process off the site and its file.
A broken or missing file is an empty memory, which costs one request and loses nothing.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from arb_pipelines.domain import circuit_breaker
from arb_pipelines.domain.circuit_breaker import CIRCUIT_OPEN, Circuit, CircuitState
from arb_pipelines.domain.site import Site, SiteVisit

logger = logging.getLogger(__name__)

ROBOTS_MAX_AGE = timedelta(hours=24)  # RFC 9309 2.4
ROBOTS_MAX_CHARS = 512_000  # RFC 9309 2.5: at least 500 KiB are read
PARKED = "parked"


@dataclass(slots=True)
class RobotsCopy:
    """A robots.txt as fetched: HTTP status, text, time (ISO, UTC)."""

    status: int
    text: str
    fetched_at: str


@dataclass(slots=True)
class SiteState:
    """The memory of one site between visits. `cursor` counts the product pages visited so far."""

    cursor: int = 0
    parked_until: str | None = None
    parked_reason: str | None = None
    robots: dict[str, RobotsCopy] = field(default_factory=dict)
    circuit: Circuit = field(default_factory=Circuit)

    def parked(self, now: datetime) -> str | None:
        """Return why the site asked not to be visited at `now`, or None."""
        until = _parse_time(self.parked_until)
        return self.parked_reason if until is not None and now < until else None

    def refusal(self, now: datetime) -> str | None:
        """Return why the site is not visited at `now` (a reason code), or None."""
        if self.parked(now):
            return PARKED
        return CIRCUIT_OPEN if self.circuit.state(now) is CircuitState.OPEN else None

    def refused_until(self, now: datetime) -> datetime | None:
        """Return until when `refusal` holds, None when there is none at `now`."""
        times = (_parse_time(self.parked_until), self.circuit.open_until)
        return max((at for at in times if at is not None and at > now), default=None)

    def park(self, now: datetime, seconds: float, reason: str) -> None:
        """Keep everyone off the site for `seconds`."""
        self.parked_until = (now + timedelta(seconds=seconds)).isoformat()
        self.parked_reason = reason

    def learn(self, visit: SiteVisit, interval_s: float) -> None:
        """Take in how a visit to the site ended."""
        self.circuit = circuit_breaker.after_visit(self.circuit, visit.reason, visit.finished_at, interval_s)

    def fresh_robots(self, origin: str, now: datetime) -> RobotsCopy | None:
        """Return the kept robots.txt of `origin` when it is younger than 24 hours."""
        copy = self.robots.get(origin)
        fetched_at = _parse_time(copy.fetched_at) if copy else None
        if fetched_at is None or not timedelta(0) <= now - fetched_at < ROBOTS_MAX_AGE:
            return None
        return copy

    def to_json(self) -> dict[str, Any]:
        """Return the state as a JSON object."""
        until = self.circuit.open_until
        return asdict(self) | {"circuit": asdict(self.circuit) | {"open_until": until.isoformat() if until else None}}


class SiteStates:
    """The states of a shard's sites, read at first use and written by `save`.

    `hold` locks a host until this process ends, so one process at a time visits it, whatever started it.
    """

    def __init__(self, folder: Path | None) -> None:
        """Keep states in `folder`, or only in memory (and without locks) when it is None."""
        self._folder = folder
        self._states: dict[str, SiteState] = {}
        self._busy: set[str] = set()
        self._locks: dict[str, int | None] = {}
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)

    def get(self, key: str) -> SiteState:
        """Return the state of site `key`; a site never seen has an empty one."""
        if key not in self._states:
            self._states[key] = self._load(key)
        return self._states[key]

    def hold(self, key: str, host: str) -> bool:
        """Lock `host` for site `key`; return whether this process may visit it.

        A site on a host that another process holds is neither visited nor written by this one; nor is one whose
        lock file cannot be made.
        """
        if host not in self._locks:
            self._locks[host] = self._lock(host)
        if self._folder is not None and self._locks[host] is None:
            self._busy.add(key)
            return False
        return True

    def learn(self, visits: Iterable[SiteVisit], sites: Iterable[Site]) -> None:
        """Take in how the visits of the shard ended."""
        intervals = {site.key: float(site.interval_s) for site in sites}
        for visit in visits:
            self.get(visit.site).learn(visit, intervals[visit.site])

    def save(self) -> None:
        """Write every state that was looked at."""
        for key in self._states:
            self.keep(key)

    def keep(self, key: str) -> None:
        """Write the state of one site by write-then-rename, so that a kill right after forgets nothing of it."""
        if self._folder is None or key in self._busy:
            return
        path = self._folder / f"{key}.json"
        temporary = path.with_suffix(f".{os.getpid()}.tmp")
        temporary.write_text(json.dumps(self.get(key).to_json()), encoding="utf-8")
        temporary.replace(path)

    def release(self) -> None:
        """Give up all locks; the end of the process does the same."""
        for lock in filter(None, self._locks.values()):
            os.close(lock)
        self._locks.clear()

    def _lock(self, host: str) -> int | None:
        """Return the descriptor that holds the lock, None when another process does (or none is needed)."""
        if self._folder is None:
            return None
        # A file of its own, because the state file is replaced by renaming; percent signs keep it off all keys.
        path = self._folder / f"{quote(host, safe='')}.lock"
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            logger.warning("no lock at %s: %s", path, error.strerror)
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            return None
        return descriptor

    def _load(self, key: str) -> SiteState:
        if self._folder is None:
            return SiteState()
        try:
            raw = json.loads((self._folder / f"{key}.json").read_text(encoding="utf-8"))
            return _build_state(raw)
        except (OSError, ValueError, TypeError, AttributeError, KeyError):
            return SiteState()


def _build_state(raw: dict[str, Any]) -> SiteState:
    robots = {origin: RobotsCopy(**copy) for origin, copy in raw.get("robots", {}).items()}
    circuit = Circuit()
    # A file of an earlier version has none; one that is broken must not cost the robots.txt beside it.
    with suppress(KeyError, TypeError, ValueError):
        told = raw["circuit"]
        reason = told["reason"]
        circuit = Circuit(int(told["failures"]), int(told["openings"]), _parse_time(told["open_until"]), reason)
    return SiteState(int(raw["cursor"]), raw["parked_until"], raw["parked_reason"], robots, circuit)


def _parse_time(text: str | None) -> datetime | None:
    try:
        parsed = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    return parsed if parsed is None or parsed.tzinfo else parsed.replace(tzinfo=UTC)
