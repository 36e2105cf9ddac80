"""Stores for every test that needs one: a private PostgreSQL cluster, migrated databases, a settable clock.

What belongs here: fixtures that tests of several folders share. Nothing here needs a running service.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from arb_pipelines.adapters.sql.books import SqlBooks, open_books
from arb_pipelines.adapters.sql.tables import metadata
from arb_pipelines_tests.contracts.operations_used import (  # noqa: F401 - pytest finds its hooks here
    pytest_configure,
    pytest_sessionfinish,
    pytest_terminal_summary,
)
from arb_pipelines_tests.fakes.clock import SettableClock

CLUSTER_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "60",
    "shared_buffers": "32MB",
}
# A test survives no power cut, so it need not wait for the disk.
FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}

LEFT_OPEN = "datname = current_database() AND pid <> pg_backend_pid()"
SCHEMA_IN_A_WORD = """
    SELECT md5(string_agg(word, ';' ORDER BY word)) FROM (
        SELECT pg_get_indexdef(indexrelid) AS word FROM pg_index WHERE indrelid >= 16384
        UNION ALL SELECT conname || pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid >= 16384
    ) AS words
"""


def skip_or_fail(reason: str) -> None:
    """Skip with a reason; in CI, where everything must be there, fail."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def free_port() -> int:
    """Return a port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def find_server_program(name: str) -> str | None:
    """Return PostgreSQL's program of this name, the newest version first, then the PATH."""
    versions = Path("/usr/lib/postgresql").glob(f"*/bin/{name}")
    newest = sorted(versions, key=lambda path: int(path.parts[-3].partition(".")[0]), reverse=True)
    return str(newest[0]) if newest else shutil.which(name)


def unprivileged_user() -> str | None:
    """Return the user to run the server as: PostgreSQL refuses root. None means ourselves."""
    if os.getuid() != 0:
        return None
    return next(user.pw_name for user in pwd.getpwall() if user.pw_name in {"postgres", "nobody"})


class PostgresCluster:
    """A cluster of our own in a temporary folder, reached over loopback only, stopped by its own process id."""

    def __init__(self, initdb: str, pg_ctl: str, settings: Mapping[str, str] = FORGETFUL) -> None:
        self._pg_ctl = pg_ctl
        self._user = unprivileged_user()
        self._names = count(1)
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="arb-postgres-"))
        self.data = self.folder / "data"
        if self._user is not None:
            shutil.chown(self.folder, self._user)
        self._run(initdb, "-D", str(self.data), "-U", "arb", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        options = " ".join(f"-c {name}='{value}'" for name, value in {**CLUSTER_SETTINGS, **settings}.items())
        log = str(self.folder / "log")
        self._run(pg_ctl, "-D", str(self.data), "-l", log, "-w", "-o", f"-p {self.port} {options}", "start")

    def _run(self, *command: str) -> None:
        user: dict[str, Any] = {} if self._user is None else {"user": self._user, "extra_groups": []}
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C"}
        done = subprocess.run(
            command, cwd=self.folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, **user
        )
        if done.returncode:
            log = self.folder / "log"
            raise RuntimeError(f"{command[0]} failed: {done.stderr.decode()} {log.read_text() if log.exists() else ''}")

    def url(self, database: str) -> str:
        """Return the address of a database."""
        return f"postgresql://arb@127.0.0.1:{self.port}/{database}"

    def command(self, statement: str) -> None:
        """Run one statement as the superuser, outside a transaction."""
        import psycopg2

        connection = psycopg2.connect(self.url("postgres"))
        connection.autocommit = True
        try:
            connection.cursor().execute(statement)
        finally:
            connection.close()

    def create_database(self) -> str:
        """Return the name of a new, empty database."""
        name = f"books_{next(self._names)}"
        self.command(f"CREATE DATABASE {name} TEMPLATE template0")
        return name

    def empty_books(self, name: str) -> str:
        """Take every row out of migrated books and return what their schema looks like, in one word.

        Twenty times faster than a new database (0.01 s against 0.2 s and more).
        """
        import psycopg2

        tables = [table.name for table in reversed(metadata.sorted_tables) if table.name != "book_mode"]
        connection = psycopg2.connect(self.url(name))
        with connection, connection.cursor() as cursor:
            cursor.execute("SET session_replication_role = replica")  # the audit log refuses to shrink
            cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE " + LEFT_OPEN)
            cursor.execute(SCHEMA_IN_A_WORD)
            schema: str = cursor.fetchone()[0]
            cursor.execute("SELECT count(*) FROM pg_tables WHERE tablename = ANY(%s)", (tables,))
            if cursor.fetchone()[0] == len(tables):
                cursor.execute("; ".join(f"DELETE FROM {table}" for table in tables))
        connection.close()
        return schema

    def drop_database(self, name: str) -> None:
        """Remove a database, whoever is still connected."""
        self.command(f"DROP DATABASE {name} WITH (FORCE)")

    def stop(self) -> None:
        """Stop the server named in the cluster's own pid file, and remove its files."""
        self._run(self._pg_ctl, "-D", str(self.data), "-m", "immediate", "-w", "stop")
        shutil.rmtree(self.folder)


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[PostgresCluster]:
    """A running cluster; one for the whole session."""
    programs = [find_server_program(name) for name in ("initdb", "pg_ctl")]
    if programs[0] is None or programs[1] is None:
        skip_or_fail("PostgreSQL's initdb and pg_ctl are not installed (Debian: apt-get install postgresql)")
    cluster = PostgresCluster(str(programs[0]), str(programs[1]))
    yield cluster
    cluster.stop()


def _migrate(url: str) -> None:
    books = open_books(url)
    books.migrate()
    books.close()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite database to copy."""
    path = tmp_path_factory.mktemp("template") / "books.db"
    _migrate(f"sqlite:///{path}")
    return path


class PostgresBooks:
    """Migrated books on PostgreSQL, emptied for each test; made anew after a test that changed their schema."""

    def __init__(self, cluster: PostgresCluster) -> None:
        self._cluster = cluster
        self._renew()

    def _renew(self) -> None:
        self._name = self._cluster.create_database()
        _migrate(self._cluster.url(self._name))
        self._schema = self._cluster.empty_books(self._name)

    def empty(self) -> str:
        """Return the address of empty books."""
        if self._cluster.empty_books(self._name) != self._schema:
            self._cluster.drop_database(self._name)
            self._renew()
        return self._cluster.url(self._name)


@pytest.fixture(scope="session")
def postgres_books(postgres_cluster: PostgresCluster) -> PostgresBooks:
    """Books to use again and again."""
    return PostgresBooks(postgres_cluster)


@pytest.fixture
def sqlite_url(tmp_path: Path, sqlite_template: Path) -> str:
    """The address of migrated, empty SQLite books."""
    shutil.copy(sqlite_template, tmp_path / "books.db")
    return f"sqlite:///{tmp_path / 'books.db'}"


@pytest.fixture
def postgres_url(postgres_books: PostgresBooks) -> str:
    """The address of migrated, empty PostgreSQL books."""
    return postgres_books.empty()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def books_url(request: pytest.FixtureRequest) -> str:
    """The address of migrated, empty paper books, on each database."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def clock() -> SettableClock:
    """A clock that stands still."""
    return SettableClock()


@pytest.fixture
def open_more(books_url: str, clock: SettableClock) -> Iterator[Callable[..., SqlBooks]]:
    """Open the same books again, e.g. in another mode; all are closed at the end."""
    opened: list[SqlBooks] = []

    def open_again(mode: str = "paper") -> SqlBooks:
        opened.append(open_books(books_url, mode=mode, now=clock.now))
        return opened[-1]

    yield open_again
    for books in opened:
        books.close()


@pytest.fixture
def books(open_more: Callable[..., SqlBooks]) -> SqlBooks:
    """Open, empty paper books, on each database."""
    return open_more()
