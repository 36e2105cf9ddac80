"""A world for load tests, in a process of its own."""

from __future__ import annotations

import os
from pathlib import Path

import httpx
import pytest

from arb_pipelines.sandbox.bare import BareWorldError, bare_world
from arb_pipelines.scraping.registry import load_sites


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_it_starts_answers_and_stops(tmp_path: Path, web: httpx.Client) -> None:
    with bare_world(tmp_path, shops=4, pages_a_shop=20, body_kb=(60, 60)) as world:
        assert (world.shops, world.pages) == (4, 80)
        assert _is_alive(world.pid)
        sites = load_sites(world.sites_dir).sites
        assert [(site.pages_per_visit, site.delay_s, site.rendering.value) for site in sites] == [(20, 0, "static")] * 4
        shops = web.get(f"{world.channel_url}/sandbox/shops").json()
        assert [told["expected_reason"] for told in shops] == [None] * 4
        offer = web.get(f"{world.channel_url}/sandbox/offers").json()[0]
        assert 60_000 <= len(web.get(offer["url"]).content) < 70_000
    assert not _is_alive(world.pid)


def test_a_world_that_cannot_start_says_why(tmp_path: Path) -> None:
    with pytest.raises(BareWorldError, match="9999"), bare_world(tmp_path, shops=9999):
        pass
