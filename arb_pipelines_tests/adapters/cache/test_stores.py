"""What every key store must do, on both: this process and Redis."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from arb_pipelines.adapters.cache.memory import MemoryStore
from arb_pipelines.adapters.cache.redis_store import RedisStore
from arb_pipelines.adapters.cache.stores import open_store
from arb_pipelines.domain.caching import KeyStore
from arb_pipelines_tests.conftest import free_port


def gone(store: KeyStore, key: str) -> bool:
    """Return whether a key is gone within a second."""
    end_s = time.monotonic() + 1.0
    while time.monotonic() < end_s:
        if not store.get_many([key]):
            return True
    return False


def test_k01_what_is_kept_comes_back(store: KeyStore) -> None:
    store.put_many({"a": (b"1", 60.0), "b": (b"\x00\xff", 60.0)})
    assert store.get_many(["a", "b", "c"]) == {"a": b"1", "b": b"\x00\xff"}
    assert store.get_many([]) == {}
    store.put_many({"a": (b"2", 60.0)})
    assert store.get_many(["a"]) == {"a": b"2"}


def test_k02_it_ends_in_time(store: KeyStore) -> None:
    store.put_many({"short": (b"1", 0.02), "long": (b"1", 60.0)})
    assert gone(store, "short")
    assert store.get_many(["long"])


def test_k03_a_lock_has_one_owner(store: KeyStore) -> None:
    with ThreadPoolExecutor(8) as pool:
        tokens = [token for token in pool.map(lambda _: store.lock("a", 60.0), range(8)) if token]
    (token,) = tokens
    store.unlock("a", "not mine")
    assert store.lock("a", 60.0) is None
    store.unlock("a", token)
    assert store.lock("a", 60.0) is not None


def test_k04_a_lock_ends_by_itself(store: KeyStore) -> None:
    token = store.lock("a", 0.02)
    assert token is not None
    end_s = time.monotonic() + 1.0
    second = None
    while second is None and time.monotonic() < end_s:
        second = store.lock("a", 60.0)
    assert second is not None
    store.unlock("a", token)
    assert store.lock("a", 60.0) is None


def test_memory_is_bounded() -> None:
    kept = MemoryStore(most=3)
    kept.put_many(dict.fromkeys("abc", (b"1", 60.0)))
    kept.get_many(["a"])
    kept.put_many({"d": (b"1", 60.0)})
    assert (len(kept), sorted(kept.get_many("abcd"))) == (3, ["a", "c", "d"])


def test_a_server_that_is_gone_is_one_kind_of_error() -> None:
    lost = RedisStore(f"redis://:canary@127.0.0.1:{free_port()}/0")
    for ask in (lambda: lost.get_many(["a"]), lambda: lost.put_many({"a": (b"", 1.0)}), lambda: lost.lock("a", 1.0)):
        with pytest.raises(ConnectionError) as told:
            ask()
        assert "canary" not in str(told.value)
    assert "canary" not in repr(lost)


def test_the_settings_choose_the_store(redis_url: str) -> None:
    with open_store(None) as here, open_store(redis_url) as there:
        assert (type(here), type(there)) == (MemoryStore, RedisStore)
