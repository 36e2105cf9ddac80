"""What a site's next visit must remember of the last: parked until when, robots.txt, where to go on.

What belongs here: one small JSON file a site. A site is in one shard at a time, so no two processes write the
same file; a broken or missing file is an empty memory, which costs one request and loses nothing.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

ROBOTS_MAX_AGE = timedelta(hours=24)  # RFC 9309 2.4
ROBOTS_MAX_CHARS = 512_000  # RFC 9309 2.5: at least 500 KiB are read


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

    def parked(self, now: datetime) -> str | None:
        """Return why the site is not to be visited at `now`, or None."""
        until = _parse_time(self.parked_until)
        return self.parked_reason if until is not None and now < until else None

    def park(self, now: datetime, seconds: float, reason: str) -> None:
        """Keep everyone off the site for `seconds`."""
        self.parked_until = (now + timedelta(seconds=seconds)).isoformat()
        self.parked_reason = reason

    def fresh_robots(self, origin: str, now: datetime) -> RobotsCopy | None:
        """Return the kept robots.txt of `origin` when it is younger than 24 hours."""
        copy = self.robots.get(origin)
        fetched_at = _parse_time(copy.fetched_at) if copy else None
        if fetched_at is None or not timedelta(0) <= now - fetched_at < ROBOTS_MAX_AGE:
            return None
        return copy


class SiteStates:
    """The states of a shard's sites, read at first use and written by `save`."""

    def __init__(self, folder: Path | None) -> None:
        """Keep states in `folder`, or only in memory when it is None."""
        self._folder = folder
        self._states: dict[str, SiteState] = {}
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)

    def get(self, key: str) -> SiteState:
        """Return the state of site `key`; a site never seen has an empty one."""
        if key not in self._states:
            self._states[key] = self._load(key)
        return self._states[key]

    def save(self) -> None:
        """Write every state that was looked at, each by write-then-rename."""
        if self._folder is None:
            return
        for key, state in self._states.items():
            path = self._folder / f"{key}.json"
            temporary = path.with_suffix(f".{os.getpid()}.tmp")
            temporary.write_text(json.dumps(asdict(state)), encoding="utf-8")
            temporary.replace(path)

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
    return SiteState(int(raw["cursor"]), raw["parked_until"], raw["parked_reason"], robots)


def _parse_time(text: str | None) -> datetime | None:
    try:
        parsed = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    return parsed if parsed is None or parsed.tzinfo else parsed.replace(tzinfo=UTC)
