"""The job that acts on Amazon's notifications: each is deleted from the queue only after its effect is in the books."""

from dagster import Failure, OpExecutionContext, in_process_executor, job, op

from arb_pipelines.defs.hooks import ALERTING
from arb_pipelines.defs.ops.purchasing import ACTING
from arb_pipelines.defs.outcomes import show_outcomes
from arb_pipelines.defs.resources import BooksResource, OutletResource, SettingsResource, SystemClock
from arb_pipelines.domain.alert import Alert
from arb_pipelines.domain.fees import load_schedules
from arb_pipelines.domain.stores import Books
from arb_pipelines.services.fulfilment import import_orders
from arb_pipelines.services.notifications import clear_alert, raise_alert
from arb_pipelines.services.outlet_events import EventListener, OrderTeller

OUTLET = "amazon"
MOST = 200  # a run: a single order may be asked for every two seconds
LEFT = "amazon_notifications_left"


@op(pool="amazon_notifications", tags={"kind": "boto3"})
def read_amazon_notifications(
    context: OpExecutionContext, books: BooksResource, outlet: OutletResource, settings: SettingsResource
) -> None:
    """Import all new orders, then act on each notification that waits."""
    values, clock, schedules = settings.values, SystemClock(), load_schedules()
    if values.amazon_queue_off:
        context.log.info(values.amazon_queue_off)
        return
    queue, terms = values.open_amazon_queue(), values.terms_of_outlets[OUTLET]
    with books.opened() as opened, outlet.sellers() as sellers:
        seller = next(one for one in sellers if one.outlet == OUTLET and isinstance(one, OrderTeller))
        # One order alone would move the window of the next import past older ones that nobody has read yet.
        first = import_orders(opened, seller, schedules, terms, clock)
        if any(one.key == OUTLET for one in first.not_done):
            raise Failure(f"Amazon's orders cannot be read, so no notification was taken: {first.not_done[0].detail}")
        listener = EventListener(opened, seller, schedules, terms, clock)
        done = queue.drain(listener.act, most=MOST)
        left = [(one.notification_id, error.code, error.detail) for one, error in done.not_acted]
        left += [("message", "unreadable", why) for why in done.unreadable]
        left += [(message_id, "foreign", "of another seller or application") for message_id in done.foreign]
        tell_left(opened, left)
    counts = {**listener.heard.summary(), "deleted": len(done.stored), "left": len(left)}
    rows = [(one.key, one.code, one.detail) for one in (*first.not_done, *listener.heard.not_done)]
    show_outcomes(context, counts, rows + left)


def tell_left(books: Books, left: list[tuple[str, str, str]]) -> None:
    """Tell the operator of messages that stay in the queue until its rule moves them aside; clear it once none does."""
    clock = SystemClock()
    if not left:
        clear_alert(books, LEFT, clock)
        return
    detail = "; ".join(": ".join(parts) for parts in left[:5])
    raise_alert(
        books, Alert(LEFT, f"{len(left)} of Amazon's notifications stay in the queue", detail, dedupe_key=LEFT), clock
    )


@job(executor_def=in_process_executor, tags=ACTING, hooks=ALERTING)
def amazon_notifications_job() -> None:
    """Act on Amazon's notifications; started by `amazon_notifications_sensor`."""
    read_amazon_notifications()
