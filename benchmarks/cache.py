"""The cache in front of metered interfaces: hit rate on a day's requests, stampedes, and Redis beside this process.

Run `python benchmarks/cache.py --json`. The trace is made by seed and not taken from anywhere: 20,000 products are
known, how often one is asked for falls with its rank (Zipf, exponent 1.05, as offers of popular products are read by
more shops); every 10 minutes a scoring run asks for the average prices and demand of the products whose offers moved
(400, drawn by that law), and in between people and price checks before buying ask for current prices (60 an hour by
day, 10 by night). Times to live are those of the Keepa client, and world time passes by the trace. A hit is a request
that cost no token. The stampede is 32 threads that ask for one cold key at once while a load takes 50 ms, beside the
same threads over a plain get-else-load-and-put. Redis is a real server on a free port, stopped at the end.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import accumulate
from typing import Any

from arb_pipelines.adapters.cache.fields import Fields
from arb_pipelines.adapters.cache.memory import MemoryStore
from arb_pipelines.adapters.cache.redis_store import RedisStore
from arb_pipelines.adapters.price_apis.keepa import ALL, LASTS_S
from arb_pipelines.domain.caching import KeyStore, Record
from arb_pipelines.domain.product_facts import AVERAGES, CURRENT, DEMAND, IDENTITY, ProductFacts

PRODUCTS, EXPONENT, A_RUN, RUN_S, DAY_S = 20_000, 1.05, 400, 600, 86_400
SCORING = (*IDENTITY, *AVERAGES, *DEMAND)
BEFORE_BUYING = (*IDENTITY, *CURRENT)
THREADS, LOAD_S = 32, 0.05
RECORD: Record = {**ProductFacts("keepa", "USD", title="A kettle").as_record(), "known": True}
Request = tuple[float, int, tuple[str, ...]]


def trace(seed: int) -> list[Request]:
    """Return a day's requests: the second, the product, and the fields that are asked for."""
    draw = random.Random(seed)
    weights = list(accumulate(rank**-EXPONENT for rank in range(1, PRODUCTS + 1)))
    requests: list[Request] = []
    for start_s in range(0, DAY_S, RUN_S):
        asked = draw.choices(range(PRODUCTS), cum_weights=weights, k=A_RUN)
        requests += [(start_s + place * 0.01, product, SCORING) for place, product in enumerate(asked)]
        hour = start_s // 3600
        for _ in range((60 if 7 <= hour < 22 else 10) * RUN_S // 3600):
            product = draw.choices(range(PRODUCTS), cum_weights=weights)[0]
            requests.append((start_s + draw.uniform(5.0, RUN_S), product, BEFORE_BUYING))
    return sorted(requests)


def replay(requests: list[Request], lasts_s: dict[str, float], warm: bool) -> dict[str, Any]:
    """Return the hit rate of a day; `warm` replays the day before first, as a house that runs for long has it."""
    now = [0.0]
    cache = Fields(MemoryStore(most=10**6, clock_s=lambda: now[0]), lasts_s, draw=random.Random(1).random)
    if warm:
        for at_s, product, wanted in trace(seed=0):
            now[0] = at_s
            cache.get(str(product), wanted, lambda: RECORD)
        cache.counts.hits = cache.counts.loads = cache.counts.waits = 0
    for at_s, product, wanted in requests:
        now[0] = DAY_S + at_s
        cache.get(str(product), wanted, lambda: RECORD)
    return {
        "requests": len(requests),
        "tokens": cache.counts.loads,
        "hit_rate": round(cache.counts.hit_rate or 0.0, 4),
    }


def plain_get(store: KeyStore, key: str, load: Callable[[], Record]) -> Record:
    """The peer: look, else load and put, without a lock."""
    kept = store.get_many([key])
    if key in kept:
        return json.loads(kept[key])  # type: ignore[no-any-return]  # a record of this benchmark's
    record = load()
    store.put_many({key: (json.dumps(record).encode(), 60.0)})
    return record


def stampede(ask: Callable[[Callable[[], Record]], Record]) -> dict[str, Any]:
    """Return how many of the threads that ask at once caused a load."""
    loads, together = [], threading.Barrier(THREADS)

    def load() -> Record:
        loads.append(1)
        time.sleep(LOAD_S)
        return RECORD

    def one(_: int) -> None:
        together.wait()
        ask(load)

    started_s = time.perf_counter()
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(one, range(THREADS)))
    return {"asked": THREADS, "loads": len(loads), "wall_ms": round((time.perf_counter() - started_s) * 1000)}


def speed(store: KeyStore, wanted: Collection[str], count: int = 2000) -> dict[str, Any]:
    """Return microseconds of a hit on a whole record, one thread."""
    cache, taken_us = Fields(store, LASTS_S), []
    cache.get("speed", wanted, lambda: RECORD)
    for _ in range(count):
        started_s = time.perf_counter()
        cache.get("speed", wanted, lambda: RECORD)
        taken_us.append((time.perf_counter() - started_s) * 1e6)
    taken_us.sort()
    return {"hit_us_p50": round(taken_us[count // 2]), "hit_us_p99": round(taken_us[int(count * 0.99)])}


@contextmanager
def redis_server() -> Iterator[str | None]:
    """Run a server on a free port; None where it is not installed."""
    program = shutil.which("redis-server")
    if program is None:
        yield None
        return
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    with tempfile.TemporaryDirectory() as folder:
        server = subprocess.Popen([program, *options, "--dir", folder], stdout=subprocess.DEVNULL)
        try:
            _wait_for(port)
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            server.terminate()
            server.wait(10)


def _wait_for(port: int) -> None:
    end_s = time.monotonic() + 10
    while time.monotonic() < end_s:
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise SystemExit("redis-server did not answer within 10 s")


def stores(url: str | None) -> Iterator[tuple[str, KeyStore]]:
    """Yield each kind of store with its name."""
    yield "in_process", MemoryStore()
    if url is not None:
        yield "redis", RedisStore(url)


def measure(seed: int) -> dict[str, Any]:
    """Return every figure of one run."""
    requests = trace(seed)
    whole = dict.fromkeys(LASTS_S, min(LASTS_S.values()))
    result: dict[str, Any] = {
        "seed": seed,
        "day": {
            "ours_warm": replay(requests, LASTS_S, warm=True),
            "ours_cold": replay(requests, LASTS_S, warm=False),
            "one_ttl_for_the_record_warm": replay(requests, whole, warm=True),
        },
        "goal_hit_rate": 0.80,
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 1),
    }
    with redis_server() as url:
        for name, store in stores(url):
            # A cache of its own for each thread, as processes have it.
            ours = stampede(lambda load, store=store: Fields(store, LASTS_S).get("cold", ("title",), load))  # type: ignore[misc]
            result[name] = {
                "stampede": ours,
                "stampede_without_a_lock": stampede(lambda load, store=store: plain_get(store, "plain", load)),  # type: ignore[misc]
                **speed(store, ALL),
            }
    return result


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--seed", type=int, default=2026, help="seed of the trace")
    options = parser.parse_args()
    result = measure(options.seed)
    print(json.dumps(result, indent=None if options.json else 2))


if __name__ == "__main__":
    main()
