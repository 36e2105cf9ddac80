"""World time: how hours in the sandbox run against the real clock.

What belongs here: the mapping between the two. The world runs faster than the clock, sleeps while no server runs
and can be moved forward by a test, so the mapping is a chain of anchors, one a start or jump.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

Clock = Callable[[], datetime]

SECONDS_AN_HOUR = 3600.0


def utc_now() -> datetime:
    """Return the present, aware UTC: the clock of a server; tests pass their own."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Anchor:
    """From `real_at` on, the world stands at `hour` and runs `speed` times as fast as the clock."""

    real_at: datetime
    hour: float
    speed: float


class Timeline:
    """World hours since the world began (hour 0). Hours before that are history and map to real hours."""

    def __init__(self, anchors: Sequence[Anchor], clock: Clock) -> None:
        """Take at least one anchor, oldest first.

        Raises:
            ValueError: no anchor, or a speed that is not positive.
        """
        if not anchors or any(anchor.speed <= 0 for anchor in anchors):
            raise ValueError("world time needs a start and a speed above 0")
        self._anchors = list(anchors)
        self._clock = clock

    @property
    def anchors(self) -> tuple[Anchor, ...]:
        """Every start and jump so far, oldest first."""
        return tuple(self._anchors)

    def real_now(self) -> datetime:
        """Return the real time, aware UTC."""
        return self._clock()

    def now_h(self) -> float:
        """Return the world hour now; it never runs backwards before the last anchor."""
        last = self._anchors[-1]
        passed_s = max(0.0, (self._clock() - last.real_at).total_seconds())
        return last.hour + passed_s * last.speed / SECONDS_AN_HOUR

    def real_at(self, hour: float) -> datetime:
        """Return when the world stood at `hour`. Hours that a jump skipped all map to the jump."""
        first = self._anchors[0]
        if hour < first.hour:
            return first.real_at + timedelta(hours=hour - first.hour)
        index = bisect_right(self._anchors, hour, key=lambda anchor: anchor.hour) - 1
        anchor = self._anchors[index]
        real = anchor.real_at + timedelta(seconds=(hour - anchor.hour) * SECONDS_AN_HOUR / anchor.speed)
        following = self._anchors[index + 1 :]
        return min(real, following[0].real_at) if following else real

    def jump(self, hours: float) -> Anchor:
        """Move the world `hours` forward at once and return the new anchor.

        Raises:
            ValueError: `hours` is negative.
        """
        if hours < 0:
            raise ValueError(f"world time only moves forward, got {hours} hours")
        anchor = Anchor(self._clock(), self.now_h() + hours, self._anchors[-1].speed)
        self._anchors.append(anchor)
        return anchor


def format_utc(moment: datetime) -> str:
    """Return e.g. `2026-01-31T08:05:09.042Z`, the form all servers of the sandbox publish."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def parse_utc(text: str) -> datetime:
    """Read a timestamp with a zone, to the millisecond.

    Published times are cut to milliseconds; a bound that kept its microseconds would miss what it should include.

    Raises:
        ValueError: not ISO 8601, or without a zone.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"timestamp without a zone: {text!r}")
    return moment.astimezone(UTC).replace(microsecond=moment.microsecond // 1000 * 1000)
