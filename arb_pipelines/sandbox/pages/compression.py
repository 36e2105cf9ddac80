"""Compressed pages, put together from parts that were compressed once.

What belongs here: the byte work of a response body. Most of a page is the shop's unchanging frame; compressing it
again for each price would cost more than all the rest of a response.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

_GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
_LAST_EMPTY_BLOCK = b"\x03\x00"
_FASTEST = 1
# A page's changing part is a few kilobytes; setting up zlib's full window would take longer than compressing.
_WINDOW_BITS = 12
_MEMORY_LEVEL = 5


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a page, plain and as deflate blocks that can stand beside others."""

    plain: bytes
    deflated: bytes

    @classmethod
    def of(cls, text: str, level: int = _FASTEST) -> Chunk:
        """Encode and compress `text`."""
        plain = text.encode()
        squeezer = zlib.compressobj(level, zlib.DEFLATED, -_WINDOW_BITS, _MEMORY_LEVEL)
        return cls(plain, squeezer.compress(plain) + squeezer.flush(zlib.Z_FULL_FLUSH))


@dataclass(frozen=True, slots=True)
class Page:
    """A whole response body: its chunks, its gzip form and its entity tag."""

    chunks: tuple[Chunk, ...]
    gzipped: bytes
    etag: str

    @property
    def plain(self) -> bytes:
        """The body for a client that does not accept gzip."""
        return b"".join(chunk.plain for chunk in self.chunks)


def build_page(chunks: Sequence[Chunk]) -> Page:
    """Join chunks to one page: a single gzip member, whose checksum covers all of them."""
    checksum, size = 0, 0
    for chunk in chunks:
        checksum = zlib.crc32(chunk.plain, checksum)
        size += len(chunk.plain)
    body = b"".join(chunk.deflated for chunk in chunks)
    trailer = struct.pack("<II", checksum, size & 0xFFFFFFFF)
    gzipped = _GZIP_HEADER + body + _LAST_EMPTY_BLOCK + trailer
    return Page(tuple(chunks), gzipped, f'"{checksum:08x}-{size:x}"')
