"""Copies of databases that are in use: SQLite by its online backup, PostgreSQL by pg_dump and pg_restore.

What belongs here: one consistent copy of one database, and putting it back.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from sqlalchemy import inspect, text
from sqlalchemy.engine import URL, make_url

from arb_pipelines.adapters.backup.manifest import BackupError
from arb_pipelines.adapters.sql.copying import count_rows
from arb_pipelines.adapters.sql.engine import build_engine

TIMEOUT_S = 6 * 3600


def copy_sqlite(source: Path, target: Path) -> dict[str, int]:
    """Copy a SQLite database as it is at one moment, while others write to it; return the rows of its tables.

    The copy has no log beside it.

    Raises:
        BackupError: the database is damaged.
    """
    reading, writing = _sqlite().connect(f"file:{source}?mode=ro", uri=True), _sqlite().connect(str(target))
    try:
        reading.backup(writing, pages=4096)
        writing.execute("PRAGMA journal_mode = DELETE")
        (fault,) = writing.execute("PRAGMA quick_check(1)").fetchone()
        if fault != "ok":
            raise BackupError(f"{source} is damaged ({fault}): restore an earlier backup")
        names = [name for (name,) in writing.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: writing.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in names}  # noqa: S608 - names as the database tells them
    finally:
        reading.close()
        writing.close()


def replace_sqlite(source: Path, target: Path) -> None:
    """Put a copy in the place of a database that nobody has open, whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.restored")
    shutil.copyfile(source, temporary)
    with temporary.open("rb") as file:
        os.fsync(file.fileno())
    # The old log would be played into the new database.
    for suffix in ("-wal", "-shm"):
        target.with_name(target.name + suffix).unlink(missing_ok=True)
    temporary.replace(target)


def dump_postgresql(url: str, target: Path) -> dict[str, int]:
    """Write a PostgreSQL database into one file and return the rows of the books' tables at the same moment.

    Raises:
        BackupError: pg_dump is not installed or fails.
    """
    engine = build_engine(url)
    try:
        with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
            moment = connection.scalar(text("SELECT pg_export_snapshot()"))
            flags = ["--format=custom", "--no-owner", "--no-privileges", f"--snapshot={moment}", f"--file={target}"]
            _run(["pg_dump", *flags], make_url(url))
            return count_rows(connection)
    finally:
        engine.dispose()


def restore_postgresql(source: Path, url: str) -> None:
    """Put a dump into a database in one transaction; what is there under the same names is dropped first.

    Raises:
        BackupError: pg_restore is not installed or fails; the database is as it was.
    """
    flags = ["--clean", "--if-exists", "--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error"]
    _run(["pg_restore", *flags, "--dbname", make_url(url).database or "", str(source)], make_url(url))


def holds_books(url: str) -> bool:
    """Return whether a database has tables of ours; a SQLite file is not created by asking."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite" and not Path(parsed.database or "").exists():
        return False
    engine = build_engine(url)
    try:
        return inspect(engine).has_table("alembic_version")
    finally:
        engine.dispose()


def find_revision(url: str) -> str | None:
    """Return the version of a database's tables; None before the first migration."""
    if not holds_books(url):
        return None
    engine = build_engine(url)
    try:
        with engine.connect() as connection:
            found = connection.scalar(text("SELECT version_num FROM alembic_version"))
            return None if found is None else str(found)
    finally:
        engine.dispose()


def _sqlite() -> Any:
    """The same SQLite as the books use; see `adapters/sql/engine.py`."""
    try:
        from pysqlite3 import dbapi2
    except ImportError:
        import sqlite3

        return sqlite3
    return dbapi2


def _run(command: list[str], url: URL) -> None:
    program = shutil.which(command[0])
    if program is None:
        raise BackupError(f"{command[0]} is not installed (Debian: apt-get install postgresql-client)")
    where = {
        "PGHOST": url.host or "",
        "PGPORT": str(url.port or 5432),
        "PGUSER": url.username or "",
        "PGPASSWORD": str(url.password or ""),  # by the environment: everybody may read a command line
        "PGDATABASE": url.database or "",
    }
    environment = {name: value for name, value in where.items() if value} | {"PATH": os.defpath, "LC_ALL": "C"}
    done = subprocess.run(  # noqa: S603 - PostgreSQL's own program, no shell
        [program, *command[1:]], env=environment, capture_output=True, text=True, check=False, timeout=TIMEOUT_S
    )
    if done.returncode:
        raise BackupError(f"{command[0]} failed: {(done.stderr.strip().splitlines() or ['no reason told'])[-1]}")
