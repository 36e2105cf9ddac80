"""The bombs are what they say: valid streams, far smaller than what they hold, and never whole in memory."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator

import brotli  # type: ignore[import-untyped]  # it ships no types

from arb_pipelines.sandbox.hostile import bombs

SIZE = 8 * bombs.MEGABYTE


def drain(parts: AsyncIterator[bytes]) -> bytes:
    async def collect() -> bytes:
        return b"".join([part async for part in parts])

    return asyncio.run(collect())


def test_the_gzip_bomb_unpacks_to_its_size() -> None:
    packed = drain(bombs.gzip_bomb(SIZE))
    assert len(gzip.decompress(packed)) == SIZE
    assert len(packed) < SIZE / 100


def test_the_brotli_bomb_unpacks_to_its_size() -> None:
    packed = drain(bombs.brotli_bomb(SIZE))
    assert len(brotli.decompress(packed)) == SIZE
    assert len(packed) < SIZE / 1000


def test_a_flood_is_as_long_as_it_says_and_chunks_end() -> None:
    assert len(drain(bombs.flood(bombs.MEGABYTE))) == bombs.MEGABYTE
    assert drain(bombs.chunked(bombs.flood(65_536))).endswith(b"\r\n0\r\n\r\n")
