"""The retention job: deletes finished runs and raw pages past their time, so that 288 ticks a day do not pile up."""

from datetime import UTC, datetime, timedelta

from dagster import DagsterRunStatus, OpExecutionContext, RunsFilter, in_process_executor, job, op

from arb_pipelines.defs.resources import SettingsResource
from arb_pipelines.scraping.segments import delete_before

FINISHED = [DagsterRunStatus.SUCCESS, DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED]
BATCH = 200


@op
def delete_old_runs(context: OpExecutionContext, settings: SettingsResource) -> int:
    """Delete finished runs older than the retention time, 200 at a time; return how many."""
    before = datetime.now(UTC) - timedelta(days=settings.values.retention_days)
    deleted = 0
    while runs := context.instance.get_runs(RunsFilter(statuses=FINISHED, created_before=before), limit=BATCH):
        for run in runs:
            context.instance.delete_run(run.run_id)
        deleted += len(runs)
    context.add_output_metadata({"deleted_runs": deleted})
    return deleted


@op
def delete_old_pages(context: OpExecutionContext, settings: SettingsResource) -> int:
    """Delete the raw pages older than `raw_pages_days`; return the bytes freed. Their records stay."""
    before = datetime.now(UTC).date() - timedelta(days=settings.values.raw_pages_days)
    freed = delete_before(settings.values.raw_pages_dir, before)
    context.add_output_metadata({"freed_bytes": freed})
    return freed


@job(executor_def=in_process_executor)
def retention_job() -> None:
    """Delete old runs and old pages."""
    delete_old_runs()
    delete_old_pages()
