"""What Dagster's embedded home grows by, for `storage.py`.

What belongs here: shard runs in a home of their own, and its size before and after the retention job deleted them.
"""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.storage_points import FIRST

SITES = 500
RUNS_A_DAY = 8 * 288  # shard runs; the other jobs add about 300 small ones


def measure_dagster(runs: int) -> dict[str, float]:
    """Return what a simulated day adds to the home, and what of it stays when its runs are deleted.

    What stays is taken over a second round of runs, because the first leaves room in the files that is used again.
    """
    from dagster import DagsterInstance

    logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
        with DagsterInstance.from_config(folder) as instance:
            made = _run(instance, 4)  # the tables themselves
            before = _size(home)
            made += _run(instance, runs)
            a_run = (_size(home) - before) / runs
            _delete(instance, home, made)
            emptied = _size(home)
            by_dagster = _delete(instance, home, _run(instance, runs)) - emptied
            pruned = _size(home) - emptied
    logging.disable(logging.NOTSET)
    a_day = RUNS_A_DAY / 1e6
    return {
        "runs": runs,
        "kb_a_shard_run": round(a_run / 1e3, 1),
        "mb_a_day": round(a_run * a_day),
        "mb_kept_with_7_days": round(a_run * a_day * 7),
        "mb_a_day_deleted_by_dagster_alone": round(by_dagster / runs * a_day, 1),
        "mb_a_day_pruned": round(pruned / runs * a_day, 1),
    }


def _run(instance: Any, runs: int) -> list[str]:
    """Run a shard so often, each with the events of its sites, and return the runs' ids."""
    from dagster import AssetMaterialization, job, op

    from arb_pipelines.defs.crawling import site_metadata
    from arb_pipelines.domain.site import SiteVisit, VisitOutcome

    visit = SiteVisit("shop-1", "tick-20260101T000000", FIRST, FIRST, VisitOutcome.OK, None, 20, 20, 500_000, 120)

    @op
    def crawl(context) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001 - Dagster reads the annotation
        for number in range(SITES // 8):
            facts = dict(site_metadata(visit))
            context.log_event(AssetMaterialization("raw_scrapes", partition=f"shop-{number}", metadata=facts))

    @job
    def shard() -> None:
        crawl()

    return [shard.execute_in_process(instance=instance).run_id for _ in range(runs)]


def _delete(instance: Any, home: Path, run_ids: list[str]) -> int:
    """Delete runs as the retention job does; return the size when Dagster had done its part."""
    from arb_pipelines.defs.ops.retention import delete_run_files

    for run_id in run_ids:
        instance.delete_run(run_id)
    size = _size(home)
    for run_id in run_ids:
        delete_run_files(home, run_id)
    return size


def _size(home: Path) -> int:
    return sum(file.stat().st_size for file in home.rglob("*") if file.is_file())
