"""Bodies that are far larger than they look, made while they are sent.

What belongs here: compressed bombs and plain floods. None of them is ever whole in our own memory.
"""

from __future__ import annotations

import asyncio
import struct
import zlib
from collections.abc import AsyncIterator

MEGABYTE = 1 << 20
GIBIBYTE = 1 << 30
_FILLING = b"<p>all work and no markup</p>\r\n"
_BLOCK = (_FILLING * (MEGABYTE // len(_FILLING) + 1))[:MEGABYTE]


async def gzip_bomb(size: int = GIBIBYTE) -> AsyncIterator[bytes]:
    """Yield a valid gzip stream that unpacks to `size` bytes (a multiple of 1 MiB), about 500 times smaller.

    After a full flush the compressor has forgotten everything, so one compressed block may be sent again and again.
    """
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    block = packer.compress(_BLOCK) + packer.flush(zlib.Z_FULL_FLUSH)
    yield b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff"
    blocks = size // MEGABYTE
    for _ in range(blocks):
        yield block
    checksum = await asyncio.to_thread(_checksum, blocks)
    yield packer.flush(zlib.Z_FINISH) + struct.pack("<II", checksum, size & 0xFFFFFFFF)


async def brotli_bomb(size: int = GIBIBYTE) -> AsyncIterator[bytes]:
    """Yield a Brotli stream that unpacks to `size` bytes (a multiple of 1 MiB)."""
    import brotli  # type: ignore[import-untyped]  # it ships no types

    packer = brotli.Compressor(quality=5)
    for _ in range(size // MEGABYTE):
        packed: bytes = await asyncio.to_thread(packer.process, _BLOCK)
        if packed:
            yield packed
    yield packer.finish()


async def flood(size: int | None = GIBIBYTE) -> AsyncIterator[bytes]:
    """Yield `size` bytes of plain HTML, without end for None."""
    sent = 0
    while size is None or sent < size:
        yield _BLOCK[:65536]
        sent += 65536


async def chunked(parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield `parts` in the chunked transfer coding."""
    async for part in parts:
        yield b"%x\r\n%s\r\n" % (len(part), part)
    yield b"0\r\n\r\n"


def _checksum(blocks: int) -> int:
    value = 0
    for _ in range(blocks):
        value = zlib.crc32(_BLOCK, value)
    return value
