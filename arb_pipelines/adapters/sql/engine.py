"""How we talk to the database: one engine for SQLite or PostgreSQL, and the transaction that money moves in.

What belongs here: connections, pragmas and transactions; no tables.
"""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec
from time import monotonic, sleep
from types import ModuleType
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import ExceptionContext

from arb_pipelines.domain.market_stores import StoreFullError

BUSY_TIMEOUT_S = 30  # SQLite's lock is unfair: with 8 writers one waited 13.6 s, and 5 s lost transactions
JOURNAL_ATTEMPTS = 200
POLL_S = 0.003
URGENT_POLL_S = 0.0002  # takes the lock at its next release, before those who ask every 3 ms
BEGIN_WRITING = "BEGIN IMMEDIATE"
CACHE_KB = 65_536  # at most, a connection: with SQLite's 2 MB a large history is read and written over and over


def build_engine(url: str, *, busy_timeout_s: float = BUSY_TIMEOUT_S) -> Engine:
    """Return an engine for `sqlite:///path` or `postgresql://...` whose transactions do as `money_transaction` says.

    Args:
        url: where the database is.
        busy_timeout_s: how long to wait for a lock that another holds.

    Raises:
        ValueError: another database.
        ModuleNotFoundError: PostgreSQL's driver is not installed.
    """
    parsed = make_url(url)
    kind = parsed.get_backend_name()
    if kind == "sqlite":
        waiting = {"sqlite_busy_s": busy_timeout_s}
        module, arguments = _sqlite_module(), {"timeout": busy_timeout_s}
        engine = create_engine(parsed, module=module, connect_args=arguments, execution_options=waiting)
        event.listen(engine, "connect", partial(_prepare_sqlite, busy_timeout_s))
        event.listen(engine, "begin", _begin_sqlite)
        event.listen(engine, "handle_error", _explain_full_disk)
        return engine
    if kind == "postgresql":
        _require_psycopg2()
        settings = f"-c timezone=utc -c lock_timeout={int(busy_timeout_s * 1000)}ms"
        return create_engine(
            parsed.set(drivername="postgresql+psycopg2"),
            pool_pre_ping=True,
            connect_args={"connect_timeout": 10, "options": settings},
        )
    raise ValueError(f"the books are kept in SQLite or PostgreSQL, not {kind!r}: use sqlite:///path or postgresql://")


@contextmanager
def money_transaction(engine: Engine, *, poll_s: float = POLL_S) -> Iterator[Connection]:
    """Open a writing transaction: committed at the end of the block, rolled back by any exception.

    On SQLite it is BEGIN IMMEDIATE: a transaction that reads first and writes later fails at once when another
    writer came between (91-95 % of them with 8 writers), and no busy timeout helps that. On PostgreSQL it is
    READ COMMITTED, and the row locks of the caller order the writers.

    Args:
        engine: see `build_engine`.
        poll_s: how often SQLite's lock is asked for; the less, the sooner among several writers.
    """
    options = {"sqlite_begin": BEGIN_WRITING, "sqlite_poll_s": poll_s}
    with engine.execution_options(**options).connect() as connection, connection.begin():
        yield connection


def _sqlite_module() -> ModuleType:
    """SQLite 3.7-3.51.2 can lose committed writes when a WAL is reset; pysqlite3 bundles a fixed one."""
    try:
        from pysqlite3 import dbapi2
    except ImportError:
        return sqlite3
    module: ModuleType = dbapi2
    return module


def _require_psycopg2() -> None:
    if find_spec("psycopg2") is None:
        raise ModuleNotFoundError("PostgreSQL needs psycopg2: install arb-pipelines[servers], or use sqlite:///path")


def _prepare_sqlite(busy_timeout_s: float, connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver must not open transactions of its own
    cursor = connection.cursor()
    cursor.execute(_busy_timeout(busy_timeout_s))
    _switch_to_wal(cursor)
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute(f"PRAGMA cache_size = -{CACHE_KB}")
    cursor.close()


def _switch_to_wal(cursor: Any) -> None:
    """Switch a fresh database to WAL; the switch ignores the busy timeout, and first openers may race for it."""
    for attempt in range(JOURNAL_ATTEMPTS):
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
        except Exception as error:
            if "locked" not in str(error) or attempt == JOURNAL_ATTEMPTS - 1:
                raise
            cursor.execute("BEGIN IMMEDIATE")  # waits for the other opener under the busy timeout
            cursor.execute("COMMIT")
        else:
            return


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    begin = options.get("sqlite_begin", "BEGIN")
    waiting = (options.get("sqlite_poll_s", POLL_S), options.get("sqlite_busy_s", BUSY_TIMEOUT_S))
    if begin == BEGIN_WRITING and _took_turn(connection.connection, *waiting):
        return
    connection.exec_driver_sql(begin)


def _took_turn(connection: Any, poll_s: float, busy_timeout_s: float) -> bool:
    """Begin writing as soon as the lock is free; return False if that failed, for SQLite to say how.

    SQLite's own waiting sleeps longer the longer it waits, up to 0.1 s, so newcomers overtake: of 8 processes that
    claimed without a pause one waited 30 s and failed. Those who all ask equally often have equal chances.
    """
    cursor = connection.cursor()
    deadline_s = monotonic() + busy_timeout_s
    cursor.execute("PRAGMA busy_timeout = 0")
    try:
        while monotonic() < deadline_s:
            try:
                cursor.execute(BEGIN_WRITING)
            except Exception as error:  # noqa: BLE001 - each driver has an error class of its own
                if "locked" not in str(error):
                    return False
                sleep(poll_s)
            else:
                return True
        return False
    finally:
        cursor.execute(_busy_timeout(busy_timeout_s))
        cursor.close()


def _busy_timeout(timeout_s: float) -> str:
    return f"PRAGMA busy_timeout = {int(timeout_s * 1000)}"


def _explain_full_disk(context: ExceptionContext) -> None:
    if "disk is full" in str(context.original_exception) and context.engine is not None:
        place = str(context.engine.url.database)
        raise StoreFullError(errno.ENOSPC, "no space left", place) from context.original_exception
