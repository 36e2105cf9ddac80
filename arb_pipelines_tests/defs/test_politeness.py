"""The politeness job reads the books and shows its table."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from dagster import DagsterInstance

from arb_pipelines.adapters.sql.books import open_books
from arb_pipelines.defs.ops.politeness import politeness_job
from arb_pipelines.defs.resources import BooksResource, SystemClock
from arb_pipelines.domain.manners import VisitManners
from arb_pipelines.domain.site import SiteVisit, VisitOutcome


def test_the_report_of_the_last_day_is_in_the_metadata(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'books.sqlite'}"
    now = SystemClock().now()
    books = open_books(url, mode="paper")
    books.migrate()
    for hours, requests in ((1, 3), (30, 40)):
        at = now - timedelta(hours=hours)
        manners = VisitManners(requests=requests, too_soon=1)
        visit = SiteVisit("corner", f"t{hours}", at, at, VisitOutcome.OK, None, 1, 1, 9, 5, manners=manners)
        books.visits.record([visit])
    books.close()
    with DagsterInstance.ephemeral() as instance:
        done = politeness_job.execute_in_process(
            resources={"books": BooksResource(url=url, mode="paper")}, instance=instance
        )
    (output,) = [event for event in done.all_events if event.event_type_value == "STEP_OUTPUT"]
    shown = output.step_output_data.metadata
    assert (shown["requests"].value, shown["polite"].value) == (3, False)
    assert "| corner |" in str(shown["report"].value)
