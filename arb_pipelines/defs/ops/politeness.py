"""The politeness job: the nightly account of how the shops were treated."""

from datetime import timedelta

from dagster import MetadataValue, OpExecutionContext, in_process_executor, job, op

from arb_pipelines.defs.resources import BooksResource, SystemClock
from arb_pipelines.reports.politeness import build_report, render_markdown

PERIOD = timedelta(days=1)


@op(tags={"kind": "sql"})
def report_politeness(context: OpExecutionContext, books: BooksResource) -> None:
    """Add up the visits of the last 24 hours by site; a broken wish of a shop is a warning in the log."""
    end = SystemClock().now()
    with books.opened() as opened:
        report = build_report(opened.visits.load_between(end - PERIOD, end), end - PERIOD, end)
    told = report.to_json()
    context.add_output_metadata(
        {**told["total"], "polite": told["polite"], "report": MetadataValue.md(render_markdown(report))}
    )
    for site in report.sites:
        if not site.is_polite:
            context.log.warning(f"{site.site}: {site.too_soon} too soon, {site.early_returns} back too early")


@job(executor_def=in_process_executor, tags={"arb/stage": "scraping"})
def politeness_job() -> None:
    """Report how the shops were treated; started by `politeness_job_nightly`."""
    report_politeness()
