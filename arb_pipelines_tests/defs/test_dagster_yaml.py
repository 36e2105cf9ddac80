"""Both shipped instance files load, and both keep what acting runs rely on."""

from pathlib import Path

import pytest
import yaml
from dagster import DagsterInstance

from arb_pipelines_tests.conftest import PostgresCluster

TOP = Path(__file__).resolve().parents[2]
FILES = [TOP / "dagster.yaml", TOP / "deploy" / "dagster.yaml"]


@pytest.mark.parametrize("path", FILES, ids=["embedded", "deployment"])
def test_nothing_acts_again_by_itself(path: Path) -> None:
    """No retries, no resumed workers, one run a pool, telemetry off, ticks pruned."""
    config = yaml.safe_load(path.read_text())
    assert config["run_retries"]["enabled"] is False
    assert config["run_monitoring"]["max_resume_run_attempts"] == 0
    assert config["concurrency"]["pools"]["default_limit"] == 1
    assert config["telemetry"]["enabled"] is False
    assert config["retention"]["sensor"]["purge_after_days"]["skipped"] == 1


def test_the_embedded_instance_loads(tmp_path: Path) -> None:
    """SQLite storage in the Dagster home."""
    (tmp_path / "dagster.yaml").write_text(FILES[0].read_text())
    with DagsterInstance.from_config(str(tmp_path)) as instance:
        assert instance.run_storage is not None
        assert instance.get_runs() == []


@pytest.mark.postgres
def test_the_deployment_instance_loads_on_postgresql(
    tmp_path: Path, postgres_cluster: PostgresCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """dagster-postgres keeps runs and events in PostgreSQL."""
    name = postgres_cluster.create_database()
    monkeypatch.setenv("DAGSTER_PG_URL", postgres_cluster.url(name).replace("postgresql:", "postgresql+psycopg2:"))
    (tmp_path / "dagster.yaml").write_text(FILES[1].read_text())
    with DagsterInstance.from_config(str(tmp_path)) as instance:
        assert "Postgres" in type(instance.run_storage).__name__ or "Postgres" in repr(instance.event_log_storage)
        assert instance.get_runs() == []
