"""The fulfilment job: ships what was sold and tells the outlet."""

from dagster import OpExecutionContext, in_process_executor, job, op

from arb_pipelines.defs.hooks import ALERTING
from arb_pipelines.defs.ops.purchasing import ACCOUNT_POOL, ACTING
from arb_pipelines.defs.outcomes import show_outcomes
from arb_pipelines.defs.resources import BooksResource, OutletResource, SystemClock
from arb_pipelines.services.fulfilment import ship_orders, tracking_number_for


@op(pool=ACCOUNT_POOL, tags={"kind": "httpx"})
def ship_sold(context: OpExecutionContext, books: BooksResource, outlet: OutletResource) -> None:
    """Ship every order not yet shipped, oldest first."""
    with books.opened() as opened, outlet.seller() as seller:
        done = ship_orders(opened, seller, tracking_number_for, SystemClock())
    show_outcomes(
        context,
        done.summary(),
        [(order_id, "shipped", "") for order_id in done.shipped] + [(n.key, n.code, n.detail) for n in done.not_done],
    )


@job(executor_def=in_process_executor, tags=ACTING, hooks=ALERTING)
def fulfilment_job() -> None:
    """Ship sold orders."""
    ship_sold()
