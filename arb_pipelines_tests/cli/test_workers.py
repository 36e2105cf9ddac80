"""`arb workers` against moto's EC2: nothing is started without a cap, and each refusal says what to set."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

pytest.importorskip("moto", reason="moto is not installed: it comes with the developers' packages")

from arb_pipelines.adapters.aws.workers import TAG
from arb_pipelines.cli.main import app

RUN = CliRunner()


@pytest.fixture
def machines(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Two stopped machines of the group `crawl`."""
    import boto3
    from moto import mock_aws

    monkeypatch.chdir(tmp_path)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
    monkeypatch.setenv("ARB_AWS_REGION", "us-east-1")
    with mock_aws():
        client = boto3.client("ec2", region_name="us-east-1")
        tags = [{"ResourceType": "instance", "Tags": [{"Key": TAG, "Value": "crawl"}]}]
        made = client.run_instances(ImageId="ami-12345678", MinCount=2, MaxCount=2, TagSpecifications=tags)
        client.stop_instances(InstanceIds=[one["InstanceId"] for one in made["Instances"]])
        yield


def run(*words: str, status: int = 0) -> str:
    done = RUN.invoke(app, ["workers", *words])
    assert done.exit_code == status, done.output
    return done.stdout if status == 0 else done.output


def test_nothing_starts_without_group_and_cap(machines: None, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "set ARB_WORKER_HOUR_COST and ARB_WORKERS_DAY_COST" in run("start", status=2)
    monkeypatch.setenv("ARB_WORKER_HOUR_COST", "1000")
    monkeypatch.setenv("ARB_WORKERS_DAY_COST", "0")
    assert "set ARB_WORKER_GROUP" in run("start", status=2)
    monkeypatch.setenv("ARB_WORKER_GROUP", "crawl")
    assert "the cap is 0" in run("start", status=2)
    assert {one["state"] for one in json.loads(run("status", "--json"))["machines"]} == {"stopped"}


def test_start_status_stop(machines: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARB_WORKER_GROUP", "crawl")
    monkeypatch.setenv("ARB_WORKER_HOUR_COST", "0.10")
    monkeypatch.setenv("ARB_WORKERS_DAY_COST", "100")
    assert len(json.loads(run("start", "--count", "2", "--json"))["started"]) == 2
    assert "2 machines; today's cost so far: 0.00" in run("status")
    assert len(json.loads(run("stop", "--json"))["stopped"]) == 2
    assert "0 stopped" in run("stop")
