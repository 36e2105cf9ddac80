"""A cache in this process.

What belongs here: the embedded default of `domain.caching.KeyStore`, bounded in entries, safe under threads.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping

MOST_ENTRIES = 50_000  # records of a few hundred bytes: some 20 MB


class MemoryStore:
    """Fulfils `domain.caching.KeyStore`; the entry that was not asked for the longest goes first."""

    def __init__(self, most: int = MOST_ENTRIES, clock_s: Callable[[], float] = time.monotonic) -> None:
        """Keep at most `most` entries; `clock_s` gives seconds that never go back."""
        self._most, self._clock_s = most, clock_s
        self._values: OrderedDict[str, tuple[bytes, float]] = OrderedDict()
        self._locks: dict[str, tuple[str, float]] = {}
        self._guard = threading.Lock()

    def __len__(self) -> int:
        """Return how many entries are kept, expired ones among them."""
        return len(self._values)

    def get_many(self, keys: Collection[str]) -> dict[str, bytes]:
        """Return what is kept under these keys and has not expired."""
        found: dict[str, bytes] = {}
        with self._guard:
            now_s = self._clock_s()
            for key in keys:
                value, expires_s = self._values.get(key, (b"", 0.0))
                if expires_s > now_s:
                    self._values.move_to_end(key)
                    found[key] = value
                else:
                    self._values.pop(key, None)
        return found

    def put_many(self, values: Mapping[str, tuple[bytes, float]]) -> None:
        """Keep values, each with its time to live in seconds."""
        with self._guard:
            now_s = self._clock_s()
            for key, (value, lasts_s) in values.items():
                self._values[key] = (value, now_s + lasts_s)
                self._values.move_to_end(key)
            while len(self._values) > self._most:
                self._values.popitem(last=False)

    def lock(self, key: str, lasts_s: float) -> str | None:
        """Take a lock that ends by itself; return its token, None while somebody else has it."""
        with self._guard:
            now_s = self._clock_s()
            if self._locks.get(key, ("", 0.0))[1] > now_s:
                return None
            token = secrets.token_hex(8)
            self._locks[key] = (token, now_s + lasts_s)
            return token

    def unlock(self, key: str, token: str) -> None:
        """Give a lock back; one that is no longer ours is left alone."""
        with self._guard:
            if self._locks.get(key, ("", 0.0))[0] == token:
                del self._locks[key]
