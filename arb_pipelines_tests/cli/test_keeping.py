"""Migrating, backing up and restoring a whole installation: what comes back is what was there, or it is said."""

from __future__ import annotations

import json
import shutil
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from arb_pipelines.adapters.backup.manifest import hash_files
from arb_pipelines.adapters.parquet.raw_scrapes import build
from arb_pipelines.adapters.sql.books import open_books
from arb_pipelines.adapters.sql.engine import build_engine
from arb_pipelines.cli.main import app
from arb_pipelines.domain.raw_product import RawProduct
from arb_pipelines.settings import Settings
from arb_pipelines_tests.conftest import PostgresCluster
from arb_pipelines_tests.contracts.trade_records import buy
from arb_pipelines_tests.fakes.clock import START

RUN = CliRunner()
RECORD = RawProduct("shop-1", "https://shop-1.example/p/1", START, "tick-1", "0" * 64, price="9.99")


@pytest.fixture
def home(tmp_path: Path, sqlite_template: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation with a purchase, a raw scrape, a model file and its register, all still open."""
    home = tmp_path / "home"
    (home / "models").mkdir(parents=True)
    shutil.copy(sqlite_template, home / "books-paper.sqlite")
    (home / "models" / "model.skops").write_bytes(b"weights")
    register = sqlite3.connect(home / "mlflow.sqlite")
    register.execute("CREATE TABLE models AS SELECT 'price' AS name")
    register.commit()
    register.close()
    build(str(home / "raw")).append([RECORD])
    use(home, monkeypatch)
    books = open_books(Settings().books_url)
    buy(books)
    books.close()
    return home


def use(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARB_HOME", str(home))
    monkeypatch.chdir(home.parent)


def run(*words: object, status: int = 0) -> str:
    done = RUN.invoke(app, [str(word) for word in words])
    assert done.exit_code == status, done.output + str(done.exception)
    return done.stdout if status == 0 else done.output


@pytest.mark.parametrize("name", ["backup", "backup.tar.gz"])
def test_a_restored_installation_is_what_was_backed_up(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """While the books are open; the counts, the files and the invariants are compared."""
    engine = build_engine(Settings().books_url)
    with engine.connect() as reader:
        rows = reader.scalar(text("SELECT count(*) FROM purchases"))
        made = json.loads(run("backup", tmp_path / name, "--json"))
    engine.dispose()
    assert made["rows"] >= rows == 1
    use(tmp_path / "elsewhere", monkeypatch)
    back = json.loads(run("restore", tmp_path / name, "--json"))
    assert back["different_tables"] == []
    assert back["broken"] == {}
    assert back["rows"] == made["rows"]
    there = tmp_path / "elsewhere"
    assert build(str(there / "raw")).contains(RECORD.scrape_id)
    assert hash_files(there / "models") == hash_files(home / "models")
    assert sqlite3.connect(there / "mlflow.sqlite").execute("SELECT name FROM models").fetchone() == ("price",)
    assert json.loads(run("verify", "--json"))["totals"]["purchases"] == 1


def test_restoring_over_books_needs_force(home: Path, tmp_path: Path) -> None:
    run("backup", tmp_path / "backup")
    engine = build_engine(Settings().books_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE purchases SET total_minor = 1"))
    engine.dispose()
    (home / "models" / "later.skops").write_bytes(b"x")
    run("verify", status=1)
    assert "give --force to replace them" in run("restore", tmp_path / "backup", status=2)
    run("verify", status=1)
    run("restore", tmp_path / "backup", "--force")
    run("verify")
    assert [path.name for path in (home / "models").iterdir()] == ["model.skops"]


def test_a_changed_backup_is_refused_and_nothing_is_touched(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("backup", tmp_path / "backup")
    (tmp_path / "backup" / "models" / "model.skops").write_bytes(b"weightz")
    use(tmp_path / "elsewhere", monkeypatch)
    assert "missing or changed, first models/model.skops" in run("restore", tmp_path / "backup", status=2)
    assert not (tmp_path / "elsewhere").exists()
    (tmp_path / "backup" / "manifest.json").unlink()
    assert "no complete backup" in run("restore", tmp_path / "backup", status=2)


def test_what_backup_and_restore_refuse(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run("backup", tmp_path / "backup")
    assert "there already" in run("backup", tmp_path / "backup", status=2)
    (tmp_path / "torn.tar").write_bytes(b"no tar")
    assert "cannot be read as a backup" in run("restore", tmp_path / "torn.tar", status=2)
    use(tmp_path / "elsewhere", monkeypatch)
    assert "no books to back up" in run("backup", tmp_path / "another", status=2)
    monkeypatch.setenv("ARB_MODE", "assist")
    assert "set ARB_MODE=paper" in run("restore", tmp_path / "backup", status=2)


def test_migrate_says_from_and_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(tmp_path / "home", monkeypatch)
    first = json.loads(run("migrate", "--json"))
    assert first["from"] is None
    assert first["to"].isdigit()
    assert run("migrate").strip() == f"the books are at {first['to']}"
    monkeypatch.setenv("ARB_DATABASE_URL", Settings().books_url)
    monkeypatch.setenv("ARB_MODE", "assist")
    assert "holds the books of paper mode" in run("migrate", status=2)


@pytest.mark.postgres
def test_books_on_postgresql_come_back(
    tmp_path: Path, postgres_cluster: PostgresCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dumped from one database, restored into another; over books only with --force, and then exactly."""
    use(tmp_path / "home", monkeypatch)
    urls = [postgres_cluster.url(postgres_cluster.create_database()) for _ in range(2)]
    monkeypatch.setenv("ARB_DATABASE_URL", urls[0])
    books = open_books(urls[0])
    books.migrate()
    buy(books)
    books.close()
    made = json.loads(run("backup", tmp_path / "backup.tar", "--json"))
    monkeypatch.setenv("ARB_DATABASE_URL", urls[1])
    assert json.loads(run("restore", tmp_path / "backup.tar", "--json"))["rows"] == made["rows"]
    assert "give --force" in run("restore", tmp_path / "backup.tar", status=2)
    engine = build_engine(urls[1])
    with engine.begin() as connection:
        connection.execute(text("UPDATE purchases SET total_minor = 1"))
    engine.dispose()
    run("restore", tmp_path / "backup.tar", "--force")
    run("verify")
