"""Fetched groups, kept for a while: the store is asked once in `ttl_s`, and a rotation shows after that at the latest.

What belongs here: the keeping. A store that does not answer leaves the last values in use for `keep_s`; one that
answers "no such secret" or "you may not" is believed at once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from threading import Lock
from time import monotonic

from arb_pipelines.adapters.secrets.port import SecretError, SecretStore

logger = logging.getLogger(__name__)


class CachedSecrets:
    """Fulfils `SecretStore` over another one."""

    def __init__(
        self, store: SecretStore, ttl_s: float, keep_s: float = 3600, clock_s: Callable[[], float] = monotonic
    ) -> None:
        """Keep values of `store`; `clock_s` returns seconds of a clock that is never set back."""
        self._store = store
        self._ttl_s = ttl_s
        self._keep_s = keep_s
        self._clock_s = clock_s
        self._lock = Lock()
        self._kept: dict[str, tuple[float, Mapping[str, str]]] = {}

    @property
    def name(self) -> str:
        """The store's own name."""
        return self._store.name

    def fetch(self, group: str) -> Mapping[str, str]:
        """Return a group, fetched at most `ttl_s` ago or, while the store is silent, at most `keep_s` ago.

        Raises:
            SecretError: as the store, when nothing usable is kept.
        """
        with self._lock:
            now_s = self._clock_s()
            fetched_s, values = self._kept.get(group, (now_s, {}))
            if values and now_s - fetched_s < self._ttl_s:
                return values
            try:
                fresh = self._store.fetch(group)
            except SecretError as error:
                if error.is_final or not values or now_s - fetched_s >= self._keep_s:
                    self._kept.pop(group, None)
                    raise
                logger.warning("%s; its last values stay in use", error)
                return values
            self._kept[group] = (now_s, fresh)
            return fresh
