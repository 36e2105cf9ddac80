"""A cache that several processes share, in Redis.

What belongs here: `domain.caching.KeyStore` over a Redis server. The library is imported when a store is opened.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

TIMEOUT_S = 0.5  # slower than that, asking the vendor is no worse
# Compare and delete in one step: between a read and a delete the lock could have become another's.
UNLOCK = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) else return 0 end"


class RedisStore:
    """Fulfils `domain.caching.KeyStore`. Every key begins with `prefix`."""

    def __init__(self, url: str, prefix: str = "arb:", make: Callable[..., Any] | None = None) -> None:
        """Connect at the first use.

        Args:
            url: `redis://host:port/number`, `rediss://` with TLS; it may hold a password.
            prefix: so that a server can be shared with others.
            make: builds the client; replaced in tests.
        """
        import redis

        self._faults = (redis.RedisError, OSError)
        build = make or redis.Redis.from_url
        self._redis = build(url, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S)
        self._unlock = self._redis.register_script(UNLOCK)
        self._prefix = prefix

    def __repr__(self) -> str:
        """Return the class name alone: the address may hold a password."""
        return "RedisStore()"

    def get_many(self, keys: Collection[str]) -> dict[str, bytes]:
        """Return what is kept under these keys and has not expired.

        Raises:
            ConnectionError: the server does not answer.
        """
        ordered = list(keys)
        if not ordered:
            return {}
        with self._asking():
            values = self._redis.mget([self._prefix + key for key in ordered])
        return {key: value for key, value in zip(ordered, values, strict=True) if value is not None}

    def put_many(self, values: Mapping[str, tuple[bytes, float]]) -> None:
        """Keep values, each with its time to live in seconds.

        Raises:
            ConnectionError: the server does not answer.
        """
        with self._asking():
            pipe = self._redis.pipeline(transaction=False)
            for key, (value, lasts_s) in values.items():
                pipe.set(self._prefix + key, value, px=max(int(lasts_s * 1000), 1))
            pipe.execute()

    def lock(self, key: str, lasts_s: float) -> str | None:
        """Take a lock that ends by itself; return its token, None while somebody else has it.

        Raises:
            ConnectionError: the server does not answer.
        """
        token = secrets.token_hex(8)
        with self._asking():
            taken = self._redis.set(f"{self._prefix}lock:{key}", token, nx=True, px=max(int(lasts_s * 1000), 1))
        return token if taken else None

    def unlock(self, key: str, token: str) -> None:
        """Give a lock back; one that is no longer ours is left alone.

        Raises:
            ConnectionError: the server does not answer.
        """
        with self._asking():
            self._unlock(keys=[f"{self._prefix}lock:{key}"], args=[token])

    def close(self) -> None:
        """Close the connections."""
        self._redis.close()

    @contextmanager
    def _asking(self) -> Iterator[None]:
        try:
            yield
        except self._faults as error:
            # Not chained: an error of the library may show the address.
            raise ConnectionError(f"the cache does not answer: {type(error).__name__}") from None
