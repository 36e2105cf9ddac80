"""The fulfilment job: tells outlets what has left, and the operator what is late. Safe to run again at any time."""

from dagster import OpExecutionContext, in_process_executor, job, op

from arb_pipelines.defs.hooks import ALERTING
from arb_pipelines.defs.ops.purchasing import ACCOUNT_POOL, ACTING
from arb_pipelines.defs.outcomes import Row, show_outcomes
from arb_pipelines.defs.resources import BooksResource, OutletResource, SystemClock
from arb_pipelines.services.fulfilment import ship_orders, tracking_number_for, wait_for_a_person
from arb_pipelines.services.late_shipments import warn_of_late

SANDBOX = "sandbox"  # its carrier takes parcels by itself; everywhere else a person hands them over (`arb ship`)


@op(pool=ACCOUNT_POOL, tags={"kind": "httpx"})
def ship_sold(context: OpExecutionContext, books: BooksResource, outlet: OutletResource) -> None:
    """Upload the tracking number of every order that has left, oldest first; warn of those that should have."""
    counts: dict[str, int] = {}
    rows: list[Row] = []
    with books.opened() as opened:
        with outlet.sellers() as sellers:
            for seller in sellers:
                tracking = tracking_number_for if seller.outlet == SANDBOX else wait_for_a_person
                done = ship_orders(opened, seller, tracking, SystemClock())
                counts |= {name: counts.get(name, 0) + count for name, count in done.summary().items()}
                rows += [(order_id, "shipped", "") for order_id in done.shipped]
                rows += [(n.key, n.code, n.detail) for n in done.not_done]
        late = warn_of_late(opened, SystemClock())
    rows += [(order.order_id, "late", f"must ship by {order.must_ship_by:%F %T} UTC") for order in late]
    show_outcomes(context, counts | {"late": len(late)}, rows)


@job(executor_def=in_process_executor, tags=ACTING, hooks=ALERTING)
def fulfilment_job() -> None:
    """Ship sold orders."""
    ship_sold()
