"""The listing job: offers received stock on the outlet, each SKU once."""

from dagster import OpExecutionContext, in_process_executor, job, op

from arb_pipelines.defs.hooks import ALERTING
from arb_pipelines.defs.ops.purchasing import ACCOUNT_POOL, ACTING
from arb_pipelines.defs.outcomes import show_outcomes
from arb_pipelines.defs.resources import BooksResource, OutletResource, SettingsResource, SystemClock
from arb_pipelines.domain.fees import load_schedules
from arb_pipelines.services.listing import ListingRules, list_unlisted


@op(pool=ACCOUNT_POOL, tags={"kind": "httpx"})
def list_stock(
    context: OpExecutionContext, books: BooksResource, outlet: OutletResource, settings: SettingsResource
) -> None:
    """List every lot that no listing offers, at the predicted price, never under its floor."""
    rules = ListingRules(terms=settings.values.outlet_terms)
    with books.opened() as opened, outlet.seller() as seller:
        predictions = opened.predictions.load()
        done = list_unlisted(opened, seller, predictions, load_schedules(), rules, SystemClock())
    show_outcomes(
        context,
        done.summary(),
        [(sku, "listed", "") for sku in done.listed] + [(n.key, n.code, n.detail) for n in done.not_listed],
    )


@job(executor_def=in_process_executor, tags=ACTING, hooks=ALERTING)
def listing_job() -> None:
    """List received stock."""
    list_stock()
