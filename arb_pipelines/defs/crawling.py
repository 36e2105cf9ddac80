"""Running one shard's crawl as a Pipes child process, and what the page shows of each site.

What belongs here: the Dagster side of a crawl, shared by the `raw_scrapes` asset and the shard op.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dagster import OpExecutionContext, PipesSubprocessClient
from dagster._core.errors import DagsterPipesExecutionError  # not exported, though run() raises it

from arb_pipelines.defs.resources import BooksResource
from arb_pipelines.domain.site import SiteVisit
from arb_pipelines.services.crawling import CrawlPlan, build_crawl_command, load_visits, write_spec


def site_metadata(visit: SiteVisit) -> Mapping[str, Any]:
    """Return what the page shows of one visit."""
    return {
        "dagster/row_count": visit.offers,
        "outcome": visit.outcome.value,
        "reason": visit.reason or "",
        "pages": visit.pages,
        "bytes": visit.bytes_received,
        "latency_ms": visit.latency_ms if visit.latency_ms is not None else "no answer",
        "tick": visit.tick_id,
    }


def crawl_and_record(
    context: OpExecutionContext,
    plan: CrawlPlan,
    books: BooksResource,
    pipes: PipesSubprocessClient,
) -> list[SiteVisit]:
    """Crawl the plan's sites in a child process and keep what each visit brought.

    A child that dies loses nothing it stored: its sites count as failed with reason `no_result`.
    """
    with tempfile.TemporaryDirectory(prefix="arb-crawl-") as folder:
        spec_path = write_spec(plan, Path(folder))
        try:
            pipes.run(command=build_crawl_command(plan, spec_path), context=context)
        except DagsterPipesExecutionError as error:
            context.log.error(f"the crawl process failed: {error}")
        visits = load_visits(plan, Path(folder))
    with books.opened() as opened:
        opened.visits.record(visits)
    return visits
