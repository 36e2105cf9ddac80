"""How often each listing was revised: eBay blocks one that is revised more than 250 times a day.

What belongs here: the count, kept in a file so that every run of every process sees it. It counts the last 24 hours,
which is never less than what eBay counts in any calendar day.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from arb_pipelines.domain.outlet import OutletRefusedError

MOST_A_DAY = 250
DAY_S = 86_400.0
BUSY_TIMEOUT_S = 10.0


class RevisionLog:
    """The revisions of the last 24 hours, by listing."""

    def __init__(self, path: Path | None = None, clock_s: Callable[[], float] = time.time) -> None:
        """Keep the count in the file at `path`, or for the life of this object when None."""
        self._path = str(path) if path else "file::memory:"
        self._clock_s = clock_s
        self._memory = None if path else self._open()

    def __repr__(self) -> str:
        """Return the class name alone."""
        return "RevisionLog()"

    def close(self) -> None:
        """Let go of a count that is kept in memory."""
        if self._memory is not None:
            self._memory.close()

    def take(self, listing_id: str, most: int = MOST_A_DAY) -> None:
        """Count one revision of a listing, before it is sent.

        Raises:
            OutletRefusedError: the listing has had its revisions of the day.
        """
        if self._memory is not None:
            return self._count(self._memory, listing_id, most)
        with closing(self._open()) as store:
            return self._count(store, listing_id, most)

    def _count(self, store: sqlite3.Connection, listing_id: str, most: int) -> None:
        now_s = self._clock_s()
        with store:
            store.execute("BEGIN IMMEDIATE")
            store.execute("DELETE FROM revision WHERE revised_at_s <= ?", (now_s - DAY_S,))
            question = "SELECT count(*), min(revised_at_s) FROM revision WHERE listing_id = ?"
            count, first_s = store.execute(question, (listing_id,)).fetchone()
            if count < most:
                store.execute("INSERT INTO revision VALUES (?, ?)", (listing_id, now_s))
                return
        hours = (first_s + DAY_S - now_s) / 3_600
        raise OutletRefusedError(
            "revision_limit", f"listing {listing_id} was revised {count} times today; again in {hours:.1f} h"
        )

    def _open(self) -> sqlite3.Connection:
        store = sqlite3.connect(self._path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
        store.execute("CREATE TABLE IF NOT EXISTS revision (listing_id TEXT NOT NULL, revised_at_s REAL NOT NULL)")
        store.execute("CREATE INDEX IF NOT EXISTS by_listing ON revision (listing_id)")
        return store
