"""A group of EC2 machines that crawl: started and stopped together, never above a cost a day.

What belongs here: the machines with the tag `arb-workers` = the group's name. They are made by the operator (launch
template, image, role) and only started and stopped here; nothing is created and nothing terminated.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

TAG = "arb-workers"
STARTED_AT = "arb-started-at"  # a tag of ours: EC2 tells the last start alone, and forgets it at a stop
SPENT_TODAY = "arb-spent"  # `<day> <cost>`: what the machine cost on a day, added at each stop
PRESENT = ["pending", "running", "stopping", "stopped"]


class CostCapError(RuntimeError):
    """Starting would pass the cap, or its cost cannot be known."""


@dataclass(frozen=True, slots=True)
class Worker:
    """One machine: its id, EC2's word for its state, and since when it runs (None: it does not)."""

    instance_id: str
    state: str
    started_at: datetime | None
    spent: Decimal

    @property
    def is_up(self) -> bool:
        """Whether it costs money."""
        return self.state in ("pending", "running")


@dataclass(frozen=True, slots=True)
class CostCap:
    """What one machine costs an hour and the most that the group may cost on a day (UTC)."""

    hour_cost: Decimal
    day_cost: Decimal


class WorkerGroup:
    """The machines of one group."""

    def __init__(self, client: Any, name: str) -> None:
        """Use a boto3 client."""
        self._client = client
        self._name = name

    def load(self, now: datetime) -> list[Worker]:
        """Return the machines of the group, by id, with what each has cost so far today as far as tags tell."""
        filters = [{"Name": f"tag:{TAG}", "Values": [self._name]}, {"Name": "instance-state-name", "Values": PRESENT}]
        pages = self._client.get_paginator("describe_instances").paginate(Filters=filters)
        found = [item for page in pages for group in page["Reservations"] for item in group["Instances"]]
        return sorted((_worker(item, now) for item in found), key=lambda worker: worker.instance_id)

    def start(self, count: int, cap: CostCap, now: datetime) -> list[Worker]:
        """Start up to `count` more machines and return those started; none when the day's cap would be passed.

        A machine is counted until the end of the day (UTC), because nobody promises to stop it before.

        Raises:
            CostCapError: the day would cost more than the cap.
        """
        workers = self.load(now)
        idle = [worker for worker in workers if worker.state == "stopped"][:count]
        up = sum(worker.is_up for worker in workers)
        hours_left = Decimal((_day_end(now) - now).total_seconds()) / 3600
        day_cost = cost_today(workers, cap, now) + (up + len(idle)) * hours_left * cap.hour_cost
        if day_cost > cap.day_cost:
            raise CostCapError(
                f"{up + len(idle)} machines until midnight UTC make {day_cost:.2f} today and the cap is "
                f"{cap.day_cost}: start fewer, stop some, or raise ARB_WORKERS_DAY_COST"
            )
        if idle:
            ids = [worker.instance_id for worker in idle]
            self._client.create_tags(Resources=ids, Tags=[{"Key": STARTED_AT, "Value": now.isoformat()}])
            self._client.start_instances(InstanceIds=ids)
        return idle

    def stop(self, cap: CostCap | None, now: datetime) -> list[Worker]:
        """Stop every running machine, write down what today cost, and return those stopped."""
        up = [worker for worker in self.load(now) if worker.is_up]
        for worker in up:
            cost = worker.spent + (_cost_of_run(worker, cap.hour_cost, now) if cap else Decimal(0))
            note = {"Key": SPENT_TODAY, "Value": f"{now:%Y-%m-%d} {cost:.4f}"}
            self._client.create_tags(Resources=[worker.instance_id], Tags=[note])
        if up:
            self._client.stop_instances(InstanceIds=[worker.instance_id for worker in up])
        return up


def cost_today(workers: list[Worker], cap: CostCap, now: datetime) -> Decimal:
    """Return what the group has cost since midnight UTC."""
    return sum((worker.spent + _cost_of_run(worker, cap.hour_cost, now) for worker in workers), Decimal(0))


def open_workers(group: str, region: str | None) -> WorkerGroup:
    """Return the group in one region."""
    import boto3
    from botocore.config import Config

    limits = Config(connect_timeout=5, read_timeout=20, retries={"mode": "standard", "max_attempts": 3})
    return WorkerGroup(boto3.client("ec2", region_name=region, config=limits), group)


def _worker(item: Mapping[str, Any], now: datetime) -> Worker:
    tags = {tag["Key"]: tag["Value"] for tag in item.get("Tags", ())}
    state = str(item["State"]["Name"])
    day, _, spent = tags.get(SPENT_TODAY, "").partition(" ")
    is_up = state in ("pending", "running")
    started = datetime.fromisoformat(tags[STARTED_AT]) if STARTED_AT in tags else item.get("LaunchTime")
    of_today = Decimal(spent) if day == f"{now:%Y-%m-%d}" and spent else Decimal(0)
    return Worker(str(item["InstanceId"]), state, started if is_up else None, of_today)


def _cost_of_run(worker: Worker, hour_cost: Decimal, now: datetime) -> Decimal:
    if worker.started_at is None:
        return Decimal(0)
    since = max(worker.started_at, _day_end(now) - timedelta(days=1))
    return max(Decimal(0), Decimal((now - since).total_seconds()) / 3600 * hour_cost)


def _day_end(now: datetime) -> datetime:
    return now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
