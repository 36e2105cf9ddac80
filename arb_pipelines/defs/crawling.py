"""Running one shard's crawl as a Pipes child process, and what the page shows of each site.

What belongs here: the Dagster side of a crawl, shared by the `raw_scrapes` asset and the shard op.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dagster import OpExecutionContext, PipesSubprocessClient
from dagster._core.errors import DagsterPipesExecutionError  # not exported, though run() raises it

from arb_pipelines.defs.resources import BooksResource
from arb_pipelines.domain.site import SiteVisit
from arb_pipelines.services.crawling import (
    CrawlPlan,
    build_crawl_command,
    load_visits,
    ship_after_crash,
    write_spec,
)


def site_metadata(visit: SiteVisit) -> Mapping[str, Any]:
    """Return what the page shows of one visit."""
    return {
        "dagster/row_count": visit.offers,
        "outcome": visit.outcome.value,
        "reason": visit.reason or "",
        "pages": visit.pages,
        "unchanged_pages": visit.unchanged,
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
    keys = {site.key for site in plan.sites}
    with books.opened() as opened:
        wanted = [one.url for one in opened.opportunities.load_open(datetime.now(UTC)) if one.site in keys]
    plan = replace(plan, hot_urls=wanted, run_id=context.run_id)
    with tempfile.TemporaryDirectory(prefix="arb-crawl-") as folder:
        spec_path = write_spec(plan, Path(folder))
        try:
            pipes.run(command=build_crawl_command(spec_path), context=context)
        except DagsterPipesExecutionError as error:
            shipped = ship_after_crash(spec_path, plan.deadline_s)
            rest = "what it had fetched is stored" if shipped else "what it had fetched is stored by the next crawl"
            context.log.error(f"the crawl process failed ({rest}): {error}")
        visits = load_visits(plan, Path(folder))
    with books.opened() as opened:
        opened.visits.record(visits)
    return visits
