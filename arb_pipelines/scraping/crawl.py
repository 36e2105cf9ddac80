"""The child process of one shard: `python -m arb_pipelines.scraping.crawl --spec FILE`.

What belongs here: joining spec, store, spiders and result, and the process's own limits. A stopped Twisted
reactor cannot start again, so a crawl has a process of its own; it also takes a crash alone.

Exit status: 0 the shard ran (failed sites are findings, not errors), 2 bad spec, 3 the store took no records,
4 an error of ours. A hard deadline ends it by SIGALRM, whatever the event loop is doing.
"""

from __future__ import annotations

import argparse
import ctypes
import importlib
import logging
import os
import signal
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from arb_pipelines.domain import redaction
from arb_pipelines.domain.site import Rendering, Site, SiteShape, VisitOutcome
from arb_pipelines.domain.structured_log import write_json_lines
from arb_pipelines.scraping.batch_writer import BatchWriter, PageRecord, RawStore
from arb_pipelines.scraping.browser import missing_browser
from arb_pipelines.scraping.context import CrawlContext
from arb_pipelines.scraping.crawl_spec import CrawlSpec, SpecError, load_spec
from arb_pipelines.scraping.page_memory import PageMemories
from arb_pipelines.scraping.segments import SegmentWriter
from arb_pipelines.scraping.settings import browser_settings, crawl_settings, static_settings
from arb_pipelines.scraping.shipping_leftovers import ship_leftovers
from arb_pipelines.scraping.site_state import SiteStates
from arb_pipelines.scraping.visits import VisitRecorder, visit_to_json, write_visits

logger = logging.getLogger(__name__)

GRACE_S = 30  # between the deadline, when spiders close, and the hard end of the process
# What Scrapy says of a spider that it closed, and what the visits that were still open are told.
CLOSED_BY = {"memusage_exceeded": "out_of_memory", "closespider_timeout": "deadline"}
SPIDERS = {
    SiteShape.PAGES: "arb_pipelines.scraping.spiders.pages:PagesSpider",
    SiteShape.LISTING: "arb_pipelines.scraping.spiders.listing:ListingSpider",
    SiteShape.SEARCH: "arb_pipelines.scraping.spiders.search:SearchSpider",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the shard that `--spec` describes and return the exit status."""
    parser = argparse.ArgumentParser(prog="arb_pipelines.scraping.crawl", description="Crawl one shard.")
    parser.add_argument("--spec", type=Path, required=True, help="JSON file written by services.crawling")
    parser.add_argument("--ship-only", action="store_true", help="visit nothing, ship what killed crawls left")
    options = parser.parse_args(arguments)
    try:
        spec = load_spec(options.spec)
        prepare_logs(spec)
        store = load_named(spec.store_factory)(**spec.store_options)
    except SpecError as error:
        sys.stderr.write(f"crawl: {error}\n")
        return 2
    except Exception as error:  # noqa: BLE001 - a store factory may fail in any way; one line tells it
        sys.stderr.write(f"crawl: the raw store cannot be opened: {type(error).__name__}: {error}\n")
        return 3
    limit_process(spec.deadline_s)
    shipped = ship(spec, store)
    if options.ship_only:
        return 0 if shipped else 3
    try:
        context = build_context(spec, store)
    except OSError as error:
        sys.stderr.write(f"crawl: pages cannot be kept in {spec.segments_dir}: {error}\n")
        return 3
    return run_shard(context)


def prepare_logs(spec: CrawlSpec) -> None:
    """Keep the spec's passwords and tokens out of everything this process says, and choose the form of its lines."""
    addresses = [*spec.proxies, spec.browser_grid_url, *map(str, spec.store_options.values())]
    redaction.PROCESS.remember(secret for url in addresses if url for secret in redaction.secrets_in(url))
    redaction.redact_logs()
    redaction.redact_streams()
    if spec.log_format == "json":
        write_json_lines(level=logging.WARNING, run=spec.run_id, tick=spec.tick_id)


def ship(spec: CrawlSpec, store: RawStore) -> bool:
    """Ship what killed crawls left; return whether all of it is in the store."""
    try:
        ship_leftovers(spec.segments_dir, store)
    except Exception as error:  # noqa: BLE001 - a store may fail in any way; the pages stay for the next attempt
        sys.stderr.write(f"crawl: pages of an earlier crawl wait: {type(error).__name__}: {error}\n")
        return False
    return True


def limit_process(deadline_s: float) -> None:
    """End this process with its parent and, at the latest, `GRACE_S` after the deadline.

    The alarm's default action is the kernel's: it also ends a process whose event loop is blocked.
    """
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        ctypes.CDLL(None, use_errno=True).prctl(pr_set_pdeathsig, signal.SIGTERM)
    if hasattr(signal, "SIGALRM"):
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(int(deadline_s) + GRACE_S)


def run_shard(context: CrawlContext) -> int:
    """Visit every site of the shard, write the result file and report to Dagster when it is listening."""
    try:
        run_spiders(context)
    except Exception:
        logger.exception("the crawl broke off")
        context.recorder.close("crawl_error")
    return finish_shard(context)


def build_context(spec: CrawlSpec, store: RawStore) -> CrawlContext:
    """Return the shared state of a shard; each acknowledged batch also refreshes the interim result.

    Raises:
        OSError: the folder of the segments cannot be written.
    """
    recorder = VisitRecorder(spec.tick_id, spec.sites)
    segments = SegmentWriter(spec.segments_dir, spec.tick_id, list(spec.raw_sites))

    def count_stored(batch: Sequence[PageRecord]) -> None:
        for record in batch:
            segments.release(record.frame)
            if record.product.price is not None:
                recorder.record_offers(record.product.site, 1)
        segments.move_mark()
        write_visits(spec.result_path, recorder.visits(), complete=False)

    memories = PageMemories(spec.state_dir / "pages" if spec.state_dir else None)
    writer = BatchWriter(store, count_stored)
    return CrawlContext(spec, recorder, SiteStates(spec.state_dir), memories, segments, writer)


def run_spiders(context: CrawlContext) -> None:
    """Run one spider a (shape, rendering) over its sites, all in this process's one reactor."""
    from scrapy.crawler import AsyncCrawlerProcess, Crawler
    from scrapy.settings import Settings

    spec = context.spec
    base = crawl_settings(spec.sites, spec.user_agent, spec.deadline_s, spec.allow_loopback)
    base |= {"DOWNLOAD_TIMEOUT": spec.request_timeout_s} if spec.request_timeout_s else {}
    process = AsyncCrawlerProcess(base, install_root_handler=spec.log_format != "json")
    crawlers = []
    for (shape, rendering), sites in group_sites(context).items():
        changes = browser_settings(spec.request_timeout_s) if rendering is Rendering.BROWSER else static_settings()
        crawler = Crawler(load_named(SPIDERS[shape]), Settings(base | changes))
        process.crawl(crawler, context=context, sites=sites)
        crawlers.append(crawler)
    process.start()
    context.recorder.close(_end_reason(crawlers))


def group_sites(context: CrawlContext) -> dict[tuple[SiteShape, Rendering], list[Site]]:
    """Return the sites by what they need; browser sites without a browser fail here, alone."""
    groups: dict[tuple[SiteShape, Rendering], list[Site]] = defaultdict(list)
    for site in context.spec.sites:
        groups[site.shape, site.rendering].append(site)
    for shape in SiteShape:
        sites = groups.get((shape, Rendering.BROWSER))
        fault = missing_browser(context.spec.browser_path, context.spec.browser_grid_url) if sites else None
        if sites and fault:
            logger.warning("%d site(s) need a browser: %s", len(sites), fault)
            for site in groups.pop((shape, Rendering.BROWSER)):
                context.recorder.record_failure(site.key, "browser_missing")
                context.recorder.finish(site.key)
    return groups


def finish_shard(context: CrawlContext) -> int:
    """Write states and result, say what failed, and return the exit status."""
    status = 0
    fault = context.store_fault or context.writer.error
    unstored = context.writer.waiting_sites()
    if fault is not None:
        status = 3
        sys.stderr.write(f"crawl: the raw store took no records: {fault}\n")
        for key in unstored:
            context.recorder.record_failure(key, "store_failed")
    context.segments.close()
    context.writer.close()
    visits = context.recorder.visits()
    for visit in visits:
        if visit.outcome is VisitOutcome.FAILED:
            logger.warning("site %s failed: %s", visit.site, visit.reason, extra={"site": visit.site})
    try:
        context.learn(visits)
        context.states.save()
        context.memories.save(lambda key: key not in unstored)
        write_visits(context.spec.result_path, visits, complete=True)
    except OSError as error:
        sys.stderr.write(f"crawl: the result cannot be written: {error}\n")
        status = status or 4
    report_to_dagster([visit_to_json(visit) for visit in visits])
    return status


def report_to_dagster(visits: list[dict[str, Any]]) -> None:
    """Send the visits over Dagster Pipes when this process was started through it, else do nothing."""
    from dagster_pipes import PipesEnvVarParamsLoader, open_dagster_pipes

    if not PipesEnvVarParamsLoader().is_dagster_pipes_process():
        return
    with open_dagster_pipes() as pipes:
        pipes.report_custom_message({"visits": visits})


def load_named(dotted: str) -> Any:
    """Return what `package.module:name` names.

    Raises:
        SpecError: the text has another form, or there is no such module or name.
    """
    module_name, _, name = dotted.partition(":")
    try:
        return getattr(importlib.import_module(module_name), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise SpecError(f"{dotted!r} does not name a callable as package.module:name ({error})") from error


def _end_reason(crawlers: Sequence[Any]) -> str:
    """Return why the spiders were closed before all visits were done."""
    told = {crawler.stats.get_value("finish_reason") for crawler in crawlers if crawler.stats}
    return next((reason for closed, reason in CLOSED_BY.items() if closed in told), "interrupted")


if __name__ == "__main__":
    code = main()
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    # Threads of a hanging store or browser driver must not keep a finished shard alive.
    os._exit(code)
