"""Answers as they go over the wire: a status line, headers and a body, each of which may be a lie.

What belongs here: raw HTTP/1.1, because no web framework lets itself be made to send most of these.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

DRIP_S = 1.0
HANG_S = 120.0
HTML = "text/html; charset=utf-8"


async def answer(
    body: str | bytes, content_type: str | None = HTML, status: str = "200 OK", *more: str
) -> AsyncIterator[bytes]:
    """Yield one complete, well-formed answer with the header lines `more`."""
    data = body.encode() if isinstance(body, str) else body
    kind = [f"Content-Type: {content_type}"] if content_type else []
    yield head(f"HTTP/1.1 {status}", *kind, *more, f"Content-Length: {len(data)}")
    for start in range(0, len(data), 65536):
        yield data[start : start + 65536]


async def redirect(to: str) -> AsyncIterator[bytes]:
    """Yield a redirect to `to`."""
    yield head("HTTP/1.1 302 Found", f"Location: {to}", "Content-Length: 0")


async def streamed(parts: AsyncIterator[bytes], *headers: str) -> AsyncIterator[bytes]:
    """Yield a well-formed beginning with `headers`, then `parts` as the body."""
    yield head("HTTP/1.1 200 OK", f"Content-Type: {HTML}", *headers)
    async for part in parts:
        yield part


async def dripped(data: bytes) -> AsyncIterator[bytes]:
    """Yield `data` a byte a second."""
    for byte in data:
        yield bytes([byte])
        await asyncio.sleep(DRIP_S)


async def silence() -> AsyncIterator[bytes]:
    """Yield nothing for two minutes."""
    await asyncio.sleep(HANG_S)
    yield b""


async def huge_headers(size: int = 50_000_000) -> AsyncIterator[bytes]:
    """Yield an answer whose headers, of 8 kB each, are `size` bytes long."""
    yield f"HTTP/1.1 200 OK\r\nContent-Type: {HTML}\r\n".encode()
    for number in range(size // 8000):
        yield b"X-%d: %s\r\n" % (number, b"x" * 7980)
    yield b"Content-Length: 0\r\n\r\n"


async def raw(data: bytes) -> AsyncIterator[bytes]:
    """Yield `data` as it is; the connection closes after it."""
    yield data


def head(*lines: str) -> bytes:
    """Return the head of an answer; the connection closes after it."""
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1")
