"""The listing job: offers received stock where it nets most, each SKU once."""

from datetime import timedelta

from dagster import OpExecutionContext, in_process_executor, job, op

from arb_pipelines.defs.hooks import ALERTING
from arb_pipelines.defs.ops.purchasing import ACCOUNT_POOL, ACTING
from arb_pipelines.defs.outcomes import show_outcomes
from arb_pipelines.defs.resources import BooksResource, OutletResource, SettingsResource, SystemClock
from arb_pipelines.domain.cross_listing import CrossListing
from arb_pipelines.domain.fees import load_schedules
from arb_pipelines.services.listing import Place, list_stock
from arb_pipelines.services.listing_drafts import ListingRules
from arb_pipelines.settings import Settings


@op(pool=ACCOUNT_POOL, tags={"kind": "httpx"})
def list_received(
    context: OpExecutionContext, books: BooksResource, outlet: OutletResource, settings: SettingsResource
) -> None:
    """List every lot that no listing offers, at the predicted price, never under its floor."""
    with books.opened() as opened, outlet.sellers() as sellers:
        terms = settings.values.terms_of_outlets
        denied = settings.values.rule_book.denied
        places = [Place(seller, ListingRules(terms[seller.outlet], denied=denied)) for seller in sellers]
        predictions = opened.predictions.load()
        cross = cross_listing(settings.values)
        done = list_stock(opened, places, predictions, load_schedules(), SystemClock(), cross)
    show_outcomes(
        context,
        done.summary(),
        [(sku, "listed", "") for sku in done.listed]
        + [(sku, "shared", f"chance of an oversale {chance:.4%}") for sku, chance in done.shared]
        + [(n.key, n.code, n.detail) for n in done.not_listed],
    )


def cross_listing(settings: Settings) -> CrossListing | None:
    """Return the rule of showing units on several outlets; None where nobody asked for it.

    One outlet hears of a sale at another when orders are imported and listings ended, once an interval each.
    """
    if not settings.cross_listing_buffer:
        return None
    return CrossListing(settings.cross_listing_buffer, timedelta(seconds=2 * settings.books_interval_s))


@job(executor_def=in_process_executor, tags=ACTING, hooks=ALERTING)
def listing_job() -> None:
    """List received stock."""
    list_received()
