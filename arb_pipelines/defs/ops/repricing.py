"""The repricing job: moves prices between floor and ceiling, with a circuit breaker over the run of each outlet."""

from dagster import OpExecutionContext, in_process_executor, job, op

from arb_pipelines.defs.hooks import ALERTING
from arb_pipelines.defs.ops.purchasing import ACCOUNT_POOL, ACTING
from arb_pipelines.defs.outcomes import Row, show_outcomes
from arb_pipelines.defs.resources import BooksResource, OutletResource, SettingsResource, SystemClock
from arb_pipelines.domain.fees import load_schedules
from arb_pipelines.services.repricing import RepriceRules, reprice


@op(pool=ACCOUNT_POOL, tags={"kind": "httpx"})
def reprice_active(
    context: OpExecutionContext, books: BooksResource, outlet: OutletResource, settings: SettingsResource
) -> None:
    """Reprice every active listing that has a floor and a prediction; a rule's first run only suggests."""
    counts: dict[str, int] = {}
    rows: list[Row] = []
    schedules, terms = load_schedules(), settings.values.terms_of_outlets
    with books.opened() as opened, outlet.sellers() as sellers:
        predictions = opened.predictions.load()
        for seller in sellers:
            rules = RepriceRules(terms[seller.outlet], schedules)
            days_a_day = settings.values.selling_days_a_day
            done = reprice(opened, seller, predictions, SystemClock(), days_a_day=days_a_day, rules=rules)
            counts |= {name: counts.get(name, 0) + count for name, count in done.summary().items()}
            rows += [(c.sku, f"{c.old} -> {c.new}", c.reason) for c in done.changed]
            rows += [(c.sku, f"suggested {c.old} -> {c.new}", c.reason) for c in done.suggested]
            rows += [(n.key, n.code, n.detail) for n in done.not_done]
            rows += [(seller.outlet, done.stopped.code, done.stopped.detail)] if done.stopped else []
    show_outcomes(context, counts, rows)


@job(executor_def=in_process_executor, tags=ACTING, hooks=ALERTING)
def repricing_job() -> None:
    """Reprice active listings."""
    reprice_active()
