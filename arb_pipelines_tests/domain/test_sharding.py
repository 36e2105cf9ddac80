"""Shards: each site once, even by cost, browser sites together."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arb_pipelines.domain.sharding import BROWSER_PAGE_COST, slot_names, split_into_shards, visit_cost
from arb_pipelines.domain.site import Rendering, Site


def site(number: int, pages: int = 1, rendering: Rendering = Rendering.STATIC) -> Site:
    return Site(f"s{number}", "", "", pages_per_visit=pages, rendering=rendering)


SITES = st.lists(st.tuples(st.integers(1, 20), st.booleans()), max_size=60).map(
    lambda drawn: [
        site(number, pages, Rendering.BROWSER if browser else Rendering.STATIC)
        for number, (pages, browser) in enumerate(drawn)
    ]
)


@given(sites=SITES, shards=st.integers(1, 12))
def test_each_site_is_in_exactly_one_shard(sites: list[Site], shards: int) -> None:
    """And no shard is empty."""
    found = split_into_shards(sites, shards)
    assert sorted(s.key for shard in found for s in shard) == sorted(s.key for s in sites)
    assert all(found)
    assert len(found) <= shards


@given(sites=SITES, shards=st.integers(1, 12))
def test_browser_sites_share_one_shard(sites: list[Site], shards: int) -> None:
    """One Chromium is dear enough."""
    found = split_into_shards(sites, shards)
    assert sum(any(s.rendering is Rendering.BROWSER for s in shard) for shard in found) <= 1


@given(pages=st.lists(st.integers(1, 20), min_size=1, max_size=60), shards=st.integers(1, 12))
def test_static_shards_are_even(pages: list[int], shards: int) -> None:
    """No two differ by more than the dearest site."""
    found = split_into_shards([site(number, count) for number, count in enumerate(pages)], shards)
    costs = [sum(visit_cost(s) for s in shard) for shard in found]
    assert max(costs) - min(costs) <= max(pages)


def test_a_browser_page_costs_many_static_ones() -> None:
    """So the first shard gets fewer static sites beside it."""
    sites = [site(0, 1, Rendering.BROWSER), *(site(number) for number in range(1, BROWSER_PAGE_COST + 1))]
    assert [len(shard) for shard in split_into_shards(sites, 2)] == [1, BROWSER_PAGE_COST]


def test_nothing_due_is_no_shard() -> None:
    """And no shards at all is a mistake."""
    assert split_into_shards([], 4) == []
    with pytest.raises(ValueError, match="at least 1"):
        split_into_shards([site(1)], 0)


def test_sites_on_one_host_share_a_shard_and_a_queue() -> None:
    """A host gets one request at a time, however many sites are declared on it."""
    urls = ["https://shop.example/books", "https://www.shop.example/toys", "https://other.example"]
    sites = [Site(f"s{number}", "", url) for number, url in enumerate(urls)]
    assert [{s.key for s in shard} for shard in split_into_shards(sites, 3)] == [{"s0", "s1"}, {"s2"}]
    assert slot_names(sites) == {"s0": "s0", "s1": "s0", "s2": "s2"}
