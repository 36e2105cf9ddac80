"""Asset `raw_scrapes`: what the shops' pages said, one partition a site."""

from dagster import AssetExecutionContext, BackfillPolicy, Failure, MaterializeResult, PipesSubprocessClient, asset

from arb_pipelines.defs.crawling import crawl_and_record, site_metadata
from arb_pipelines.defs.partitions import SITES
from arb_pipelines.defs.resources import BooksResource, CrawlResource, SitesResource, SystemClock
from arb_pipelines.domain.site import VisitOutcome, tick_id_at


@asset(
    partitions_def=SITES,
    # A retry of several sites from the page is one crawl, not one run a site.
    backfill_policy=BackfillPolicy.single_run(),
    group_name="scraping",
    kinds={"scrapy", "playwright", "parquet"},
    owners=["team:scraping"],
    tags={"domain": "acquisition"},
)
def raw_scrapes(
    context: AssetExecutionContext,
    sites: SitesResource,
    crawl: CrawlResource,
    books: BooksResource,
    pipes: PipesSubprocessClient,
) -> MaterializeResult:
    """Product pages as read, kept before any cleaning. Materialise a site here to retry it alone."""
    wanted = sites.load_some(list(context.partition_keys))
    tick_id = tick_id_at(SystemClock().now(), prefix="manual")
    visits = crawl_and_record(context.op_execution_context, crawl.plan(tick_id, wanted), books, pipes)
    failed = [visit for visit in visits if visit.outcome is VisitOutcome.FAILED]
    for visit in visits:
        context.add_asset_metadata(site_metadata(visit), partition_key=visit.site)
    if failed or not visits:
        reasons = ", ".join(f"{visit.site}: {visit.reason}" for visit in failed) or "no such site is declared"
        raise Failure(f"not scraped: {reasons}")
    return MaterializeResult(metadata={"sites": len(visits)})
