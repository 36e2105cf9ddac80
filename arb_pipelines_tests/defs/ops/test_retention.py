"""The retention job frees the disk that a deleted run held, and keeps artifacts before it deletes pages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from dagster import DagsterInstance, job, op

from arb_pipelines.adapters.sql.books import open_books
from arb_pipelines.defs.ops.retention import retention_job
from arb_pipelines.defs.resources import BooksResource, SettingsResource


@op
def nothing() -> None:
    print("a line of output")


@job
def old_job() -> None:
    nothing()


def test_a_deleted_run_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home, dagster_home, store = tmp_path / "home", tmp_path / "dagster", tmp_path / "store"
    monkeypatch.setenv("ARB_HOME", str(home))
    monkeypatch.setenv("ARB_ARTIFACTS_URL", str(store))
    url = f"sqlite:///{tmp_path / 'books.db'}"
    books = open_books(url)
    books.migrate()
    books.close()
    old_page = home / "raw_pages" / "2026-01-01" / "a.seg"
    old_page.parent.mkdir(parents=True)
    old_page.write_bytes(b"page")
    dagster_home.mkdir()
    (dagster_home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    with DagsterInstance.from_config(str(dagster_home)) as instance:
        runs = [old_job.execute_in_process(instance=instance).run_id for _ in range(2)]
        # Time passes by telling the storage that the first run is of last month.
        long_ago = datetime.now(UTC) - timedelta(days=30)
        with instance.run_storage.connect() as connection:
            connection.exec_driver_sql(
                "UPDATE runs SET create_timestamp = ? WHERE run_id = ?", (f"{long_ago:%Y-%m-%d %H:%M:%S}", runs[0])
            )
        done = retention_job.execute_in_process(
            instance=instance,
            resources={"books": BooksResource(url=url, mode="paper"), "settings": SettingsResource()},
        )
        assert done.output_for_node("delete_old_runs") == 1
        assert instance.get_run_by_id(runs[0]) is None
        assert instance.get_run_by_id(runs[1]) is not None
    left = {path.name for path in dagster_home.rglob("*")}
    assert not any(runs[0] in name for name in left)
    assert {runs[1], f"{runs[1]}.db"} <= left
    assert not old_page.exists()
    assert (store / "raw_pages" / "2026-01-01" / "a.seg").read_bytes() == b"page"
    assert [path.name for path in (store / "reports").glob("*/*")] == ["profit_and_loss.md"]
