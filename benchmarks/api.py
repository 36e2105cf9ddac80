"""p50, p99, CPU and requests a second of list, history and approve beside a bare FastAPI route, same run; prints JSON.

What belongs here: the figures of the API. The server is one uvicorn process held to one core; requests are sent at a
fixed rate from another process on another core and timed from when they were due, so a stall counts for everyone who
waited behind it. The peer is a FastAPI route that returns a constant, served and asked in the same way.

The answers of `list_uncached` and `history_uncached` are asked for once only and come from the books each time; `list`
is what the desk and everybody asks for and comes from the cache mostly; of `history` about a quarter does. `mixed` is
60 lists, 35 histories and 5 approvals in 100 requests.

    python benchmarks/api.py --json
    python benchmarks/api.py --opportunities 100000 --points 2000000 --keep /tmp/books.sqlite
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import secrets
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from api_traffic import Request, measure, request_of, wait_for
from api_world import NOW, OFFERS_A_PRODUCT, POINTS_AN_OFFER, build

from arb_pipelines.adapters.sql.books import open_books
from arb_pipelines.domain.access import ApiKey, Role

APPROVALS_A_SECOND = 50
PAGE = 25
NAMED = ("p50_ms", "p95_ms", "p99_ms", "server_cpu_ms", "most_requests_s")


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

    hold_to({core})
    config = uvicorn.Config(app, log_level="warning", access_log=False, server_header=False)
    uvicorn.Server(config).run([listening])


def hold_to(cores: set[int]) -> None:
    """Let this process run on these cores only, where the system can."""
    if cores and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cores)


@contextmanager
def served(target: Callable[..., None], path: str) -> Iterator[tuple[int, int]]:
    """Run a server in a process and on a core of its own; yields its port and process id."""
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0]
    listening = socket.create_server(("127.0.0.1", 0))
    process = multiprocessing.get_context("spawn").Process(target=target, args=(listening, path, cores[-1]))
    process.start()
    hold_to(set(cores[:-1]))
    try:
        yield listening.getsockname()[1], process.pid or 0
    finally:
        hold_to(set(cores))
        process.terminate()
        process.join(10)
        listening.close()


def requests_of(key: str, opportunities: int, points: int, approved: int) -> dict[str, tuple[Request, int | None]]:
    """Return by name how to make a request, and its rate where it is not that of the run."""
    draw = secrets.SystemRandom()
    products = max(1, points // POINTS_AN_OFFER // OFFERS_A_PRODUCT)
    # The newest decision of each offer can be approved; of the first fifth there is a newer one.
    to_approve = count(max(opportunities - opportunities * 4 // 5, approved))
    new = count(draw.randrange(10**6))

    def history(query: str = "") -> bytes:
        return request_of("GET", f"/api/products/p{draw.randrange(products):07d}/history{query}", key)

    def listed(query: str = "") -> bytes:
        return request_of("GET", f"/api/opportunities?limit={PAGE}{query}", key)

    def listed_uncached() -> bytes:
        number = next(new)  # every opportunity brings three dollars and more
        return listed(f"&site=shop-{number % 500}&min_profit={number // 500 % 300 / 100:.2f}")

    def approve() -> bytes:
        body = {"opportunity_id": f"op-{next(to_approve):08d}", "ceiling": "25.00"}
        return request_of("POST", "/api/purchase/approve", key, body)

    return {
        "list": (listed, None),
        "list_of_a_site": (lambda: listed(f"&site=shop-{draw.randrange(500)}"), None),
        "list_uncached": (listed_uncached, None),
        "history": (history, None),
        "history_week": (lambda: history("?start=2026-05-25T12:00:00Z&end=2026-06-01T12:00:01Z"), None),
        "history_uncached": (lambda: history(f"?end={NOW - timedelta(seconds=next(new)):%Y-%m-%dT%H:%M:%SZ}"), None),
        "mixed": (lambda: draw.choices((listed, history, approve), weights=(60, 35, 5))[0](), None),
        "approve": (approve, APPROVALS_A_SECOND),
        "approve_at_full_rate": (approve, None),
    }


def first_not_approved(path: Path) -> int:
    """Return the number of the first opportunity behind all that were approved in books that were kept."""
    from sqlalchemy import text

    from arb_pipelines.adapters.sql.engine import build_engine

    engine = build_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        last = connection.scalar(text("SELECT MAX(opportunity_id) FROM approvals"))
    engine.dispose()
    return int(last.removeprefix("op-")) + 1 if last else 0


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
        asked = requests_of(key, options.opportunities, options.points, first_not_approved(path))
        for name, (make, rate) in asked.items():
            found[name] = measure(server, make, rate or options.rate, options.seconds)
            found[name]["of_bare"] = {what: round(found[name][what] / found["bare"][what], 2) for what in NAMED}
    return found


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
