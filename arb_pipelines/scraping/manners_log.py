"""What each visit asked of its site, counted while it runs.

What belongs here: the counters behind `domain.manners.VisitManners`. Requests are known by the moment they started
(seconds of a monotonic clock), because their gaps are what a shop feels.
"""

from __future__ import annotations

import bisect
from dataclasses import dataclass, field

from arb_pipelines.domain.manners import VisitManners

MINUTE_S = 60.0
TIMER_SLACK_S = 0.02  # event-loop timers fire up to a clock tick early


@dataclass(slots=True)
class _Counts:
    starts: list[float] = field(default_factory=list)
    delay_s: float = 0.0
    retries: int = 0
    robots_refused: int = 0
    throttled: int = 0
    paused_s: float = 0.0
    too_soon: int = 0


class MannersLog:
    """Counts per site key. The delay of a site is the shortest gap that is allowed between two of its requests."""

    def __init__(self) -> None:
        """Begin with nothing counted."""
        self._counts: dict[str, _Counts] = {}

    def delay_s(self, key: str) -> float:
        """Return the shortest gap allowed now, in seconds."""
        return self._of(key).delay_s

    def note_delay(self, key: str, delay_s: float) -> None:
        """Note a shortest gap that was declared or asked for; the longest of all holds."""
        counts = self._of(key)
        counts.delay_s = max(counts.delay_s, delay_s)

    def note_start(self, key: str, at_s: float) -> None:
        """Note that a request started; the same moment twice is one request."""
        counts = self._of(key)
        if counts.starts and at_s <= counts.starts[-1]:
            return
        if counts.starts and at_s - counts.starts[-1] < counts.delay_s - TIMER_SLACK_S:
            counts.too_soon += 1
        counts.starts.append(at_s)

    def note_retry(self, key: str) -> int:
        """Count a retry and return how many the visit has had before it."""
        counts = self._of(key)
        counts.retries += 1
        return counts.retries - 1

    def retries(self, key: str) -> int:
        """Return how many retries the visit has had."""
        return self._of(key).retries

    def note_robots_refusal(self, key: str) -> None:
        """Count a page that robots.txt kept us from."""
        self._of(key).robots_refused += 1

    def note_pause(self, key: str, seconds: float, is_asked: bool) -> None:
        """Count a rest that the site is given; `is_asked` when its answer asked for it (429, Retry-After)."""
        counts = self._of(key)
        counts.throttled += is_asked
        counts.paused_s = max(counts.paused_s, seconds)

    def facts(self, key: str) -> VisitManners:
        """Return what the visit of site `key` asked of it so far."""
        counts = self._of(key)
        gaps = [after - before for before, after in zip(counts.starts, counts.starts[1:], strict=False)]
        return VisitManners(
            requests=len(counts.starts),
            retries=counts.retries,
            robots_refused=counts.robots_refused,
            throttled=counts.throttled,
            paused_s=round(counts.paused_s),
            peak_per_minute=_peak(counts.starts),
            delay_ms=round(1000 * counts.delay_s),
            shortest_gap_ms=round(1000 * min(gaps)) if gaps else None,
            too_soon=counts.too_soon,
        )

    def _of(self, key: str) -> _Counts:
        return self._counts.setdefault(key, _Counts())


def _peak(starts: list[float]) -> int:
    """Return the most requests that started within any 60 s."""
    return max((bisect.bisect_left(starts, at + MINUTE_S) - place for place, at in enumerate(starts)), default=0)
