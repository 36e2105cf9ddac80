"""Remembering what was asked for: fields of a record, each for as long as it stays true.

What belongs here: the ports and the counters. The stores are `adapters/cache/`: in this process by default, Redis
where several processes share.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

Record = Mapping[str, Any]  # JSON values by field; None is a value: "the vendor was asked and does not know"


@dataclass(slots=True)
class CacheCounts:
    """How a cache did: requests answered from it, loads made, requests that waited for another's load, store faults."""

    hits: int = 0
    loads: int = 0
    waits: int = 0
    faults: int = 0

    @property
    def hit_rate(self) -> float | None:
        """The share of requests that caused no load, None before the first."""
        asked = self.hits + self.waits + self.loads
        return (self.hits + self.waits) / asked if asked else None


class KeyStore(Protocol):
    """Bytes by key with a time to live, and short locks.

    Any method may raise `ConnectionError` where the store is elsewhere.
    """

    def get_many(self, keys: Collection[str]) -> dict[str, bytes]:
        """Return what is kept under these keys and has not expired."""

    def put_many(self, values: Mapping[str, tuple[bytes, float]]) -> None:
        """Keep values, each with its time to live in seconds."""

    def lock(self, key: str, lasts_s: float) -> str | None:
        """Take a lock that ends by itself; return its token, None while somebody else has it."""

    def unlock(self, key: str, token: str) -> None:
        """Give a lock back; one that is no longer ours is left alone."""


class FieldCache(Protocol):
    """Records whose fields live differently long."""

    counts: CacheCounts

    def get(self, key: str, wanted: Collection[str], load: Callable[[], Record]) -> Record:
        """Return the wanted fields of a record; `load` returns all of its fields and is called where one is missing.

        Of many who ask at once for one key, one loads. What `load` raises is raised to whom loads, and not kept.
        """
