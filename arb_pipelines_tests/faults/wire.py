"""The bad line between our workers and the sandbox: it loses, delays, repeats and hides what passes through.

What belongs here: one HTTP/1.1 exchange each way over raw streams, because only there an answer can come twice or
a connection can end after the act. The shops and the outlet behind it are the sandbox itself, and know of nothing.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from random import Random
from typing import Any
from urllib.parse import urlsplit

HIDDEN_FOR = timedelta(seconds=0.2)
OFTEN_SHARE = 1 / 3
LATE_S, VERY_LATE_S = (0.05, 0.3), (1.2, 1.6)  # very late: after the quiet period of these tests
REFUSAL = b'{"code": "OUT_OF_STOCK", "detail": "refused on the line"}'


class Fault(StrEnum):
    """What happens to one request."""

    NONE = "none"
    REFUSE = "refuse"  # a structured refusal; nothing is done
    DROP = "drop"  # nothing is done, the connection closes
    ERROR = "error"  # nothing is done, status 503
    DROP_AFTER = "drop_after"  # done, and the connection closes
    ERROR_AFTER = "error_after"  # done, and answered 503
    TIMEOUT_AFTER = "timeout_after"  # done, and never answered
    LATE = "late"  # done while nobody waits any more
    VERY_LATE = "very_late"  # the same, long after
    TWICE = "twice"  # done once, answered twice on one connection


ACTING: Mapping[Fault, int] = {
    Fault.NONE: 42,
    Fault.REFUSE: 4,
    Fault.DROP: 5,
    Fault.ERROR: 3,
    Fault.DROP_AFTER: 12,
    Fault.ERROR_AFTER: 5,
    Fault.TIMEOUT_AFTER: 6,
    Fault.LATE: 12,
    Fault.VERY_LATE: 5,
    Fault.TWICE: 6,
}
READING: Mapping[Fault, int] = {Fault.NONE: 93, Fault.DROP: 2, Fault.ERROR: 2, Fault.TWICE: 3}


@dataclass(frozen=True, slots=True)
class Message:
    """A request or an answer: first line, headers by lower-case name, body."""

    first: str
    headers: Mapping[str, str]
    body: bytes

    def encode(self) -> bytes:
        """Return the bytes on the wire."""
        lines = [self.first, *(f"{name}: {value}" for name, value in self.headers.items())]
        return "\r\n".join([*lines, "", ""]).encode() + self.body


async def read_message(reader: asyncio.StreamReader) -> Message | None:
    """Return the next message, None at the end of the connection."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in head[1:] if line)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    return Message(head[0], headers, body)


def plain_answer(status: str, body: bytes) -> Message:
    """Return an answer of our own."""
    headers = {"content-type": "application/json", "content-length": str(len(body))}
    return Message(f"HTTP/1.1 {status}", headers, body)


class Wire:
    """Passes `/<target>/<path>` on to the target's address, with faults drawn from a seed."""

    def __init__(self, targets: Mapping[str, str], seed: int, often: Fault = Fault.NONE) -> None:
        """Serve these targets (name to address), with a third of all requests meeting the fault `often`.

        `own` calls are answered here, without faults.
        """
        self._targets = dict(targets)
        self._draw = Random(seed)
        self._often = often
        self.own: dict[str, Callable[[], Awaitable[Any]]] = {}
        self._late: set[asyncio.Task[Message]] = set()
        self.calm = False
        self.met: Counter[str] = Counter()

    async def settle(self) -> None:
        """Wait until everything that was to happen late has happened."""
        while self._late:
            await asyncio.gather(*self._late)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection until it ends."""
        try:
            while (request := await read_message(reader)) is not None and await self._meet(request, reader, writer):
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    async def _meet(self, request: Message, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; return whether the connection stays open."""
        own = self.own.get(request.first.split()[1])
        if own is not None:
            writer.write(plain_answer("200 OK", json.dumps(await own()).encode()).encode())
            return True
        fault = self._draw_fault(request)
        self.met[fault] += 1
        if fault in (Fault.LATE, Fault.VERY_LATE):
            delay_s = self._draw.uniform(*(LATE_S if fault is Fault.LATE else VERY_LATE_S))
            task = asyncio.create_task(self._forward_later(request, delay_s))
            self._late.add(task)
            task.add_done_callback(self._late.discard)
            await reader.read(1)
            return False
        if fault is Fault.DROP:
            return False
        if fault in (Fault.REFUSE, Fault.ERROR):
            said = ("409 Conflict", REFUSAL) if fault is Fault.REFUSE else ("503 Service Unavailable", b"{}")
            writer.write(plain_answer(*said).encode())
            return True
        answer = self._hide(request, await self._forward(request))
        if fault is Fault.TIMEOUT_AFTER:
            await reader.read(1)
        if fault in (Fault.TIMEOUT_AFTER, Fault.DROP_AFTER):
            return False
        shown = plain_answer("503 Service Unavailable", b"{}") if fault is Fault.ERROR_AFTER else answer
        writer.write(shown.encode() * (2 if fault is Fault.TWICE else 1))
        return True

    def _draw_fault(self, request: Message) -> Fault:
        method, path, _ = request.first.split()
        if self.calm or "/oauth2/" in path:
            return Fault.NONE
        weights = READING if method == "GET" else ACTING
        fault = self._draw.choices(list(weights), list(weights.values()))[0]
        if self._often is not Fault.NONE and self._draw.random() < OFTEN_SHARE:
            fault = self._often
        return Fault.NONE if fault is Fault.REFUSE and not path.endswith("/api/orders") else fault

    async def _forward_later(self, request: Message, delay_s: float) -> Message:
        await asyncio.sleep(delay_s)
        return await self._forward(request)

    async def _forward(self, request: Message) -> Message:
        method, path, version = request.first.split()
        target, _, rest = path.lstrip("/").partition("/")
        address = urlsplit(self._targets[target])
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        headers = {**request.headers, "host": address.netloc, "connection": "close"}
        writer.write(replace(request, first=f"{method} /{rest} {version}", headers=headers).encode())
        answer = await read_message(reader)
        writer.close()
        if answer is None:
            return plain_answer("502 Bad Gateway", b"{}")
        kept = {name: value for name, value in answer.headers.items() if name != "connection"}
        return replace(answer, headers=kept)

    def _hide(self, request: Message, answer: Message) -> Message:
        """Leave the newest orders out of an order history: shops show them late."""
        method, path, _ = request.first.split()
        if self.calm or method != "GET" or "/api/orders" not in path or " 200 " not in answer.first:
            return answer
        newest = datetime.now(UTC) - HIDDEN_FOR
        orders = json.loads(answer.body)["orders"]
        shown = [order for order in orders if datetime.fromisoformat(order["placed_at"]) <= newest]
        return plain_answer("200 OK", json.dumps({"orders": shown}).encode())
