"""The sensor that tells CloudWatch how the trade stands starts no run."""

from __future__ import annotations

from pathlib import Path

import pytest
from dagster import DagsterInstance, SkipReason, build_sensor_context

pytest.importorskip("moto", reason="moto is not installed: it comes with the developers' packages")

from arb_pipelines.adapters.sql.books import open_books
from arb_pipelines.defs.monitoring import metrics_sensor
from arb_pipelines.defs.resources import SettingsResource


def evaluate() -> str:
    with DagsterInstance.ephemeral() as instance:
        context = build_sensor_context(instance=instance, resources={"settings": SettingsResource()})
        told = metrics_sensor(context)
    assert isinstance(told, SkipReason)
    return told.skip_message or ""


def test_figures_are_put_where_a_namespace_is_set(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import boto3
    from moto import mock_aws

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ARB_DATABASE_URL", sqlite_url)
    assert "no namespace" in evaluate()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("ARB_CLOUDWATCH_NAMESPACE", "arb")
    monkeypatch.setenv("ARB_AWS_REGION", "us-east-1")
    books = open_books(sqlite_url)
    books.close()
    with mock_aws():
        assert evaluate() == "3 figures put"
        kept = boto3.client("cloudwatch", region_name="us-east-1").list_metrics(Namespace="arb")["Metrics"]
    assert {one["MetricName"] for one in kept} == {"arb_offers", "arb_opportunities", "arb_orders"}
