"""Both stores behind one fixture: this process, and a real Redis server on a free port."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator

import pytest

from arb_pipelines.adapters.cache.memory import MemoryStore
from arb_pipelines.adapters.cache.redis_store import RedisStore
from arb_pipelines.domain.caching import KeyStore
from arb_pipelines_tests.conftest import free_port, skip_or_fail

STARTED_WITHIN_S = 10.0


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """The address of a server of our own, in memory, stopped by its own process id."""
    program = shutil.which("redis-server")
    if program is None:
        skip_or_fail("redis-server is not installed (Debian: apt-get install redis-server)")
    port = free_port()
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    with tempfile.TemporaryDirectory(prefix="arb-redis-") as folder:
        server = subprocess.Popen(
            [str(program), *options, "--dir", folder], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        url = f"redis://127.0.0.1:{port}/0"
        _wait_for(url)
        yield url
        server.terminate()
        server.wait(10)


def _wait_for(url: str) -> None:
    import redis

    client = redis.Redis.from_url(url)
    deadline_s = time.monotonic() + STARTED_WITHIN_S
    while True:
        try:
            client.ping()
        except redis.ConnectionError:
            if time.monotonic() > deadline_s:
                raise
            time.sleep(0.01)
        else:
            client.close()
            return


@pytest.fixture(params=["memory", "redis"])
def store(request: pytest.FixtureRequest) -> Iterator[KeyStore]:
    """An empty store of each kind."""
    if request.param == "memory":
        yield MemoryStore()
        return
    kept = RedisStore(request.getfixturevalue("redis_url"), prefix=f"{request.node.name}:")
    yield kept
    kept.close()
