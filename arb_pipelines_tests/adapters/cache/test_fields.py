"""Records by field: times to live, one load for many, and faults that cost a load at most."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from arb_pipelines.adapters.cache.fields import Fields
from arb_pipelines.adapters.cache.memory import MemoryStore
from arb_pipelines.adapters.cache.redis_store import RedisStore
from arb_pipelines.domain.caching import KeyStore, Record
from arb_pipelines_tests.conftest import free_port

LASTS_S = {"title": 1000.0, "price": 10.0}


class Loads:
    """Counts how often a record was loaded."""

    def __init__(self, record: Record | None = None) -> None:
        self.count = 0
        self.record: dict[str, Any] = dict(record or {"title": "A kettle", "price": None})

    def __call__(self) -> Record:
        self.count += 1
        return self.record


def test_f01_what_was_asked_is_not_asked_again(store: KeyStore) -> None:
    cache, load = Fields(store, LASTS_S), Loads()
    for _ in range(3):
        assert cache.get("k", ["title", "price"], load) == {"title": "A kettle", "price": None}
    assert load.count == 1
    assert (cache.counts.hits, cache.counts.loads, cache.counts.hit_rate) == (2, 1, 2 / 3)


def test_f02_each_field_lives_for_its_own_time() -> None:
    now = [0.0]
    cache, load = Fields(MemoryStore(clock_s=lambda: now[0]), LASTS_S, draw=lambda: 0.0), Loads()
    cache.get("k", ["title", "price"], load)
    now[0] = 10.0
    cache.get("k", ["title"], load)
    assert load.count == 1
    cache.get("k", ["price"], load)
    assert load.count == 2


def test_f03_lives_are_spread() -> None:
    now = [0.0]
    cache, load = Fields(MemoryStore(clock_s=lambda: now[0]), LASTS_S, draw=lambda: 1.0), Loads()
    cache.get("k", ["price"], load)
    now[0] = 9.0
    cache.get("k", ["price"], load)
    assert load.count == 2


def test_f04_a_field_without_a_life_is_not_kept(store: KeyStore) -> None:
    cache, load = Fields(store, LASTS_S), Loads({"title": "A", "price": 1, "fleeting": 2})
    assert cache.get("k", ["fleeting"], load) == {"fleeting": 2}
    cache.get("k", ["fleeting"], load)
    assert load.count == 2


def test_f05_of_many_who_ask_at_once_one_loads(store: KeyStore) -> None:
    everybody = threading.Barrier(8)
    loading, may_end, loads = threading.Event(), threading.Event(), Loads()

    def slow() -> Record:
        loading.set()
        may_end.wait(5)
        return loads()

    def ask(cache: Fields) -> Record:
        everybody.wait(5)
        return cache.get("k", ["title"], slow)

    with ThreadPoolExecutor(8) as pool:
        caches = [Fields(store, LASTS_S) for _ in range(8)]
        asked = [pool.submit(ask, cache) for cache in caches]
        assert loading.wait(5)
        may_end.set()
        assert [one.result() for one in asked] == [{"title": "A kettle"}] * 8
    assert loads.count == 1
    assert sum(cache.counts.loads for cache in caches) == 1


def test_f06_a_load_that_fails_is_not_remembered(store: KeyStore) -> None:
    cache, load = Fields(store, LASTS_S), Loads()

    def fail() -> Record:
        raise TimeoutError("vendor")

    with pytest.raises(TimeoutError):
        cache.get("k", ["title"], fail)
    assert cache.get("k", ["title"], load) == {"title": "A kettle"}


def test_f07_who_waits_for_a_loader_that_died_loads(store: KeyStore) -> None:
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += 5.0

    cache, load = Fields(store, LASTS_S, clock_s=lambda: now[0], sleep=sleep), Loads()
    assert store.lock("k", 3600.0)
    assert cache.get("k", ["title"], load) == {"title": "A kettle"}
    assert 30.0 < now[0] <= 40.0


@pytest.mark.parametrize("spoil", [b"{", b"\xff", b"NaN,"])
def test_f08_what_cannot_be_read_is_loaded(store: KeyStore, spoil: bytes) -> None:
    cache, load = Fields(store, LASTS_S), Loads()
    store.put_many({"k:title": (spoil, 60.0)})
    assert cache.get("k", ["title"], load) == {"title": "A kettle"}
    assert cache.counts.faults == 2


def test_a_store_that_is_gone_costs_a_load() -> None:
    cache, load = Fields(RedisStore(f"redis://127.0.0.1:{free_port()}/0"), LASTS_S), Loads()
    for _ in range(2):
        assert cache.get("k", ["title"], load) == {"title": "A kettle"}
    assert load.count == 2
    assert cache.counts.faults > 0
