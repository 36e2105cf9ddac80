"""A group of machines is started under a cap of its day, and everything that runs is stopped; against moto's EC2."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

pytest.importorskip("moto", reason="moto is not installed: it comes with the developers' packages")

from arb_pipelines.adapters.aws.cloudwatch import CloudWatch
from arb_pipelines.adapters.aws.workers import TAG, CostCap, CostCapError, WorkerGroup, cost_today
from arb_pipelines.adapters.sql.metrics import Metric

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def ec2(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Three stopped machines of the group `crawl` and one of somebody else."""
    import boto3
    from moto import mock_aws

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
    with mock_aws():
        client = boto3.client("ec2", region_name="us-east-1")
        for group, count in (("crawl", 3), ("other", 1)):
            tags = [{"ResourceType": "instance", "Tags": [{"Key": TAG, "Value": group}]}]
            made = client.run_instances(ImageId="ami-12345678", MinCount=count, MaxCount=count, TagSpecifications=tags)
            client.stop_instances(InstanceIds=[one["InstanceId"] for one in made["Instances"]])
        yield client


def states(group: WorkerGroup, now: datetime) -> list[str]:
    return sorted(worker.state for worker in group.load(now))


def test_machines_are_started_and_stopped_and_their_cost_is_kept(ec2: Any) -> None:
    group, cap = WorkerGroup(ec2, "crawl"), CostCap(Decimal("0.10"), Decimal("10"))
    assert len(group.start(2, cap, NOON)) == 2
    assert states(group, NOON) == ["running", "running", "stopped"]
    later = NOON + timedelta(hours=3)
    assert cost_today(group.load(later), cap, later) == Decimal("0.6")
    assert len(group.stop(cap, later)) == 2
    assert states(group, later) == ["stopped"] * 3
    assert cost_today(group.load(later), cap, later + timedelta(hours=1)) == Decimal("0.6")
    assert cost_today(group.load(later + timedelta(days=1)), cap, later + timedelta(days=1)) == 0
    assert WorkerGroup(ec2, "other").load(NOON)[0].state == "stopped"


def test_the_cap_counts_until_midnight_what_runs_and_what_ran(ec2: Any) -> None:
    group = WorkerGroup(ec2, "crawl")
    cap = CostCap(Decimal("0.10"), Decimal("2.40"))  # 12 hours of two machines
    with pytest.raises(CostCapError, match=r"3 machines until midnight UTC make 3.60 today and the cap is 2.40"):
        group.start(3, cap, NOON)
    assert states(group, NOON) == ["stopped"] * 3
    group.start(2, cap, NOON)
    with pytest.raises(CostCapError):
        group.start(1, cap, NOON)
    group.stop(cap, NOON + timedelta(hours=6))
    with pytest.raises(CostCapError, match="make 3"):
        group.start(3, cap, NOON + timedelta(hours=6))
    assert len(group.start(2, cap, NOON + timedelta(hours=6))) == 2


def test_figures_go_to_cloudwatch_in_batches(ec2: Any) -> None:
    import boto3

    client = boto3.client("cloudwatch", region_name="us-east-1")
    figures = [Metric("arb_purchases", "h", float(n), {"state": f"s{n}"}) for n in range(501)]
    assert CloudWatch(client, "arb").put(figures, NOON) == 501
    kept = [one for page in client.get_paginator("list_metrics").paginate(Namespace="arb") for one in page["Metrics"]]
    assert len(kept) == 501
    assert kept[0]["Dimensions"][0]["Name"] == "state"


def test_a_refusal_of_cloudwatch_names_it(ec2: Any) -> None:
    import boto3

    client = boto3.client("cloudwatch", region_name="us-east-1")
    twice = [Metric("m", "h", float("nan"))]
    with pytest.raises(OSError, match="CloudWatch took no figures"):
        CloudWatch(client, "").put(twice, NOON)
