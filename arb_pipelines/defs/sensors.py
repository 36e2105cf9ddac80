"""Sensors: what starts a run, and what a run that failed sets off.

What belongs here: a cheap look at the stores and a run request. A run alone never spends: buying needs an
approval row, and every acting job is a no-op when it is run again.
"""

from collections.abc import Sequence
from typing import Any

from dagster import (
    AssetKey,
    DagsterRun,
    DagsterRunStatus,
    DefaultSensorStatus,
    RunFailureSensorContext,
    RunRequest,
    RunsFilter,
    SensorEvaluationContext,
    SensorResult,
    SkipReason,
    run_failure_sensor,
    sensor,
)

from arb_pipelines.defs.hooks import tell_of_failure
from arb_pipelines.defs.jobs import analysis_job, books_job, matching_model_job, price_model_job
from arb_pipelines.defs.monitoring import metrics_sensor
from arb_pipelines.defs.ops.crawling import crawl_shard_job
from arb_pipelines.defs.ops.fulfilment import fulfilment_job
from arb_pipelines.defs.ops.listing import listing_job
from arb_pipelines.defs.ops.messages import messages_job
from arb_pipelines.defs.ops.purchasing import purchase_job
from arb_pipelines.defs.partitions import SITES, TRAINING_DATES
from arb_pipelines.defs.resources import BooksResource, SettingsResource, SitesResource, SystemClock
from arb_pipelines.domain.listing import ListingState
from arb_pipelines.domain.purchase import OPEN_STATES, PurchaseState
from arb_pipelines.domain.sharding import split_into_shards
from arb_pipelines.domain.site import due_sites, tick_id_at
from arb_pipelines.domain.stores import Books
from arb_pipelines.services.alerting import plan_now
from arb_pipelines.services.delivering import count_waiting
from arb_pipelines.settings import Settings

# Cadence and start state are part of a sensor's definition, so they are read once, when the code is loaded.
CADENCE = Settings()
STATUS = DefaultSensorStatus.RUNNING if CADENCE.start_sensors else DefaultSensorStatus.STOPPED
RECENT_RUNS = 64  # the shard runs of a few ticks
UNFINISHED = (
    DagsterRunStatus.QUEUED,
    DagsterRunStatus.NOT_STARTED,
    DagsterRunStatus.STARTING,
    DagsterRunStatus.STARTED,
    DagsterRunStatus.CANCELING,
)


def unfinished_runs(context: SensorEvaluationContext, job_name: str) -> Sequence[DagsterRun]:
    """Return the runs of a job that are queued or going."""
    return context.instance.get_runs(RunsFilter(job_name=job_name, statuses=list(UNFINISHED)))


def busy_sites(runs: Sequence[DagsterRun]) -> set[str]:
    """Return the sites that unfinished shard runs hold: a site belongs to one crawl at a time."""
    configs: list[Any] = [run.run_config for run in runs]
    return {key for config in configs for key in config["ops"]["crawl_shard"]["config"]["sites"]}


def shard_request(tick_id: str, number: int, site_keys: list[str]) -> RunRequest:
    """Return the request of one shard's run; its key makes a repeated tick harmless."""
    return RunRequest(
        run_key=f"{tick_id}/{number}",
        run_config={"ops": {"crawl_shard": {"config": {"tick_id": tick_id, "sites": site_keys}}}},
        # Shard 0 holds the browser sites and takes twice as long as the others, so it starts before them.
        tags={"arb/tick": tick_id, "arb/shard": str(number), "dagster/priority": "0" if number else "1"},
    )


@sensor(job=crawl_shard_job, minimum_interval_seconds=CADENCE.scrape_interval_s, default_status=STATUS)
def due_sites_sensor(
    context: SensorEvaluationContext, sites: SitesResource, books: BooksResource, settings: SettingsResource
) -> SensorResult | SkipReason:
    """Split the sites that are due over even shards, one run each; sites still being crawled are left out."""
    registry = sites.load()
    for broken in registry.broken:
        context.log.warning(f"site file skipped: {broken.path}: {broken.reason}")
    busy = busy_sites(unfinished_runs(context, crawl_shard_job.name))
    now = SystemClock().now()
    with books.opened() as opened:
        due = due_sites([s for s in registry.sites if s.key not in busy], opened.visits.last_tick_at(), now)
    if not due:
        return SkipReason(f"no site is due ({len(registry.sites)} declared, {len(busy)} being crawled)")
    tick_id = tick_id_at(now)
    known = set(context.instance.get_dynamic_partitions(SITES.name or ""))
    shards = split_into_shards(due, settings.values.shards)
    return SensorResult(
        run_requests=[shard_request(tick_id, n, [s.key for s in shard]) for n, shard in enumerate(shards)],
        dynamic_partitions_requests=[SITES.build_add_request([s.key for s in registry.sites if s.key not in known])],
    )


@sensor(job=analysis_job, minimum_interval_seconds=CADENCE.follow_interval_s, default_status=STATUS)
def fresh_offers_sensor(context: SensorEvaluationContext) -> RunRequest | SkipReason:
    """Price, match and score as soon as the last shard of a tick is done, once a tick."""
    going = {run.tags.get("arb/tick") for run in unfinished_runs(context, crawl_shard_job.name)}
    if unfinished_runs(context, analysis_job.name) or unfinished_runs(context, price_model_job.name):
        return SkipReason("an analysis or a training is still going")
    recent = context.instance.get_runs(RunsFilter(job_name=crawl_shard_job.name), limit=RECENT_RUNS)
    done = {run.tags.get("arb/tick", "") for run in recent} - going
    tick_id = max(done, default="")
    if tick_id <= (context.cursor or ""):
        return SkipReason("no tick has ended since the last analysis")
    context.update_cursor(tick_id)
    return RunRequest(run_key=f"analysis-{tick_id}", tags={"arb/tick": tick_id})


@sensor(job=price_model_job, minimum_interval_seconds=60, default_status=STATUS)
def first_model_sensor(context: SensorEvaluationContext) -> RunRequest | SkipReason:
    """Train the first price model on the outlet's past sales; later ones come weekly or by backfill."""
    if context.instance.get_latest_materialization_event(AssetKey("price_model")) is not None:
        return SkipReason("a price model has been trained")
    today = TRAINING_DATES.get_last_partition_key()
    return RunRequest(run_key=f"first-model-{today}", partition_key=today)


@sensor(job=matching_model_job, minimum_interval_seconds=60, default_status=STATUS)
def matching_lesson_sensor(context: SensorEvaluationContext, books: BooksResource) -> RunRequest | SkipReason:
    """Teach the matcher once the first offers are scored, and again when people have judged matches since."""
    # The lesson takes 10 CPU seconds: before the first opportunities it would only delay them.
    if context.instance.get_latest_materialization_event(AssetKey("opportunities")) is None:
        return SkipReason("the first offers are not scored yet")
    with books.opened() as opened:
        judged = opened.products.count_feedback()
    return RunRequest(run_key=f"matching-{judged}")


@sensor(job=price_model_job, minimum_interval_seconds=300, default_status=STATUS)
def drifted_model_sensor(books: BooksResource) -> RunRequest | SkipReason:
    """Train again when the champion is locked because its promises broke; once a day and champion."""
    with books.opened() as opened:
        locked = [p for p in opened.predictions.load().values() if p.abstained == "model_drifted"]
    if not locked:
        return SkipReason("the champion's promises hold")
    today = TRAINING_DATES.get_last_partition_key()
    return RunRequest(run_key=f"drift-{locked[0].model_version}-{today}", partition_key=today)


@sensor(job=purchase_job, minimum_interval_seconds=CADENCE.follow_interval_s, default_status=STATUS)
def approved_purchase_sensor(context: SensorEvaluationContext, books: BooksResource) -> RunRequest | SkipReason:
    """Start buying when approvals wait; the claim decides again, whatever this run was started for."""
    with books.opened() as opened:
        waiting = len(opened.approvals.load_usable(SystemClock().now()))
    if not waiting:
        return SkipReason("no usable approvals")
    if unfinished_runs(context, purchase_job.name):
        return SkipReason(f"{waiting} approvals wait, and a purchase run is already going")
    return RunRequest(tags={"arb/waiting": str(waiting)})


def waiting_for(books: Books) -> dict[str, int]:
    """Return how much there is for each job that looks after positions.

    The books follow every purchase until it is stock (an uncertain one, and one that a person received, too) and every
    listing that may sell; what a dead run left pending, and what must be withdrawn because it sold elsewhere, is
    listed or ended even when nothing is left to list.
    """
    in_stock = {lot.purchase_id for lot in books.inventory.load()}
    bought = [one for one in books.purchases.load([PurchaseState.BOUGHT]) if one.purchase_id not in in_stock]
    unsettled = books.purchases.load(sorted(OPEN_STATES))
    half_done = books.listings.load([ListingState.PENDING, ListingState.ENDING])
    return {
        books_job.name: len(bought) + len(unsettled) + len(half_done) + len(books.listings.load([ListingState.ACTIVE])),
        listing_job.name: len(books.inventory.load_unlisted()) + len(half_done),
        fulfilment_job.name: len(books.orders.load_unshipped()),
    }


@sensor(
    jobs=[books_job, listing_job, fulfilment_job],
    # It asks for each job once an interval at most, so looking twice an interval is enough.
    minimum_interval_seconds=max(5, CADENCE.books_interval_s // 2),
    default_status=STATUS,
)
def positions_sensor(context: SensorEvaluationContext, books: BooksResource) -> list[RunRequest] | SkipReason:
    """Look after what is under way: purchases and listings, stock no listing offers, orders to ship."""
    with books.opened() as opened:
        waiting = waiting_for(opened)
    wanted = [name for name, count in waiting.items() if count and not unfinished_runs(context, name)]
    if not wanted:
        return SkipReason(", ".join(f"{name}: {count} waiting" for name, count in waiting.items()))
    # The key lets the same positions be looked at once an interval, not at every look of this sensor.
    slot = int(SystemClock().now().timestamp()) // CADENCE.books_interval_s
    return [
        RunRequest(run_key=f"{name}-{slot}", job_name=name, tags={"arb/waiting": str(waiting[name])}) for name in wanted
    ]


@sensor(job=messages_job, minimum_interval_seconds=CADENCE.deliver_interval_s, default_status=STATUS)
def outbox_sensor(
    context: SensorEvaluationContext, books: BooksResource, settings: SettingsResource
) -> RunRequest | SkipReason:
    """Send when an alert is to be told or a message is due."""
    values, clock = settings.values, SystemClock()
    with books.opened() as opened:
        untold = len(plan_now(opened, values.alert_book, values.alert_recipients, clock).messages)
        waiting = count_waiting(opened, values.ready_channels, clock)
    if not untold and not waiting:
        return SkipReason("nothing to tell and no message is due")
    if unfinished_runs(context, messages_job.name):
        return SkipReason("messages are being sent already")
    return RunRequest(tags={"arb/waiting": str(untold + waiting)})


@run_failure_sensor(minimum_interval_seconds=30, default_status=STATUS)
def failed_run_sensor(context: RunFailureSensorContext, books: BooksResource) -> SkipReason:
    """Tell the operator of every failed run, and log it as one line that names the job, the run and the error."""
    error = context.failure_event.message or "no message"
    run = context.dagster_run
    context.log.error(f"run {run.run_id[:8]} of {run.job_name} failed: {error}")
    tell_of_failure(books, run.job_name, run.run_id, error, acting=run.tags.get("arb/stage") == "acting")
    return SkipReason(f"{run.job_name} failed")


ALL = (
    due_sites_sensor,
    fresh_offers_sensor,
    first_model_sensor,
    matching_lesson_sensor,
    drifted_model_sensor,
    approved_purchase_sensor,
    positions_sensor,
    outbox_sensor,
    failed_run_sensor,
    metrics_sensor,
)
