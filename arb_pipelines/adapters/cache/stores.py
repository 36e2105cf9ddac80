"""The key store that an operator has set up.

What belongs here: the choice between this process and Redis.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from arb_pipelines.adapters.cache.memory import MOST_ENTRIES, MemoryStore
from arb_pipelines.domain.caching import KeyStore


@contextmanager
def open_store(redis_url: str | None, most: int = MOST_ENTRIES) -> Iterator[KeyStore]:
    """Open the store for the length of a block; without an address it lives in this process, `most` entries at most."""
    if redis_url is None:
        yield MemoryStore(most)
        return
    from arb_pipelines.adapters.cache.redis_store import RedisStore

    store = RedisStore(redis_url)
    try:
        yield store
    finally:
        store.close()
