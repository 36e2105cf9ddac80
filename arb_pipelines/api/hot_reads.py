"""Answers that many ask for alike, kept for a moment: the first page of opportunities, the history of a product.

What belongs here: the names and times to live of what is kept. Keeping is `adapters/cache/`, in this process or Redis
(`ARB_REDIS_URL`). Who may read is asked before, every time, so nothing here is anybody's own. A decision forgets the
lists at once in its own process; elsewhere they are as old as their time to live at most, and a decision reads the
books again anyway.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import count

from arb_pipelines.adapters.cache.fields import Fields
from arb_pipelines.domain.caching import CacheCounts, KeyStore

LISTS, HISTORY = "lists", "history"
LASTS_S = {LISTS: 1.0, HISTORY: 15.0}
LOOK_AGAIN_S = 0.001  # while another loads the same, which takes 2 ms: at 10 ms the wait made the slowest percent


class HotReads:
    """Texts by what was asked; one load for many who ask at once."""

    def __init__(self, store: KeyStore) -> None:
        """Keep in a store."""
        self._fields = Fields(store, LASTS_S, sleep=lambda _s: time.sleep(LOOK_AGAIN_S))
        self._numbers = count()
        self._since = next(self._numbers)

    @property
    def counts(self) -> CacheCounts:
        """How often what was asked for was there."""
        return self._fields.counts

    def get(self, kind: str, asked: str, load: Callable[[], str]) -> str:
        """Return the answer to what was asked, from the store or by `load`, whose errors pass through."""
        since = self._since if kind == LISTS else 0
        text: str = self._fields.get(f"arb:api:{since}:{asked}", (kind,), lambda: {kind: load()})[kind]
        return text

    def forget_lists(self) -> None:
        """Show nothing of before a decision."""
        self._since = next(self._numbers)
