"""The embedded Dagster instance: its home, its servers, and a look at its runs through GraphQL.

What belongs here: what `arb demo` and `arb dev` share. The page's own API is used, because only `defs` may
import Dagster.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from arb_pipelines.cli.processes import Child, ProcessGroup, StartError, find_free_port
from arb_pipelines.settings import Settings

RUNS_QUERY = """
query Runs($limit: Int!) {
  runsOrError(limit: $limit) {
    ... on Runs { results { runId jobName status creationTime tags { key value } } }
  }
}
"""
UNFINISHED = frozenset({"QUEUED", "NOT_STARTED", "STARTING", "STARTED", "CANCELING", "MANAGED"})


@dataclass(frozen=True)
class Run:
    """One Dagster run as the page tells it."""

    run_id: str
    job: str
    status: str
    tick_id: str | None

    @property
    def unfinished(self) -> bool:
        """Whether it is queued or going."""
        return self.status in UNFINISHED


def defaults_folder() -> Path:
    """Return the folder with the shipped dagster.yaml: the checkout's top, or inside an installed wheel."""
    package = Path(__file__).resolve().parents[1]
    checkout = package.parent
    return checkout if (checkout / "dagster.yaml").is_file() else package / "_defaults"


def prepare_home(settings: Settings, minimum_free_bytes: int = 500_000_000) -> None:
    """Make the home and its Dagster home, with the shipped dagster.yaml unless the user has put one there.

    Raises:
        StartError: the folder cannot be written or its disk is nearly full.
    """
    try:
        settings.dagster_home.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(settings.home).free
        target = settings.dagster_home / "dagster.yaml"
        if not target.exists():
            shutil.copyfile(defaults_folder() / "dagster.yaml", target)
    except OSError as error:
        raise StartError(
            f"cannot write to {settings.home}: {error.strerror}; set ARB_HOME to another folder"
        ) from error
    if free < minimum_free_bytes:
        raise StartError(
            f"only {free // 1_000_000} MB free on the disk of {settings.home}, at least "
            f"{minimum_free_bytes // 1_000_000} MB are needed; make room or set ARB_HOME to a folder on another disk"
        )


@contextmanager
def single_instance(home: Path, fresh: bool = False) -> Iterator[None]:
    """Hold the lock of a home for the length of a block: two daemons on one set of books would do things twice.

    Raises:
        StartError: another command holds it, or the folder cannot be made.
    """
    try:
        home.parent.mkdir(parents=True, exist_ok=True)
        lock = (home.parent / f"{home.name}.lock").open("w")
    except OSError as error:
        raise StartError(
            f"cannot write to {home.parent}: {error.strerror}; choose another folder with --home"
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise StartError(
                f"{home} is already in use by a running demo or dev server: stop that one with Ctrl-C, "
                "or give this one its own folder (demo: --home, dev: ARB_HOME) and --port"
            ) from error
        if fresh:
            shutil.rmtree(home, ignore_errors=True)
        yield


def migrate(settings: Settings) -> None:
    """Create or upgrade the books."""
    from arb_pipelines.adapters.sql.books import open_books

    books = open_books(settings.books_url, mode=settings.mode.value)
    try:
        books.migrate()
    finally:
        books.close()


@contextmanager
def ctrl_c_ends() -> Iterator[None]:
    """Let Ctrl-C and SIGTERM end the block cleanly through KeyboardInterrupt."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def child_environment(settings: Settings, extra: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of the servers and of every run they start."""
    environment = {**os.environ, **extra}
    # Without compiled bytecode a run costs 11.6 CPU seconds instead of 4.4 and may time out at its start.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    return {
        **environment,
        "ARB_HOME": str(settings.home),
        "ARB_SITES_DIR": str(settings.sites_dir),
        "ARB_MODE": settings.mode.value,
        "DAGSTER_HOME": str(settings.dagster_home),
        "OMP_NUM_THREADS": "1",
        "PYTHONUNBUFFERED": "1",
        "PYTHONWARNINGS": "ignore",
    }


@dataclass
class DagsterServers:
    """The code server, the web server and the daemon, with the address of the page."""

    url: str
    code_server: Child
    web_server: Child
    daemon: Child

    def fetch_runs(self, limit: int = 200) -> list[Run]:
        """Return the newest runs.

        Raises:
            httpx.HTTPError: the web server does not answer.
        """
        answer = httpx.post(
            f"{self.url}/graphql", json={"query": RUNS_QUERY, "variables": {"limit": limit}}, timeout=20
        )
        answer.raise_for_status()
        rows = answer.json()["data"]["runsOrError"]["results"]
        return [
            Run(
                row["runId"],
                row["jobName"],
                row["status"],
                next((tag["value"] for tag in row["tags"] if tag["key"] == "arb/tick"), None),
            )
            for row in rows
        ]


def start_dagster(group: ProcessGroup, settings: Settings, port: int, tell: Callable[[str], None]) -> DagsterServers:
    """Start one code server shared by web server and daemon, and wait until the page answers.

    Raises:
        StartError: a server ended or did not answer in time.
    """
    python = sys.executable
    code_port = find_free_port()
    workspace = settings.dagster_home / "workspace.yaml"
    workspace.write_text(
        "load_from:\n  - grpc_server:\n      host: 127.0.0.1\n"
        f"      port: {code_port}\n      location_name: arb_pipelines\n"
    )
    tell("starting the code server")
    serve = [python, "-m", "dagster", "api", "grpc", "-h", "127.0.0.1", "-p", str(code_port)]
    what = ["-m", "arb_pipelines.definitions", "--location-name", "arb_pipelines"]
    code_server = group.start("code-server", [*serve, *what])
    wait_until(lambda: answers_on(code_port), group, "the code server")
    tell("starting the web server and the daemon")
    location = ["-w", str(workspace)]
    web_server = group.start(
        "webserver", [python, "-m", "dagster_webserver", "-h", "127.0.0.1", "-p", str(port), *location]
    )
    url = f"http://127.0.0.1:{port}"
    wait_until(lambda: page_answers(url), group, "the Dagster page")
    daemon = group.start("daemon", [python, "-m", "dagster._daemon", "run", *location])
    return DagsterServers(url, code_server, web_server, daemon)


def answers_on(port: int) -> bool:
    """Return whether something listens on a local port."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def page_answers(url: str) -> bool:
    """Return whether the web server answers and has loaded the code."""
    try:
        return httpx.get(f"{url}/server_info", timeout=2).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


def wait_until(ready: Callable[[], bool], group: ProcessGroup, what: str, timeout_s: float = 120) -> None:
    """Wait until `ready`, watching the children.

    Raises:
        StartError: a child ended, or the time ran out.
    """
    deadline = time.monotonic() + timeout_s
    while not ready():
        group.refuse_dead()
        if time.monotonic() > deadline:
            raise StartError(f"{what} did not answer within {timeout_s:.0f} s; look into {group.log_dir}")
        time.sleep(0.25)
