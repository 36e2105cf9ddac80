"""Trained models and their versions in MLflow: parameters, figures, files, and which version is champion.

What belongs here: the use of MLflow's tracking library over its database store; no MLflow server is needed or
started. MLflow's own model formats are not used, because loading them can run code (its list of trusted types is
read from the model's own file): we keep plain files and their SHA-256 in the model version's tag, outside the
artifact, and refuse files that do not fit. Loading them into a model is the caller's part.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import tempfile
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol, Self
from urllib.parse import unquote, urlparse

MODEL_NAME = "price_model"
CHAMPION = "champion"
MODEL_FOLDER = "model"
PLOT_NAME = "calibration.png"
DIGEST_TAG = "files_sha256"


class TamperedModelError(PermissionError):
    """The files of a model are not those that were logged; they are not loaded."""


class LoggedModel(Protocol):
    """What is stored of a trained model."""

    @property
    def version(self) -> str:
        """The model's name by content."""

    @property
    def champion(self) -> str:
        """Who predicts: `rule` or `challenger`."""

    @property
    def gate(self) -> str:
        """Why."""

    @property
    def metrics(self) -> Mapping[str, float]:
        """Figures on the holdout."""

    @property
    def params(self) -> Mapping[str, str]:
        """Settings of the training."""

    @property
    def feature_sha256(self) -> str:
        """Digest of the features."""

    def files(self) -> dict[str, bytes]:
        """Return the model as plain files by name."""


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """One registered training. `sha256` is the digest over all its files, `number` MLflow's version number."""

    number: int
    model_version: str
    as_of: datetime
    sha256: str
    run_id: str


@dataclass(frozen=True, slots=True)
class StoredModel:
    """A version with its verified files."""

    version: ModelVersion
    files: dict[str, bytes]


def open_model_store(tracking_uri: str, artifact_root: Path, bucket_url: str | None = None) -> MlflowModelStore:
    """Open the store; the first use of a database creates MLflow's tables, which takes seconds.

    Args:
        tracking_uri: `sqlite:///path` (or another database URL that MLflow takes).
        artifact_root: folder of the model files.
        bucket_url: `s3://bucket/prefix` that new model files go to instead; those in the folder stay readable.
    """
    # MLflow decides at import whether to send usage data to its makers; a person's own setting wins.
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    from mlflow import MlflowClient

    # Each start of the store would else write its migrations to standard error, amid a command's own output.
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
    artifact_root.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        # MLflow's tables use a SQLAlchemy option that is on its way out; nothing its users could mend.
        warnings.simplefilter("ignore", DeprecationWarning)
        client = MlflowClient(tracking_uri=tracking_uri, registry_uri=tracking_uri)
    return MlflowModelStore(client, artifact_root.resolve(), bucket_url.rstrip("/") if bucket_url else None)


class MlflowModelStore:
    """The registered model `price_model`, its versions and its `champion` alias."""

    def __init__(self, client: Any, artifact_root: Path, bucket_url: str | None = None) -> None:
        """Use `open_model_store`."""
        self._client = client
        self._root = artifact_root
        self._bucket_url = bucket_url

    def log_training(
        self, trained: LoggedModel, *, as_of: datetime, data_sha256: str, plot: bytes | None = None
    ) -> ModelVersion:
        """Store a training as an MLflow run and register it as a version. The champion stays who it is."""
        files = trained.files()
        digests = {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())}
        tags = {
            "model_version": trained.version,
            "as_of": as_of.isoformat(),
            "data_sha256": data_sha256,
            "feature_sha256": trained.feature_sha256,
            "predicts": trained.champion,
            "gate": trained.gate,
        }
        run = self._client.create_run(self._experiment_id(), tags=tags, run_name=f"{as_of:%Y-%m-%d}")
        run_id = run.info.run_id
        self._log_figures(run_id, trained)
        self._log_files(run_id, files, plot)
        self._client.set_terminated(run_id)
        self._ensure_registered()
        created = self._client.create_model_version(
            MODEL_NAME,
            source=f"{run.info.artifact_uri}/{MODEL_FOLDER}",
            run_id=run_id,
            tags={**tags, DIGEST_TAG: json.dumps(digests)},
        )
        return self._as_version(self._client.get_model_version(MODEL_NAME, created.version))

    def promote(self, version: ModelVersion) -> None:
        """Make a version the champion. Backfills over past dates do not call this."""
        self._client.set_registered_model_alias(MODEL_NAME, CHAMPION, str(version.number))

    def load_champion(self) -> StoredModel | None:
        """Return the champion's files, checked against their digests; None while there is no champion.

        Raises:
            TamperedModelError: a file is missing, changed or outside the artifact folder.
        """
        from mlflow.exceptions import MlflowException

        try:
            found = self._client.get_model_version_by_alias(MODEL_NAME, CHAMPION)
        except MlflowException as error:
            if error.error_code in {"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"}:
                return None
            raise
        digests = json.loads(found.tags[DIGEST_TAG])
        with tempfile.TemporaryDirectory() as copies:
            folder = self._folder(found.source, digests, copies)
            files = {name: _read_checked(folder / name, digests[name]) for name in digests}
        return StoredModel(self._as_version(found), files)

    def versions(self) -> list[ModelVersion]:
        """Return all versions, newest first."""
        found: list[Any] = []
        token = None
        while True:
            page = self._client.search_model_versions(f"name = '{MODEL_NAME}'", page_token=token)
            found.extend(page)
            token = page.token
            if not token:
                return sorted(map(self._as_version, found), key=lambda version: version.number, reverse=True)

    def __enter__(self) -> Self:
        """Use the store for the length of a block."""
        return self

    def __exit__(self, *exception: object) -> None:
        """MLflow keeps one engine a database for the life of the process, so there is nothing to give back."""

    def _experiment_id(self) -> str:
        """Return the experiment whose files go where ours do: MLflow never moves one, so each place has its own."""
        name = f"{MODEL_NAME} in {self._bucket_url}" if self._bucket_url else MODEL_NAME
        found = self._client.get_experiment_by_name(name)
        if found is not None:
            return str(found.experiment_id)
        return str(self._client.create_experiment(name, artifact_location=self._bucket_url or self._root.as_uri()))

    def _ensure_registered(self) -> None:
        if not self._client.search_registered_models(f"name = '{MODEL_NAME}'"):
            self._client.create_registered_model(MODEL_NAME)

    def _log_figures(self, run_id: str, trained: LoggedModel) -> None:
        from mlflow.entities import Metric, Param

        now_ms = self._client.get_run(run_id).info.start_time
        metrics = [Metric(name, value, now_ms, 0) for name, value in trained.metrics.items()]
        params = [Param(name, value) for name, value in trained.params.items()]
        self._client.log_batch(run_id, metrics=metrics, params=params)

    def _log_files(self, run_id: str, files: Mapping[str, bytes], plot: bytes | None) -> None:
        with tempfile.TemporaryDirectory() as folder:
            for name, content in files.items():
                (Path(folder) / name).write_bytes(content)
            self._client.log_artifacts(run_id, folder, MODEL_FOLDER)
        if plot is not None:
            with tempfile.TemporaryDirectory() as folder:
                (Path(folder) / PLOT_NAME).write_bytes(plot)
                self._client.log_artifact(run_id, str(Path(folder) / PLOT_NAME))

    def _folder(self, source: str, names: Iterable[str], copies: str) -> Path:
        """Return the folder of a version's files: inside the artifact folder, or copied from the bucket."""
        if self._bucket_url and source.startswith(f"{self._bucket_url}/"):
            for name in names:
                _fetch(f"{source}/{name}", copies)
            return Path(copies)
        address = urlparse(source)
        folder = Path(unquote(address.path)).resolve()
        if address.scheme not in {"", "file"} or not folder.is_relative_to(self._root):
            raise TamperedModelError(f"the champion's files are said to be at {source}, outside {self._root}")
        return folder

    def _as_version(self, found: Any) -> ModelVersion:
        tags = found.tags
        return ModelVersion(
            number=int(found.version),
            model_version=tags["model_version"],
            as_of=datetime.fromisoformat(tags["as_of"]),
            sha256=hashlib.sha256(tags[DIGEST_TAG].encode()).hexdigest(),
            run_id=found.run_id,
        )


def _fetch(address: str, folder: str) -> None:
    from mlflow.artifacts import download_artifacts
    from mlflow.exceptions import MlflowException

    try:
        download_artifacts(artifact_uri=address, dst_path=folder)
    except (MlflowException, OSError) as error:
        raise TamperedModelError(f"model file {address} cannot be read ({error}); train and promote again") from error


def _read_checked(path: Path, digest: str) -> bytes:
    """Return a file's bytes if they have the digest that was written down when the model was logged."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise TamperedModelError(f"model file {path.name} cannot be read ({error}); train and promote again") from error
    if hashlib.sha256(content).hexdigest() != digest:
        raise TamperedModelError(f"model file {path.name} was changed after it was logged; train and promote again")
    return content
