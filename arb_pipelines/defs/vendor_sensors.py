"""Sensors of the vendors' own interfaces: when eBay is searched again, and when Amazon has told something.

What belongs here: a cheap look and a run request. Each is off until its setting is there, and says so in one line.
"""

from datetime import timedelta

from dagster import RunRequest, SensorEvaluationContext, SkipReason, sensor

from arb_pipelines.defs.assets.ebay_offers import SITE
from arb_pipelines.defs.jobs import analysis_job, ebay_offers_job
from arb_pipelines.defs.ops.amazon_notifications import OUTLET, amazon_notifications_job
from arb_pipelines.defs.ops.repricing import repricing_job
from arb_pipelines.defs.resources import BooksResource, SettingsResource, SystemClock
from arb_pipelines.defs.sensors import CADENCE, STATUS, unfinished_runs
from arb_pipelines.domain.outlet_event import PRICE_KINDS
from arb_pipelines.services.outlet_events import moved_listings

EVERY_S = 300  # each run searches orders once, and Amazon grants one search in three minutes
MOST_EVENTS = 1_000  # looked at: more than come between two looks


@sensor(job=ebay_offers_job, minimum_interval_seconds=CADENCE.follow_interval_s, default_status=STATUS)
def ebay_searches_sensor(
    context: SensorEvaluationContext, books: BooksResource, settings: SettingsResource
) -> RunRequest | SkipReason:
    """Ask eBay the saved searches once an interval of theirs, while no other analysis is going."""
    values, now = settings.values, SystemClock().now()
    if values.ebay_source is None or values.ebay_source_off:
        return SkipReason(values.ebay_source_off)
    if any(unfinished_runs(context, name) for name in (ebay_offers_job.name, analysis_job.name)):
        return SkipReason("an analysis is still going")
    with books.opened() as opened:
        last = opened.visits.last_tick_at().get(SITE)
    due_at = None if last is None else last + timedelta(seconds=values.ebay_source.interval_s)
    if due_at is not None and now < due_at:
        return SkipReason(f"eBay is searched again at {due_at:%F %T} UTC")
    # A run that dies before it is noted as a visit is asked for again in the next interval, not at every look.
    return RunRequest(run_key=f"ebay-{int(now.timestamp()) // values.ebay_source.interval_s}")


@sensor(job=amazon_notifications_job, minimum_interval_seconds=CADENCE.follow_interval_s, default_status=STATUS)
def amazon_notifications_sensor(
    context: SensorEvaluationContext, settings: SettingsResource
) -> RunRequest | SkipReason:
    """Act on Amazon's notifications while some wait in our queue."""
    values = settings.values
    if values.amazon_queue_off:
        return SkipReason(values.amazon_queue_off)
    if unfinished_runs(context, amazon_notifications_job.name):
        return SkipReason("notifications are being read already")
    try:
        waiting = values.open_amazon_queue().count_waiting()
    except (OSError, ValueError, RuntimeError) as error:
        return SkipReason(f"the queue cannot be read: {error}")
    if not waiting:
        return SkipReason("no notification waits")
    slot = int(SystemClock().now().timestamp()) // EVERY_S
    return RunRequest(run_key=f"amazon-{slot}", tags={"arb/waiting": str(waiting)})


@sensor(job=repricing_job, minimum_interval_seconds=CADENCE.books_interval_s, default_status=STATUS)
def moved_market_sensor(
    context: SensorEvaluationContext, books: BooksResource, settings: SettingsResource
) -> RunRequest | SkipReason:
    """Reprice when Amazon has told that others' prices moved for something we list; bounds and breakers are its own."""
    if settings.values.amazon_queue_off:
        return SkipReason(settings.values.amazon_queue_off)
    if unfinished_runs(context, repricing_job.name):
        return SkipReason("prices are being looked at already")
    with books.opened() as opened:
        events = [one for one in opened.webhook_events.load(OUTLET, MOST_EVENTS) if one.kind in PRICE_KINDS]
        fresh = [one for one in events if one.received_at.isoformat() > (context.cursor or "")]
        moved = moved_listings(opened, OUTLET, fresh)
    if fresh:
        context.update_cursor(max(one.received_at.isoformat() for one in fresh))
    if not moved:
        return SkipReason(f"{len(fresh)} prices moved, none of what we list")
    return RunRequest(run_key=f"moved-{fresh[0].event_id}", tags={"arb/moved": str(len(moved))})


ALL = (ebay_searches_sensor, amazon_notifications_sensor, moved_market_sensor)
