"""The engine: which SQLite, which pragmas, which transactions, what a full disk says."""

from __future__ import annotations

import importlib.util
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DatabaseError

from arb_pipelines.adapters.sql import engine as engine_module
from arb_pipelines.adapters.sql.engine import build_engine, money_transaction
from arb_pipelines.domain.market_stores import StoreFullError


@pytest.fixture
def engine(books_url: str) -> Iterator[Engine]:
    opened = build_engine(books_url)
    yield opened
    opened.dispose()


def test_sqlite_is_the_bundled_one_where_it_is_installed(sqlite_url: str) -> None:
    if importlib.util.find_spec("pysqlite3") is None:
        pytest.skip("pysqlite3 is not installed on this platform")
    engine = build_engine(sqlite_url)
    with engine.connect() as connection:
        version = tuple(map(int, str(connection.scalar(text("SELECT sqlite_version()"))).split(".")))
    engine.dispose()
    assert version >= (3, 51, 3), "SQLite 3.7.0-3.51.2 can lose committed writes"


def test_sqlite_of_python_does_where_there_is_no_other(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_module, "_sqlite_module", lambda: sqlite3)
    engine = build_engine(sqlite_url)
    with money_transaction(engine) as connection:
        connection.execute(text("INSERT INTO reader_cursors VALUES ('a', '1')"))
    engine.dispose()


def test_pragmas(sqlite_url: str) -> None:
    engine = build_engine(sqlite_url)
    names = ("journal_mode", "busy_timeout", "synchronous", "foreign_keys")
    with engine.connect() as connection:
        values = [connection.scalar(text(f"PRAGMA {name}")) for name in names]
    engine.dispose()
    assert values == ["wal", 30_000, 2, 1]


def test_a_failed_transaction_leaves_nothing(engine: Engine) -> None:
    with pytest.raises(KeyError), money_transaction(engine) as connection:
        connection.execute(text("INSERT INTO reader_cursors VALUES ('a', '1')"))
        raise KeyError
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM reader_cursors")) == 0


def test_a_money_transaction_takes_the_lock_before_it_reads(sqlite_url: str) -> None:
    """A second one cannot begin; a reader can."""
    first, second = build_engine(sqlite_url), build_engine(sqlite_url, busy_timeout_s=0.1)
    with money_transaction(first) as writer:
        with second.connect() as connection:
            assert connection.scalar(text("SELECT count(*) FROM purchases")) == 0
        with pytest.raises(DatabaseError, match="locked"), money_transaction(second):
            pass
        assert writer.scalar(text("SELECT count(*) FROM purchases")) == 0
    first.dispose()
    second.dispose()


def test_a_full_disk_says_how_to_mend_it(sqlite_url: str) -> None:
    engine = build_engine(sqlite_url)
    with engine.connect() as connection:
        pages = connection.scalar(text("PRAGMA page_count"))
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    fill = text("INSERT INTO reader_cursors VALUES (:name, :cursor)")
    with pytest.raises(StoreFullError, match=r"books\.db is full: free space"), money_transaction(engine) as connection:
        for number in range(100):
            connection.execute(fill, {"name": str(number), "cursor": "x" * 4_000})
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM reader_cursors")) == 0
    engine.dispose()


@pytest.mark.postgres
def test_postgres_speaks_utc_and_does_not_wait_for_ever(postgres_url: str) -> None:
    engine = build_engine(postgres_url)
    with engine.connect() as connection:
        assert connection.scalar(text("SHOW timezone")) == "UTC"
        assert connection.scalar(text("SHOW lock_timeout")) == "30s"
    engine.dispose()


def test_other_databases_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="SQLite or PostgreSQL"):
        build_engine("mysql://localhost/books")


def test_a_missing_driver_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_module, "find_spec", lambda _: None)
    with pytest.raises(ModuleNotFoundError, match=r"arb-pipelines\[servers\]"):
        build_engine("postgresql://localhost/books")
