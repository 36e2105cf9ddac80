"""Records whose fields live differently long, over any key store.

What belongs here: one load for many who ask at once, times to live by field, and the counters. What a field means is
the business of whom it belongs to.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any

from arb_pipelines.domain.caching import CacheCounts, KeyStore, Record

LOCK_S = 30.0  # longer than a vendor's timeouts; a loader that died holds others up no longer than this
POLL_S = 0.01
SPREAD = 0.1  # what was loaded together does not all expire together


class Fields:
    """Fulfils `domain.caching.FieldCache`."""

    def __init__(
        self,
        store: KeyStore,
        lasts_s: Mapping[str, float],
        *,
        clock_s: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        draw: Callable[[], float] = random.random,
    ) -> None:
        """Keep where records are stored and how long each field lasts.

        Args:
            store: in this process or Redis.
            lasts_s: time to live by field, seconds; a field without one is not kept.
            clock_s: seconds that never go back.
            sleep: how to wait for another's load.
            draw: a random number from 0 to 1; it takes up to a tenth off a time to live.
        """
        self._store, self._lasts_s = store, dict(lasts_s)
        self._clock_s, self._sleep, self._draw = clock_s, sleep, draw
        self.counts = CacheCounts()

    def get(self, key: str, wanted: Collection[str], load: Callable[[], Record]) -> Record:
        """Return the wanted fields of a record; `load` returns all its fields and is called where one is missing.

        A store that does not answer costs a load, never an answer.
        """
        found = self._read(key, wanted)
        if found is not None:
            self.counts.hits += 1
            return found
        return self._load_once(key, wanted, load)

    def _load_once(self, key: str, wanted: Collection[str], load: Callable[[], Record]) -> Record:
        gives_up_s = self._clock_s() + LOCK_S
        while True:
            token = self._lock(key)
            if token is not None:
                break
            self._sleep(POLL_S)
            found = self._read(key, wanted)
            if found is not None:
                self.counts.waits += 1
                return found
            if self._clock_s() > gives_up_s:
                token = ""
                break
        try:
            # Between our look and our lock another may have loaded.
            found = self._read(key, wanted)
            if found is not None:
                self.counts.waits += 1
                return found
            return self._load(key, wanted, load)
        finally:
            self._unlock(key, token)

    def _load(self, key: str, wanted: Collection[str], load: Callable[[], Record]) -> Record:
        self.counts.loads += 1
        record = load()
        kept = {
            _name(key, field): (json.dumps(value).encode(), self._lasts_s[field] * (1.0 - SPREAD * self._draw()))
            for field, value in record.items()
            if field in self._lasts_s
        }
        self._safely(lambda: self._store.put_many(kept))
        return {field: record.get(field) for field in wanted}

    def _read(self, key: str, wanted: Collection[str]) -> Record | None:
        names = {_name(key, field): field for field in wanted}
        values: dict[str, bytes] = self._safely(lambda: self._store.get_many(names)) or {}
        if len(values) < len(names):
            return None
        try:
            return {names[name]: json.loads(value) for name, value in values.items()}
        except ValueError:
            self.counts.faults += 1
            return None

    def _lock(self, key: str) -> str | None:
        """Return a token, None while another loads; without a store everybody loads."""
        try:
            return self._store.lock(key, LOCK_S)
        except ConnectionError:
            self.counts.faults += 1
            return ""

    def _unlock(self, key: str, token: str) -> None:
        if token:
            self._safely(lambda: self._store.unlock(key, token))

    def _safely(self, ask: Callable[[], Any]) -> Any:
        try:
            return ask()
        except ConnectionError:
            self.counts.faults += 1
            return None


def _name(key: str, field: str) -> str:
    return f"{key}:{field}"
