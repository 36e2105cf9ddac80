"""Moving embedded books to a real PostgreSQL: exact, taken up after a kill, never into other books."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from sqlalchemy import func, select, text
from typer.testing import CliRunner

from arb_pipelines.adapters.sql import copying
from arb_pipelines.adapters.sql.book_tables import switch_changes
from arb_pipelines.adapters.sql.books import open_books
from arb_pipelines.adapters.sql.copying import BooksCopy, CopyError, progress
from arb_pipelines.adapters.sql.engine import build_engine
from arb_pipelines.adapters.sql.tables import price_points
from arb_pipelines.cli.main import app
from arb_pipelines.domain.spend_limit import Action, ActionState
from arb_pipelines.settings import Settings
from arb_pipelines.transforms.price_history import POINT_SCHEMA
from arb_pipelines_tests.conftest import PostgresCluster
from arb_pipelines_tests.contracts.trade_records import buy
from arb_pipelines_tests.fakes.clock import START

RUN, POINTS = CliRunner(), 2_500
pytestmark = pytest.mark.postgres


@pytest.fixture
def home(tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Books with a purchase, 2,500 readings and two turns of a switch."""
    home = tmp_path / "home"
    home.mkdir()
    (tmp_path / "books.db").rename(home / "books-paper.sqlite")
    monkeypatch.setenv("ARB_HOME", str(home))
    monkeypatch.chdir(tmp_path)
    books = open_books(Settings().books_url)
    buy(books)
    books.price_history.insert(readings())
    books.switches.put(Action.BUY, ActionState.HALTED, "a test", "the operator", START)
    books.switches.put(Action.BUY, ActionState.ACTIVE, "tested", "the operator", START + timedelta(minutes=1))
    books.close()
    return home


def readings() -> pl.DataFrame:
    values = {
        "scrape_id": pl.format("{}", pl.col("n")).str.pad_start(64, "0"),
        "offer_key": pl.format("{}", pl.col("n") % 50).str.pad_start(32, "0"),
        "site": pl.lit("shop-1"),
        "url": pl.format("https://shop-1.example/p/{}", pl.col("n") % 50),
        "title": pl.lit("Kettle, große 'Ausführung'"),
        "price_minor": pl.col("n") + 100,
        "currency": pl.lit("USD"),
        "observed_at": pl.lit(START) + timedelta(microseconds=1_234_567) * pl.col("n"),
    }
    texts = {name: pl.lit(None, pl.String) for name in POINT_SCHEMA}
    return pl.DataFrame({"n": range(POINTS)}).select(**texts | values).cast(POINT_SCHEMA)


@pytest.fixture
def target(postgres_cluster: PostgresCluster) -> str:
    return postgres_cluster.url(postgres_cluster.create_database())


def scalar(url: str, query: object) -> object:
    engine = build_engine(url)
    try:
        with engine.connect() as connection:
            return connection.scalar(query)
    finally:
        engine.dispose()


def test_the_copy_is_exact_and_goes_on_as_books(home: Path, target: str) -> None:
    done = RUN.invoke(app, ["storage", "copy", "--to", target, "--json"])
    assert done.exit_code == 0, done.output
    result = json.loads(done.stdout)
    assert result["different_tables"] == []
    assert result["rows"] > POINTS
    books, source = open_books(target), open_books(Settings().books_url)
    assert books.broken_invariants() == source.broken_invariants()
    source.close()
    books.switches.put(Action.BUY, ActionState.HALTED, "moved", "the operator", START + timedelta(hours=1))
    books.close()
    assert scalar(target, select(func.max(switch_changes.c.change_id))) == 3
    assert scalar(target, text("SELECT to_regclass('storage_copy_progress')")) is None


def test_a_killed_copy_goes_on_where_it_was(home: Path, target: str) -> None:
    """Killed by SIGKILL in the middle of the readings: none is lost, none comes twice."""
    code = (
        "import os, signal, sys\n"
        "from arb_pipelines.adapters.sql import copying\n"
        "copying.BATCH = 500\n"
        "copy = copying.BooksCopy(sys.argv[1], sys.argv[2], 'paper')\n"
        "copy.prepare()\n"
        "told = []\n"
        "def tell(table, rows):\n"
        "    told.append(rows if table == 'price_points' else 0)\n"
        "    if sum(told) >= 1500: os.kill(os.getpid(), signal.SIGKILL)\n"
        "copy.run(tell)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, Settings().books_url, target], check=False, env=os.environ)
    assert done.returncode == -signal.SIGKILL
    assert scalar(target, select(func.count()).select_from(price_points)) == 1_500
    assert scalar(target, select(progress.c.rows).where(progress.c.table_name == "price_points")) == 1_500
    finished = RUN.invoke(app, ["storage", "copy", "--to", target, "--json"])
    assert finished.exit_code == 0, finished.output
    assert json.loads(finished.stdout)["different_tables"] == []
    assert scalar(target, select(func.count()).select_from(price_points)) >= POINTS


def test_a_target_with_other_books_is_refused(home: Path, postgres_url: str) -> None:
    other = open_books(postgres_url)
    buy(other)
    other.close()
    done = RUN.invoke(app, ["storage", "copy", "--to", postgres_url])
    assert done.exit_code == 2
    assert "the target holds other books" in done.output


def test_a_target_of_another_unfinished_copy_is_refused(home: Path, target: str, tmp_path: Path) -> None:
    copy = BooksCopy(Settings().books_url, target, "paper")
    copy.prepare()
    copy.run(lambda _table, _rows: None)
    copy.close()
    (tmp_path / "other.db").write_bytes((home / "books-paper.sqlite").read_bytes())
    other = BooksCopy(f"sqlite:///{tmp_path / 'other.db'}", target, "paper")
    with pytest.raises(CopyError, match="unfinished copy of other books"):
        other.prepare()
    other.close()


def test_a_difference_is_found(home: Path, target: str) -> None:
    copy = BooksCopy(Settings().books_url, target, "paper")
    copy.prepare()
    copy.run(lambda _table, _rows: None)
    assert copy.compare() == {}
    engine = build_engine(target)
    with engine.begin() as connection:
        connection.execute(text("UPDATE price_points SET price_minor = price_minor + 1 WHERE price_minor = 777"))
    engine.dispose()
    found = copy.compare()
    assert set(found) == {"price_points"}
    assert found["price_points"][1] == replace(found["price_points"][0], digest=found["price_points"][1].digest)
    copy.close()


def test_what_cannot_be_copied(tmp_path: Path, target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARB_HOME", str(tmp_path / "nothing"))
    done = RUN.invoke(app, ["storage", "copy", "--to", target])
    assert done.exit_code == 2
    assert "there are no books at" in done.output
    assert not (tmp_path / "nothing").exists()
    with pytest.raises(CopyError, match="only embedded SQLite books"):
        BooksCopy(target, target, "paper")
    assert copying.BATCH == 10_000
