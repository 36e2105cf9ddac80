"""The shard job: one run crawls one shard of a tick's sites."""

from dagster import (
    AssetMaterialization,
    Config,
    Failure,
    OpExecutionContext,
    PipesSubprocessClient,
    in_process_executor,
    job,
    op,
)

from arb_pipelines.defs.crawling import crawl_and_record, site_metadata
from arb_pipelines.defs.resources import BooksResource, CrawlResource, SitesResource
from arb_pipelines.domain.site import VisitOutcome


class ShardConfig(Config):
    """One shard: the tick it belongs to and the keys of its sites."""

    tick_id: str
    sites: list[str]


@op(tags={"kind": "scrapy"})
def crawl_shard(
    context: OpExecutionContext,
    config: ShardConfig,
    sites: SitesResource,
    crawl: CrawlResource,
    books: BooksResource,
    pipes: PipesSubprocessClient,
) -> None:
    """Crawl a shard; every site that brought offers turns green by its own result, the others stay as they were."""
    visits = crawl_and_record(context, crawl.plan(config.tick_id, sites.load_some(config.sites)), books, pipes)
    good = [visit for visit in visits if visit.outcome is VisitOutcome.OK]
    for visit in good:
        context.log_event(
            AssetMaterialization("raw_scrapes", partition=visit.site, metadata=dict(site_metadata(visit)))
        )
    for visit in visits:
        if visit.outcome is VisitOutcome.FAILED:
            context.log.warning(f"{visit.site}: {visit.reason}")
    if visits and not good:
        raise Failure(f"none of {len(visits)} sites could be read; first reason: {visits[0].reason}")


# One op and nothing to parallelise inside the run: the multiprocess executor would add 3-4 CPU seconds.
@job(executor_def=in_process_executor, tags={"arb/stage": "scraping"})
def crawl_shard_job() -> None:
    """Crawl one shard of the due sites; started by `due_sites_sensor`."""
    crawl_shard()
