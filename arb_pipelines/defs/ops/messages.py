"""The messages job: routes alerts and sends what waits in the outbox, each message once."""

from datetime import timedelta

from dagster import OpExecutionContext, in_process_executor, job, op

from arb_pipelines.defs.hooks import ALERTING
from arb_pipelines.defs.ops.purchasing import ACTING
from arb_pipelines.defs.outcomes import show_outcomes
from arb_pipelines.defs.resources import BooksResource, SettingsResource, SystemClock
from arb_pipelines.services.alerting import route_alerts
from arb_pipelines.services.delivering import deliver_messages

CHARGES_KEPT = timedelta(days=30)  # budgets look back 24 hours; people look back a month


@op(pool="messages", tags={"kind": "smtp"})
def deliver_outbox(context: OpExecutionContext, books: BooksResource, settings: SettingsResource) -> None:
    """Queue what the open alerts call for, then send every message that is due."""
    values, clock = settings.values, SystemClock()
    with books.opened() as opened, values.open_channels(clock.now) as channels:
        routed = route_alerts(opened, values.alert_book, values.alert_recipients, clock)
        done = deliver_messages(opened, channels, clock)
        opened.api_budgets.delete_before(clock.now() - CHARGES_KEPT)
    show_outcomes(
        context,
        {"routed": len(routed.messages), **done.summary()},
        [(key, "sent", "") for key in done.sent]
        + [(n.key, n.code, n.detail) for n in (*done.to_retry, *done.uncertain, *done.dead)],
    )


@job(executor_def=in_process_executor, tags=ACTING, hooks=ALERTING)
def messages_job() -> None:
    """Send alerts and messages; started by `outbox_sensor`."""
    deliver_outbox()
