"""What is done when an acting job fails: the operator is told.

What belongs here: hooks only. A process that was killed runs no hook, so `failed_run_sensor` tells the same thing
once more under the same key; it is one alert.
"""

from dagster import HookContext, failure_hook

from arb_pipelines.defs.resources import BooksResource, SystemClock
from arb_pipelines.domain.alert import Alert, Severity
from arb_pipelines.services.notifications import raise_alert


def tell_of_failure(books: BooksResource, job_name: str, run_id: str, error: str, *, acting: bool) -> None:
    """Raise the alert of a failed run; one job that keeps failing is one alert."""
    severity = Severity.CRITICAL if acting else Severity.WARNING
    detail = f"run {run_id[:8]}: {error}"
    alert = Alert("run_failed", f"{job_name} failed", detail, severity, dedupe_key=f"run_failed:{job_name}")
    with books.opened() as opened:
        raise_alert(opened, alert, SystemClock())


@failure_hook(required_resource_keys={"books"})
def tell_operator(context: HookContext) -> None:
    """Tell the operator which step of an acting job failed and why; money may be on the way."""
    error = context.op_exception
    told = f"{context.op.name}: {type(error).__name__}: {error}" if error else f"{context.op.name} failed"
    tell_of_failure(context.resources.books, context.job_name, context.run_id, told, acting=True)


ALERTING = {tell_operator}
