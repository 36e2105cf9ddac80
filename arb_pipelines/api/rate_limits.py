"""How often somebody may ask: one number for each asker, whatever the rate.

What belongs here: the limiter (GCRA: the time at which a full bucket would be reached again) and its names.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

MOST_ASKERS = 20_000  # beyond it the ones who asked least recently are forgotten: the memory is bounded


class RateLimits:
    """Rates by (what, who); each may be used up at once and comes back evenly over a minute."""

    def __init__(self, per_minute: dict[str, int], monotonic: Callable[[], float]) -> None:
        """Keep the rates by what is asked, and the clock (seconds)."""
        self._gaps_s = {what: 60.0 / rate for what, rate in per_minute.items()}
        self._monotonic = monotonic
        self._full_at: OrderedDict[tuple[str, str], float] = OrderedDict()
        self._lock = Lock()

    def take(self, what: str, who: str) -> int | None:
        """Count one request; None if it is within the rate, else after how many seconds to come again.

        Raises:
            KeyError: no rate was set for `what`.
        """
        gap_s, now = self._gaps_s[what], self._monotonic()
        with self._lock:
            full_at = max(self._full_at.get((what, who), now), now) + gap_s
            wait_s = full_at - now - 60.0
            if wait_s > 1e-6:
                return max(1, math.ceil(wait_s))
            self._full_at[what, who] = full_at
            self._full_at.move_to_end((what, who))
            while len(self._full_at) > MOST_ASKERS:
                self._full_at.popitem(last=False)
        return None
