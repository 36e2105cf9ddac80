"""Splitting the due sites of a tick over parallel runs.

What belongs here: the rule only. Sites that need a browser are kept together, because one Chromium costs
100-145 MB and a second of start-up while a browser page costs 30-100 times a static one. Sites on one host are kept
together, because a host gets one request at a time however many sites are declared on it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from arb_pipelines.domain.manners import host_of
from arb_pipelines.domain.site import Rendering, Site

BROWSER_PAGE_COST = 40  # of one static page, measured 30-100


def visit_cost(site: Site) -> int:
    """Return the relative cost of one visit, in static pages."""
    return site.pages_per_visit * (BROWSER_PAGE_COST if site.rendering is Rendering.BROWSER else 1)


def group_by_host(sites: Sequence[Site]) -> list[list[Site]]:
    """Return the sites in lists of one host each, in the order of their first sites; without a host, each alone."""
    groups: dict[str, list[Site]] = defaultdict(list)
    for site in sites:
        groups[host_of(site.url) or f"//{site.key}"].append(site)
    return list(groups.values())


def slot_names(sites: Sequence[Site]) -> dict[str, str]:
    """Return, by site key, the name of the queue that the site's requests wait in: one queue a host."""
    return {site.key: group[0].key for group in group_by_host(sites) for site in group}


def split_into_shards(sites: Sequence[Site], shards: int) -> list[list[Site]]:
    """Return at most `shards` non-empty lists that hold each site once, even by cost.

    Browser sites, and the static ones on their hosts, fill the first shard; the other hosts then go, dearest first,
    to the cheapest shard.

    Raises:
        ValueError: `shards` is below 1.
    """
    if shards < 1:
        raise ValueError(f"shards must be at least 1, got {shards}")
    groups = group_by_host(sites)
    buckets: list[list[Site]] = [[] for _ in range(min(shards, len(groups)))]
    costs = [0] * len(buckets)

    def put(group: list[Site], at: int) -> None:
        buckets[at] += group
        costs[at] += sum(map(visit_cost, group))

    for group in filter(_needs_browser, groups):
        put(group, 0)
    static = (group for group in groups if not _needs_browser(group))
    for group in sorted(static, key=lambda group: sum(map(visit_cost, group)), reverse=True):
        put(group, costs.index(min(costs)))
    return [bucket for bucket in buckets if bucket]


def _needs_browser(group: Sequence[Site]) -> bool:
    return any(site.rendering is Rendering.BROWSER for site in group)
