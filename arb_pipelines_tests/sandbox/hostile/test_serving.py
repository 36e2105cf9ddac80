"""The hostile endpoints answer as sites do: a permissive robots.txt, then the attack."""

from __future__ import annotations

import asyncio
from collections import Counter

import aiohttp
import pytest

from arb_pipelines.sandbox.hostile.serving import hostile_shops


async def visit(kind: str, path: str) -> tuple[int, bytes, Counter[str]]:
    async with (
        hostile_shops([kind]) as (urls, requests),
        aiohttp.ClientSession() as session,
        session.get(urls[kind] + path, allow_redirects=False) as answer,
    ):
        return answer.status, await answer.content.read(100_000), requests


@pytest.mark.parametrize(
    ("kind", "path", "status", "held"),
    [
        ("hang", "/robots.txt", 200, b"User-agent: *"),
        ("huge_body", "/p/1", 200, b"all work and no markup"),
        ("redirect_to_file", "/p/1", 302, b""),
        ("nul_bytes", "/p/1", 200, b"$12.50"),
        ("endless_pagination", "/products?page=7", 200, b"page=8"),
        ("endless_retry_after", "/p/1", 429, b"later"),
    ],
)
def test_what_is_sent(kind: str, path: str, status: int, held: bytes) -> None:
    got, body, requests = asyncio.run(asyncio.wait_for(visit(kind, path), 20))
    assert got == status
    assert held in body
    assert requests == {kind: 1}
