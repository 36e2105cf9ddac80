"""The model store on a real MLflow database: versions, champion, tampering, silence."""

import hashlib
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from arb_pipelines.adapters.mlflow.model_store import MODEL_NAME, TamperedModelError, open_model_store
from arb_pipelines.ml.price_model import read_model, train
from arb_pipelines_tests.ml.market import AS_OF, draw_sales, no_history

PICTURE = b"\x89PNG\r\n picture"


FIRST_OPENING = """
import os, socket, sys
from pathlib import Path
tried = []
def refuse(self, address):
    tried.append(address)
    raise OSError("no network in this test")
socket.socket.connect = socket.socket.connect_ex = refuse
from arb_pipelines.adapters.mlflow.model_store import open_model_store
folder = Path(sys.argv[1])
with open_model_store(f"sqlite:///{folder / 'mlflow.sqlite'}", folder / "models") as store:
    assert store.load_champion() is None
assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == "true"
assert not tried, tried
"""


@pytest.fixture(scope="module")
def first_opening(tmp_path_factory):
    """A folder with MLflow's tables, made once by a program of its own, and how that program ended."""
    folder = tmp_path_factory.mktemp("mlflow")
    clean = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "PYTHONPATH": str(Path.cwd())}
    command = [sys.executable, "-c", FIRST_OPENING, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=clean, cwd=folder)
    return folder, done


@pytest.fixture(scope="module")
def empty_database(first_opening):
    folder, _ = first_opening
    return folder / "mlflow.sqlite"


def test_first_opening_is_silent_and_reaches_no_network(first_opening):
    _, done = first_opening
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.fixture
def store(tmp_path, empty_database):
    (tmp_path / "mlflow.sqlite").write_bytes(empty_database.read_bytes())
    with open_model_store(f"sqlite:///{tmp_path / 'mlflow.sqlite'}", tmp_path / "models") as opened:
        yield opened


@pytest.fixture(scope="module")
def trained():
    return train(draw_sales(n=300), no_history(), as_of=AS_OF, seed=1)


def test_no_champion_before_the_first_promotion(store, trained):
    assert store.load_champion() is None
    assert store.versions() == []
    store.log_training(trained, as_of=AS_OF, data_sha256="d")
    assert store.load_champion() is None


def test_champion_predicts_as_it_was_trained(store, trained):
    version = store.log_training(trained, as_of=AS_OF, data_sha256="d", plot=PICTURE)
    store.promote(version)
    champion = store.load_champion()
    assert champion.version == version
    assert (version.number, version.model_version, version.as_of) == (1, trained.version, AS_OF)
    assert read_model(champion.files).version == trained.version


def test_logging_a_backfill_does_not_move_the_champion(store, trained):
    first = store.log_training(trained, as_of=AS_OF, data_sha256="d")
    store.promote(first)
    past = datetime(2025, 1, 1, tzinfo=UTC)
    second = store.log_training(trained, as_of=past, data_sha256="d")
    assert store.load_champion().version == first
    assert [version.number for version in store.versions()] == [2, 1]
    store.promote(second)
    assert store.load_champion().version.as_of == past


def test_run_keeps_figures_tags_and_the_plot(store, trained, tmp_path):
    from mlflow import MlflowClient

    version = store.log_training(trained, as_of=AS_OF, data_sha256="d1", plot=PICTURE)
    run = MlflowClient(f"sqlite:///{tmp_path / 'mlflow.sqlite'}").get_run(version.run_id)
    assert run.info.status == "FINISHED"
    assert run.data.metrics["rule_mdape"] == trained.metrics["rule_mdape"]
    assert run.data.params["seed"] == "1"
    assert (run.data.tags["data_sha256"], run.data.tags["feature_sha256"]) == ("d1", trained.feature_sha256)
    assert [path.read_bytes() for path in tmp_path.rglob("calibration.png")] == [PICTURE]


def test_changed_file_is_refused(store, trained, tmp_path):
    store.promote(store.log_training(trained, as_of=AS_OF, data_sha256="d"))
    for path in tmp_path.rglob("model/*.*"):
        before = path.read_bytes()
        path.write_bytes(before[:-1] + bytes([before[-1] ^ 1]))
        with pytest.raises(TamperedModelError, match=path.name):
            store.load_champion()
        path.write_bytes(before)
    assert store.load_champion() is not None


def test_missing_file_is_refused(store, trained, tmp_path):
    store.promote(store.log_training(trained, as_of=AS_OF, data_sha256="d"))
    next(tmp_path.rglob("model.json")).unlink()
    with pytest.raises(TamperedModelError, match="train and promote again"):
        store.load_champion()


def test_version_that_points_elsewhere_is_refused(store, trained, tmp_path):
    from mlflow import MlflowClient

    store.log_training(trained, as_of=AS_OF, data_sha256="d")
    client = MlflowClient(f"sqlite:///{tmp_path / 'mlflow.sqlite'}")
    made = client.create_model_version(MODEL_NAME, source=(tmp_path / "elsewhere").as_uri(), tags=_tags(client))
    client.set_registered_model_alias(MODEL_NAME, "champion", made.version)
    with pytest.raises(TamperedModelError, match="outside"):
        store.load_champion()


def test_same_files_have_the_same_digest(store, trained):
    class Fixed:
        version, champion, gate, metrics, params, feature_sha256 = "v", "rule", "g", {"n": 1.0}, {"seed": "1"}, "f"

        def files(self):
            return {"model.json": b"{}"}

    digests = {store.log_training(Fixed(), as_of=AS_OF, data_sha256="d").sha256 for _ in range(2)}
    assert len(digests) == 1
    assert hashlib.sha256(b"{}").hexdigest() not in digests


def _tags(client):
    return client.get_model_version(MODEL_NAME, "1").tags


@pytest.fixture
def bucket(monkeypatch):
    pytest.importorskip("moto", reason="moto is not installed: it comes with the developers' packages")
    import boto3
    from moto import mock_aws

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="ours")
        yield client


def test_a_bucket_keeps_the_files_and_another_machine_reads_them(store, trained, tmp_path, bucket):
    here = store.log_training(trained, as_of=AS_OF, data_sha256="d")
    store.promote(here)
    tracking = f"sqlite:///{tmp_path / 'mlflow.sqlite'}"
    with open_model_store(tracking, tmp_path / "models", "s3://ours/arb/models/") as moved:
        assert moved.load_champion().version == here
        there = moved.log_training(trained, as_of=AS_OF, data_sha256="e", plot=PICTURE)
        moved.promote(there)
    with open_model_store(tracking, tmp_path / "another", "s3://ours/arb/models") as other:
        champion = other.load_champion()
        assert champion.version == there
        assert read_model(champion.files).version == trained.version
        kept = [found["Key"] for found in bucket.list_objects_v2(Bucket="ours")["Contents"]]
        assert all(key.startswith("arb/models/") for key in kept)
        changed = next(key for key in kept if key.endswith("model.json"))
        bucket.put_object(Bucket="ours", Key=changed, Body=b"{}")
        with pytest.raises(TamperedModelError, match="changed after"):
            other.load_champion()
        bucket.delete_object(Bucket="ours", Key=changed)
        with pytest.raises(TamperedModelError, match="cannot be read"):
            other.load_champion()


def test_files_in_a_bucket_that_is_not_ours_are_refused(store, trained, tmp_path, bucket):
    with open_model_store(f"sqlite:///{tmp_path / 'mlflow.sqlite'}", tmp_path / "models", "s3://ours/arb") as moved:
        moved.promote(moved.log_training(trained, as_of=AS_OF, data_sha256="d"))
    with pytest.raises(TamperedModelError, match="outside"):
        store.load_champion()
