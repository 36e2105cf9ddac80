"""Shard runs on two Celery workers over a real broker, one of them killed in the middle: nothing lost, nothing doubled.

Redis, PostgreSQL (books and Dagster's storage) and both workers are real; runs are given to them by the launcher that
deploy/celery/dagster.yaml names, and the dead worker is found by Dagster's own run monitoring.
"""

from __future__ import annotations

import logging
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from arb_pipelines_tests.conftest import PostgresCluster, free_port, skip_or_fail
from arb_pipelines_tests.scraping.shop_servers import Shop, open_shops, selling

TOP = Path(__file__).resolve().parents[2]
SITES, PAGES, DELAY_S = 6, 12, 0.3
pytestmark = [
    pytest.mark.e2e,
    pytest.mark.postgres,
    # dagster-celery declares its task anew at each launch, in one Celery application
    pytest.mark.filterwarnings("ignore:Task name 'execute_job' is already registered"),
]


def wait_for(ready: Callable[[], Any], what: str, timeout_s: float = 100) -> Any:
    """Return the first true answer."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if answer := ready():
            return answer
        time.sleep(0.2)
    pytest.fail(f"{what} did not happen within {timeout_s:.0f} s")


@contextmanager
def started(*command: str, log: Path, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program in a group of its own for the length of a block."""
    with log.open("ab") as file:
        process = subprocess.Popen(
            command, stdout=file, stderr=file, env=os.environ | environment, start_new_session=True, cwd=log.parent
        )
    try:
        yield process
    finally:
        kill_group(process)


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kill a worker with everything it started, as the end of its machine would."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(20)


@pytest.fixture
def cluster(
    tmp_path: Path, postgres_cluster: PostgresCluster, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    """Broker, databases and two workers that answer; the environment of this process is theirs."""
    redis = shutil.which("redis-server")
    if redis is None:
        skip_or_fail("redis-server is not installed (Debian: apt-get install redis-server)")
    port = free_port()
    books, dagster = (postgres_cluster.url(postgres_cluster.create_database()) for _ in range(2))
    (tmp_path / "dagster").mkdir()
    shutil.copy(TOP / "deploy" / "celery" / "dagster.yaml", tmp_path / "dagster" / "dagster.yaml")
    for name, value in {
        "ARB_HOME": str(tmp_path / "home"),
        "ARB_SITES_DIR": str(tmp_path / "sites"),
        "ARB_ALLOW_LOOPBACK": "true",
        "ARB_CRAWL_DEADLINE_S": "40",
        "ARB_DATABASE_URL": books,
        "ARB_CELERY_BROKER_URL": f"redis://127.0.0.1:{port}/0",
        "ARB_CELERY_BACKEND_URL": f"redis://127.0.0.1:{port}/1",
        "DAGSTER_HOME": str(tmp_path / "dagster"),
        "DAGSTER_PG_URL": dagster.replace("postgresql:", "postgresql+psycopg2:"),
        "PYTHONPATH": str(TOP),
        "PYTHONWARNINGS": "ignore",
    }.items():
        monkeypatch.setenv(name, value)
    with ExitStack() as stack:
        broker = [redis, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        stack.enter_context(started(*broker, log=tmp_path / "redis.log"))
        celery = [sys.executable, "-m", "celery", "-A", "arb_pipelines.defs.celery_app", "worker", "-c", "1"]
        workers = {
            f"{name}@test": stack.enter_context(
                started(*celery, "-n", f"{name}@test", "-l", "info", log=tmp_path / f"{name}.log")
            )
            for name in ("one", "two")
        }
        for name in workers:
            log = tmp_path / f"{name.partition('@')[0]}.log"
            wait_for(lambda log=log: "ready." in log.read_text(), f"worker {name} ready")
        yield workers


@pytest.fixture
def shops(tmp_path: Path) -> Iterator[dict[str, Shop]]:
    """Slow enough that a worker can be killed in the middle of its shard."""
    folder = tmp_path / "sites"
    folder.mkdir()
    with open_shops({f"shop-{number}": selling for number in range(SITES)}) as opened:
        for key, shop in opened.items():
            pages = ", ".join(f'"/p/{number}"' for number in range(PAGES))
            (folder / f"{key}.toml").write_text(
                f'name = "{key}"\nurl = "{shop.url}"\nsite_class = "permitted"\nstart_urls = [{pages}]\n'
                f"pages_per_visit = {PAGES}\ndelay_s = {DELAY_S}\n"
            )
        yield opened


def launch(instance: Any, tick: str, sites: list[str]) -> str:
    """Give a shard run to the workers, as the queue's daemon does."""
    from dagster._core.code_pointer import ModuleCodePointer
    from dagster._core.launcher import LaunchRunContext
    from dagster._core.origin import JobPythonOrigin, RepositoryPythonOrigin

    from arb_pipelines.definitions import defs

    pointer = ModuleCodePointer("arb_pipelines.definitions", "defs", working_directory=None)
    origin = JobPythonOrigin(
        "crawl_shard_job", RepositoryPythonOrigin(sys.executable, pointer, entry_point=["dagster"])
    )
    run = instance.create_run_for_job(
        defs.resolve_job_def("crawl_shard_job"),
        run_config={"ops": {"crawl_shard": {"config": {"tick_id": tick, "sites": sites}}}},
        job_code_origin=origin,
    )
    instance.run_launcher.launch_run(LaunchRunContext(run, workspace=None))
    return run.run_id


def worker_of(instance: Any, run_id: str) -> str | None:
    """Return the worker that a run is on."""
    from dagster_celery.tags import DAGSTER_CELERY_TASK_ID_TAG

    task = instance.get_run_by_id(run_id).tags[DAGSTER_CELERY_TASK_ID_TAG]
    told = instance.run_launcher.celery.AsyncResult(task).info
    return told.get("hostname") if isinstance(told, dict) else None


def test_a_killed_worker_loses_nothing_and_doubles_nothing(
    cluster: dict[str, subprocess.Popen[bytes]], shops: dict[str, Shop]
) -> None:
    from dagster import DagsterInstance, DagsterRunStatus
    from dagster._daemon.monitoring.run_monitoring import monitor_started_run

    from arb_pipelines.adapters.sql.books import open_books
    from arb_pipelines.domain.site import VisitOutcome
    from arb_pipelines.settings import Settings

    books = open_books(Settings().books_url)
    books.migrate()
    names = sorted(shops)
    halves = {"first": names[: SITES // 2], "second": names[SITES // 2 :]}
    with DagsterInstance.get() as instance:
        runs = {half: launch(instance, "tick-1", sites) for half, sites in halves.items()}
        wait_for(lambda: all(len(shops[name].requests) > PAGES // 3 for name in names), "pages of both shards")
        assert {worker_of(instance, run) for run in runs.values()} == set(cluster)
        kill_group(cluster[str(worker_of(instance, runs["first"]))])
        fetched = {name: served(shops[name]) for name in halves["first"]}

        def lost() -> bool:
            monitor_started_run(instance, None, instance.get_run_record_by_id(runs["first"]), logging.getLogger())
            return instance.get_run_by_id(runs["first"]).status is DagsterRunStatus.FAILURE

        wait_for(lost, "the lost run noticed")
        wait_for(lambda: instance.get_run_by_id(runs["second"]).is_finished, "the other worker's run")
        assert instance.get_run_by_id(runs["second"]).status is DagsterRunStatus.SUCCESS
        done = {visit.site for visit in books.visits.load_tick("tick-1") if visit.outcome is VisitOutcome.OK}
        assert done == set(halves["second"])
        again = launch(instance, "tick-2", [name for name in names if name not in done])
        wait_for(lambda: instance.get_run_by_id(again).is_finished, "the lost shard's second run")
        assert instance.get_run_by_id(again).status is DagsterRunStatus.SUCCESS
    assert {visit.site for visit in books.visits.load_tick("tick-2")} == set(halves["first"])
    check_records(books, halves, fetched)
    books.close()


def served(shop: Shop) -> int:
    """Return how many product pages a shop has given away."""
    return sum(path.startswith("/p/") for path, _agent, _at in list(shop.requests))


def check_records(books: Any, halves: dict[str, list[str]], fetched: dict[str, int]) -> None:
    """Every page of a whole visit is kept once; of the killed visit every page but the one in flight at each shop."""
    from arb_pipelines.adapters.parquet.raw_scrapes import build
    from arb_pipelines.defs.resources import SystemClock
    from arb_pipelines.services.pricing import update_price_history
    from arb_pipelines.settings import Settings

    store = build(str(Settings().home / "raw"))
    kept = store.load_since(None)[0]
    pages = Counter(zip(kept["site"], kept["tick_id"], strict=True))
    assert kept["scrape_id"].is_unique().all()
    assert {pages[name, "tick-1"] for name in halves["second"]} == {PAGES}
    assert {pages[name, "tick-2"] for name in halves["first"]} == {PAGES}
    for name, count in fetched.items():
        assert count - 1 <= pages[name, "tick-1"] <= count
    added = [update_price_history(store, books, SystemClock()) for _ in range(2)]
    store.close()
    assert (added[0].inserted, added[1].inserted) == (kept.height, 0)
