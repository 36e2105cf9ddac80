"""Schedules: the cadence of what does not wait for an event. All times are UTC."""

from dagster import DefaultScheduleStatus, RunRequest, ScheduleDefinition, schedule

from arb_pipelines.defs.jobs import opportunities_job, price_history_job, price_model_job, profit_and_loss_job
from arb_pipelines.defs.ops.politeness import politeness_job
from arb_pipelines.defs.ops.repricing import repricing_job
from arb_pipelines.defs.ops.retention import retention_job
from arb_pipelines.defs.partitions import TRAINING_DATES
from arb_pipelines.settings import Settings

STATUS = DefaultScheduleStatus.RUNNING if Settings().start_sensors else DefaultScheduleStatus.STOPPED


@schedule(job=price_model_job, cron_schedule="30 3 * * 1", default_status=STATUS)
def price_model_job_weekly() -> RunRequest:
    """Retrain on Mondays with everything known by then."""
    return RunRequest(partition_key=TRAINING_DATES.get_last_partition_key())


opportunities_job_every_10_minutes = ScheduleDefinition(
    name="opportunities_job_every_10_minutes",
    job=opportunities_job,
    cron_schedule="*/10 * * * *",
    default_status=STATUS,
)
price_history_job_hourly = ScheduleDefinition(
    name="price_history_job_hourly", job=price_history_job, cron_schedule="5 * * * *", default_status=STATUS
)
repricing_job_hourly = ScheduleDefinition(
    name="repricing_job_hourly", job=repricing_job, cron_schedule="35 * * * *", default_status=STATUS
)
profit_and_loss_job_daily = ScheduleDefinition(
    name="profit_and_loss_job_daily", job=profit_and_loss_job, cron_schedule="15 6 * * *", default_status=STATUS
)
retention_job_daily = ScheduleDefinition(
    name="retention_job_daily", job=retention_job, cron_schedule="45 4 * * *", default_status=STATUS
)
politeness_job_nightly = ScheduleDefinition(
    name="politeness_job_nightly", job=politeness_job, cron_schedule="30 5 * * *", default_status=STATUS
)

ALL = (
    price_model_job_weekly,
    opportunities_job_every_10_minutes,
    price_history_job_hourly,
    repricing_job_hourly,
    profit_and_loss_job_daily,
    retention_job_daily,
    politeness_job_nightly,
)
