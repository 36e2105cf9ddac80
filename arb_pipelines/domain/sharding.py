"""Splitting the due sites of a tick over parallel runs.

What belongs here: the rule only. Sites that need a browser are kept together, because one Chromium costs
100-145 MB and a second of start-up while a browser page costs 30-100 times a static one.
"""

from __future__ import annotations

from collections.abc import Sequence

from arb_pipelines.domain.site import Rendering, Site

BROWSER_PAGE_COST = 40  # of one static page, measured 30-100


def visit_cost(site: Site) -> int:
    """Return the relative cost of one visit, in static pages."""
    return site.pages_per_visit * (BROWSER_PAGE_COST if site.rendering is Rendering.BROWSER else 1)


def split_into_shards(sites: Sequence[Site], shards: int) -> list[list[Site]]:
    """Return at most `shards` non-empty lists that hold each site once, even by cost.

    Browser sites fill the first shard; static sites then go, dearest first, to the cheapest shard.

    Raises:
        ValueError: `shards` is below 1.
    """
    if shards < 1:
        raise ValueError(f"shards must be at least 1, got {shards}")
    buckets: list[list[Site]] = [[] for _ in range(min(shards, len(sites)))]
    costs = [0] * len(buckets)
    for site in (s for s in sites if s.rendering is Rendering.BROWSER):
        buckets[0].append(site)
        costs[0] += visit_cost(site)
    for site in sorted((s for s in sites if s.rendering is Rendering.STATIC), key=visit_cost, reverse=True):
        cheapest = costs.index(min(costs))
        buckets[cheapest].append(site)
        costs[cheapest] += visit_cost(site)
    return [bucket for bucket in buckets if bucket]
