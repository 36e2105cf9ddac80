"""p50, p99, CPU and requests a second of list, history and approve beside a bare FastAPI route, same run; prints JSON.

What belongs here: the figures of the API. The server is one uvicorn process held to one core; requests are sent at a
fixed rate from another process and timed from when they were due, so a stall counts for everyone who waited behind it.
The peer is a FastAPI route that returns a constant, served and asked in the same way.

    python benchmarks/api.py --json
    python benchmarks/api.py --opportunities 100000 --points 2000000 --keep /tmp/books.sqlite
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import secrets
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from statistics import quantiles
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from api_world import NOW, OFFERS_A_PRODUCT, POINTS_AN_OFFER, build

from arb_pipelines.adapters.sql.books import open_books
from arb_pipelines.domain.access import ApiKey, Role

CONNECTIONS, BUSY_CONNECTIONS = 32, 8
APPROVALS_A_SECOND = 50
PAGE = 25
Request = Callable[[], bytes]


class BenchClock:
    """The time of the books that were made."""

    def now(self) -> datetime:
        """Return the time at which every offer was read last."""
        return NOW


def serve_api(listening: socket.socket, path: str, core: int) -> None:
    """Serve the API over the books at `path` until killed."""
    from arb_pipelines.api.app import build_app
    from arb_pipelines.settings import Settings

    fast: dict[str, Any] = {f"api_{what}_a_minute": 10**7 for what in ("requests", "approvals", "logins")}
    settings = Settings(_env_file=None, database_url=f"sqlite:///{path}", **fast)  # type: ignore[call-arg]
    serve(build_app(settings, clock=BenchClock()), listening, core)


def serve_bare(listening: socket.socket, _path: str, core: int) -> None:
    """Serve the peer: one route that returns a constant."""
    from fastapi import FastAPI

    app = FastAPI()

    @app.get("/bare")
    def bare() -> dict[str, bool]:
        return {"ok": True}

    serve(app, listening, core)


def serve(app: Any, listening: socket.socket, core: int) -> None:
    """Serve an application on one core."""
    import uvicorn

    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {core})
    config = uvicorn.Config(app, log_level="warning", access_log=False)
    asyncio.run(uvicorn.Server(config).serve([listening]))


@contextmanager
def served(target: Callable[..., None], path: str) -> Iterator[tuple[int, int]]:
    """Run a server in a process of its own; yields its port and process id."""
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0]
    listening = socket.create_server(("127.0.0.1", 0))
    process = multiprocessing.get_context("spawn").Process(target=target, args=(listening, path, cores[-1]))
    process.start()
    try:
        yield listening.getsockname()[1], process.pid or 0
    finally:
        process.terminate()
        process.join(10)
        listening.close()


def request_of(method: str, path: str, key: str, body: dict[str, Any] | None = None) -> bytes:
    """Return the bytes of a request."""
    content = json.dumps(body).encode() if body is not None else b""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Authorization: Bearer {key}"]
    lines += [f"Content-Length: {len(content)}", "Content-Type: application/json"] if body is not None else []
    return "\r\n".join([*lines, "", ""]).encode() + content


async def ask(streams: tuple[asyncio.StreamReader, asyncio.StreamWriter], request: bytes) -> int:
    """Send a request, read all of the answer and return its status."""
    reader, writer = streams
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
    await reader.readexactly(length)
    return int(head[9:12])


async def at_a_rate(port: int, make: Request, rate: int, seconds: float) -> dict[str, Any]:
    """Ask at a fixed rate, whatever the answers do, and return the times from when each request was due."""
    free: asyncio.Queue[Any] = asyncio.Queue()
    for _ in range(CONNECTIONS):
        free.put_nowait(await asyncio.open_connection("127.0.0.1", port))
    times_ms: list[float] = []
    wrong: list[int] = []

    async def one(due: float) -> None:
        streams = await free.get()
        status = await ask(streams, make())
        times_ms.append((time.perf_counter() - due) * 1_000)
        free.put_nowait(streams)
        if status != 200:
            wrong.append(status)

    began, tasks = time.perf_counter() + 0.05, []
    for number in range(int(rate * seconds)):
        due = began + number / rate
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        tasks.append(asyncio.create_task(one(due)))
    await asyncio.gather(*tasks)
    await close_all(free)
    return {"rate": rate, "requests": len(times_ms), "not_200": len(wrong), **shares(times_ms)}


async def as_fast_as_it_goes(port: int, make: Request, seconds: float) -> float:
    """Return the requests a second of a few connections that wait for each answer."""
    done, end = 0, time.perf_counter() + seconds

    async def keep_asking() -> None:
        nonlocal done
        streams = await asyncio.open_connection("127.0.0.1", port)
        while time.perf_counter() < end:
            await ask(streams, make())
            done += 1
        streams[1].close()

    await asyncio.gather(*(keep_asking() for _ in range(BUSY_CONNECTIONS)))
    return round(done / seconds, 1)


async def close_all(free: asyncio.Queue[Any]) -> None:
    """Close every connection."""
    while not free.empty():
        free.get_nowait()[1].close()


def shares(times_ms: list[float]) -> dict[str, float]:
    """Return p50, p95 and p99 in milliseconds."""
    cut = quantiles(times_ms, n=100)
    return {f"p{share}_ms": round(cut[share - 1], 2) for share in (50, 95, 99)}


def cpu_s(pid: int) -> float:
    """Return the CPU seconds that a process has used: on a busy machine times lie, these less."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(server: tuple[int, int], make: Request, rate: int, seconds: float) -> dict[str, Any]:
    """Warm up, then ask at the rate, then as fast as it goes."""
    port, pid = server

    async def run() -> dict[str, Any]:
        await at_a_rate(port, make, rate, min(2.0, seconds))
        before_s = cpu_s(pid)
        found = await at_a_rate(port, make, rate, seconds)
        found["server_cpu_ms"] = round((cpu_s(pid) - before_s) * 1_000 / found["requests"], 2)
        return found | {"most_requests_s": await as_fast_as_it_goes(port, make, min(5.0, seconds))}

    return asyncio.run(run())


def requests_of(key: str, opportunities: int, points: int) -> dict[str, tuple[Request, int | None]]:
    """Return by name how to make a request, and its rate where it is not that of the run."""
    draw = secrets.SystemRandom()
    products = max(1, points // POINTS_AN_OFFER // OFFERS_A_PRODUCT)
    distinct = max(1, opportunities * 4 // 5)
    # The newest decision of each offer can be approved; of the first fifth there is a newer one.
    to_approve = count(opportunities - distinct + draw.randrange(distinct // 2))

    def history() -> bytes:
        return request_of("GET", f"/api/products/p{draw.randrange(products):07d}/history", key)

    def history_week() -> bytes:
        week = "?start=2026-05-25T12:00:00Z&end=2026-06-01T12:00:01Z"
        return request_of("GET", f"/api/products/p{draw.randrange(products):07d}/history{week}", key)

    def listed() -> bytes:
        return request_of("GET", f"/api/opportunities?limit={PAGE}", key)

    def listed_of_a_site() -> bytes:
        return request_of("GET", f"/api/opportunities?limit={PAGE}&site=shop-{draw.randrange(500)}", key)

    def approve() -> bytes:
        body = {"opportunity_id": f"op-{next(to_approve):08d}", "ceiling": "25.00"}
        return request_of("POST", "/api/purchase/approve", key, body)

    return {
        "list": (listed, None),
        "list_of_a_site": (listed_of_a_site, None),
        "history": (history, None),
        "history_week": (history_week, None),
        "approve": (approve, APPROVALS_A_SECOND),
    }


def key_for(path: Path) -> str:
    """Return a key of a new approver; no password is set, because none is used."""
    from arb_pipelines.adapters.sql.access_tables import users
    from arb_pipelines.adapters.sql.engine import build_engine, money_transaction

    name, now = f"bench-{secrets.token_hex(4)}", datetime.now(UTC)
    engine = build_engine(f"sqlite:///{path}")
    with money_transaction(engine) as connection:
        connection.execute(users.insert(), {"name": name, "role": "approver", "password_hash": "!", "created_at": now})
    engine.dispose()
    books = open_books(f"sqlite:///{path}")
    key = books.access.create_key(ApiKey(secrets.token_hex(6), name, "", Role.APPROVER, now))
    books.close()
    return key


def run(path: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Make the books if they are not there, measure, and return the figures."""
    made_s = None if path.exists() else round(build(path, options.opportunities, options.points), 1)
    found: dict[str, Any] = {"opportunities": options.opportunities, "points": options.points, "made_s": made_s}
    found |= {"database_mb": round(path.stat().st_size / 1e6), "cores_of_the_server": 1, "page": PAGE}
    found["load_1_min"] = round(os.getloadavg()[0], 1)
    key = key_for(path)
    with served(serve_bare, "") as server:
        wait_for(server[0])
        found["bare"] = measure(server, lambda: request_of("GET", "/bare", key), options.rate, options.seconds)
    with served(serve_api, str(path)) as server:
        wait_for(server[0])
        for name, (make, rate) in requests_of(key, options.opportunities, options.points).items():
            found[name] = measure(server, make, rate or options.rate, options.seconds)
    return found


def wait_for(port: int) -> None:
    """Wait until a server answers anything at all."""
    for _ in range(600):
        with socket.create_connection(("127.0.0.1", port), timeout=60) as probe:
            probe.sendall(request_of("GET", "/nowhere", "none"))
            if probe.recv(12):
                return


def main() -> None:
    """Measure and print the figures."""
    arguments = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    arguments.add_argument("--opportunities", type=int, default=1_000_000)
    arguments.add_argument("--points", type=int, default=50_000_000, help="price points; 100 bytes of disk each")
    arguments.add_argument("--rate", type=int, default=200, help="requests a second of the timed part")
    arguments.add_argument("--seconds", type=float, default=15.0, help="length of each timed part")
    arguments.add_argument("--keep", type=Path, help="make the books here and keep them, or use what is there")
    arguments.add_argument("--json", action="store_true", help="one line of JSON instead of an indented one")
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = run(options.keep or Path(folder, "books.sqlite"), options)
    print(json.dumps(found, indent=None if options.json else 2))


if __name__ == "__main__":
    main()
