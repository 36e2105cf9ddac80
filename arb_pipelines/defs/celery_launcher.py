"""Handing runs to Celery workers, and noticing that a worker is gone.

What belongs here: the launcher that deploy/celery/dagster.yaml names. Celery's results say "started" for ever when the
worker was killed, and the sites of such a run would never be due again; here the worker itself is asked.
"""

from collections.abc import Mapping
from typing import Any

from dagster import DagsterRun
from dagster._core.launcher import CheckRunHealthResult, WorkerStatus
from dagster._serdes import ConfigurableClassData
from dagster_celery.launcher import CeleryRunLauncher
from dagster_celery.tags import DAGSTER_CELERY_TASK_ID_TAG

ANSWER_S = 5.0
TRIES = 2


class WatchedCeleryRunLauncher(CeleryRunLauncher):
    """Fails a run whose worker no longer answers, or answers that it does not work on it."""

    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        """Return what Celery tells, checked with the worker while it tells "started"."""
        told = super().check_run_worker_health(run)
        if told.status is not WorkerStatus.RUNNING:
            return told
        task_id = run.tags[DAGSTER_CELERY_TASK_ID_TAG]
        started: Any = self.celery.AsyncResult(task_id).info
        worker = started.get("hostname") if isinstance(started, dict) else None
        if worker is None or any(self._works_on(worker, task_id) for _ in range(TRIES)):
            return told
        told = super().check_run_worker_health(run)  # it may have finished while we asked
        if told.status is not WorkerStatus.RUNNING:
            return told
        return CheckRunHealthResult(WorkerStatus.FAILED, f"Celery worker {worker} is gone.")

    def _works_on(self, worker: str, task_id: str) -> bool:
        active = self.celery.control.inspect(destination=[worker], timeout=ANSWER_S).active() or {}
        return any(task["id"] == task_id for task in active.get(worker, ()))

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData, config_value: Mapping[str, Any]
    ) -> "WatchedCeleryRunLauncher":
        """Build it from dagster.yaml."""
        return cls(inst_data=inst_data, **config_value)
