"""Asset `ebay_offers`: what others sell on eBay, read through its Browse API, as raw scrapes."""

from contextlib import closing
from datetime import datetime

from dagster import AssetExecutionContext, MaterializeResult, MetadataValue, asset

from arb_pipelines.defs.outcomes import table
from arb_pipelines.defs.resources import BooksResource, RawStoreResource, SettingsResource, SystemClock
from arb_pipelines.domain.site import SiteVisit, VisitOutcome, tick_id_at
from arb_pipelines.services.api_budget import ApiBudget
from arb_pipelines.services.sourcing import Sourced, read_searches

SITE = "ebay"


@asset(
    group_name="scraping",
    kinds={"httpx", "parquet"},
    owners=["team:scraping"],
    tags={"domain": "acquisition"},
)
def ebay_offers(
    context: AssetExecutionContext, raw_store: RawStoreResource, books: BooksResource, settings: SettingsResource
) -> MaterializeResult:
    """What the saved searches find on eBay, kept before any cleaning; from here on as if it were scraped."""
    values, clock = settings.values, SystemClock()
    if values.ebay_source is None or values.ebay_source_off:
        context.log.info(values.ebay_source_off)
        return MaterializeResult(metadata={"dagster/row_count": 0, "off": str(values.ebay_source_off)})
    started_at = clock.now()
    tick_id = tick_id_at(started_at)
    with raw_store.opened() as raw, books.opened() as opened:
        hot = {one.url for one in opened.opportunities.load_open(started_at) if one.site == SITE}
        budget = ApiBudget(opened, values.api_limits, clock)
        most = values.ebay_source.items_read_whole
        with closing(values.open_ebay_source(budget)) as source:
            done = read_searches(source, values.saved_searches, raw, tick_id, clock, most_whole=most, hot_urls=hot)
        opened.visits.record([visit_of(done, tick_id, started_at, clock.now())])
    refused = table(("what", "result", "reason"), [(one.key, one.code, one.detail) for one in done.not_done[:50]])
    return MaterializeResult(
        metadata={"dagster/row_count": len(done.stored), **done.summary(), "refused": MetadataValue.md(refused)}
    )


def visit_of(done: Sourced, tick_id: str, started_at: datetime, finished_at: datetime) -> SiteVisit:
    """Return a reading as a visit: failed with its first reason where no search was answered."""
    outcome = VisitOutcome.OK if done.searches else VisitOutcome.FAILED
    reason = None if done.searches else next((one.code for one in done.not_done), "no_search")
    calls = len(done.searches) + len(done.read_whole) + len(done.gone)
    return SiteVisit(SITE, tick_id, started_at, finished_at, outcome, reason, calls, len(done.stored), 0, None)
