"""Requests for `api.py`: at a fixed rate or as fast as they are answered, and how long each took.

What belongs here: sending, timing and the server's CPU. What is asked, and of whom, is `api.py`.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import time
from collections.abc import Callable
from pathlib import Path
from statistics import quantiles
from typing import Any

import uvloop

CONNECTIONS, BUSY_CONNECTIONS = 32, 8
WARM_S, BUSY_S = 2.0, 5.0
Request = Callable[[], bytes]


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
    while not free.empty():
        free.get_nowait()[1].close()
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
        await at_a_rate(port, make, rate, min(WARM_S, seconds))
        before_s = cpu_s(pid)
        found = await at_a_rate(port, make, rate, seconds)
        found["server_cpu_ms"] = round((cpu_s(pid) - before_s) * 1_000 / found["requests"], 2)
        return found | {"most_requests_s": await as_fast_as_it_goes(port, make, min(BUSY_S, seconds))}

    return uvloop.run(run())  # asyncio's own loop added 0.4 ms to every time, the bare route's too


def wait_for(port: int) -> None:
    """Wait until a server answers anything at all."""
    for _ in range(600):
        with socket.create_connection(("127.0.0.1", port), timeout=60) as probe:
            probe.sendall(request_of("GET", "/nowhere", "none"))
            if probe.recv(12):
                return
