"""The retention job: copies files to where they are kept and deletes what is past its time.

What belongs here: what is kept and deleted, and how long. Deleting a run in Dagster leaves its event file (250 kB with
SQLite storage) and its compute logs behind; 2,300 shard runs a day would make that half a gigabyte.
"""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

from dagster import DagsterRunStatus, In, Nothing, OpExecutionContext, Out, RunsFilter, in_process_executor, job, op

from arb_pipelines.adapters.aws.objects import open_objects
from arb_pipelines.defs.resources import BooksResource, SettingsResource
from arb_pipelines.reports.profit_and_loss import build_daily, render_markdown
from arb_pipelines.scraping.segments import delete_before
from arb_pipelines.services.artifacts import keep_files
from arb_pipelines.settings import Settings

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
            delete_run_files(Path(context.instance.root_directory), run.run_id)
        deleted += len(runs)
    context.add_output_metadata({"deleted_runs": deleted})
    return deleted


def delete_run_files(dagster_home: Path, run_id: str) -> None:
    """Delete what Dagster leaves on disk of a deleted run: its event file and its compute logs."""
    for suffix in ("", "-wal", "-shm", "-journal"):
        (dagster_home / "history" / "runs" / f"{run_id}.db{suffix}").unlink(missing_ok=True)
    shutil.rmtree(dagster_home / "storage" / run_id, ignore_errors=True)


@op(out=Out(Nothing))
def keep_artifacts(context: OpExecutionContext, books: BooksResource, settings: SettingsResource) -> None:
    """Write the report of the day, and copy evidence, reports, models and pages to `artifacts_url` when it is set."""
    values = settings.values
    with books.opened() as opened:
        daily = build_daily(opened.orders.load(), values.currency, opened.returns.load())
        report = render_markdown(daily, values.currency)
    day = values.home / "reports" / f"{datetime.now(UTC):%Y-%m-%d}"
    day.mkdir(parents=True, exist_ok=True)
    (day / "profit_and_loss.md").write_text(report, encoding="utf-8")
    if values.artifacts_url is None:
        return
    kept = keep_files(artifact_folders(values), open_objects(values.artifacts_url, values.aws_region))
    context.add_output_metadata({f"kept_{name.replace('/', '_')}": count for name, count in kept.items()})


def artifact_folders(values: Settings) -> dict[str, Path]:
    """Return the folders to keep elsewhere, by name; of the pages only the days' archives, which are whole."""
    folders = {name: values.home / name for name in ("checkout_evidence", "reports", "models")}
    days = sorted(values.raw_pages_dir.glob("????-??-??"))
    return folders | {f"raw_pages/{day.name}": day for day in days}


@op(ins={"kept": In(Nothing)})
def delete_old_pages(context: OpExecutionContext, settings: SettingsResource) -> int:
    """Delete the raw pages older than `raw_pages_days`; return the bytes freed. Their records stay."""
    before = datetime.now(UTC).date() - timedelta(days=settings.values.raw_pages_days)
    freed = delete_before(settings.values.raw_pages_dir, before)
    context.add_output_metadata({"freed_bytes": freed})
    return freed


@job(executor_def=in_process_executor)
def retention_job() -> None:
    """Delete old runs, keep what is to be kept, and then delete old pages."""
    delete_old_runs()
    delete_old_pages(keep_artifacts())
