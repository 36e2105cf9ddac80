"""The repricing job: moves prices between floor and ceiling, with a circuit breaker over the run."""

from dagster import OpExecutionContext, in_process_executor, job, op

from arb_pipelines.defs.hooks import ALERTING
from arb_pipelines.defs.ops.purchasing import ACCOUNT_POOL, ACTING
from arb_pipelines.defs.outcomes import show_outcomes
from arb_pipelines.defs.resources import BooksResource, OutletResource, SettingsResource, SystemClock
from arb_pipelines.services.repricing import reprice


@op(pool=ACCOUNT_POOL, tags={"kind": "httpx"})
def reprice_active(
    context: OpExecutionContext, books: BooksResource, outlet: OutletResource, settings: SettingsResource
) -> None:
    """Reprice every active listing that has a floor and a prediction."""
    with books.opened() as opened, outlet.seller() as seller:
        predictions = opened.predictions.load()
        done = reprice(opened, seller, predictions, SystemClock(), days_a_day=settings.values.selling_days_a_day)
    show_outcomes(
        context,
        done.summary(),
        [(c.sku, f"{c.old} -> {c.new}", c.reason) for c in done.changed]
        + [(n.key, n.code, n.detail) for n in done.not_done],
    )


@job(executor_def=in_process_executor, tags=ACTING, hooks=ALERTING)
def repricing_job() -> None:
    """Reprice active listings."""
    reprice_active()
