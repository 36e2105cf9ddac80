"""`arb workers`: a group of EC2 machines that crawl, under a cost cap.

What belongs here: what the commands print and refuse.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from arb_pipelines.cli.keeping import Json, refused
from arb_pipelines.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from arb_pipelines.adapters.aws.workers import CostCap, Worker, WorkerGroup

app = typer.Typer(help="Start and stop the EC2 machines of a group, never above a cost a day.", no_args_is_help=True)


@app.command()
def start(
    count: Annotated[int, typer.Option(min=1, max=100, help="How many more machines.")] = 1, as_json: Json = False
) -> None:
    """Start stopped machines of the group; refused when the day would cost more than ARB_WORKERS_DAY_COST.

    Example:

      ARB_WORKER_GROUP=crawl ARB_WORKER_HOUR_COST=0.10 ARB_WORKERS_DAY_COST=5 arb workers start --count 2
    """
    cap = cost_cap(Settings())
    if cap is None:
        raise refused("workers", "set ARB_WORKER_HOUR_COST and ARB_WORKERS_DAY_COST: without a cap nothing is started")
    show_workers("started", as_json, lambda group, now: group.start(count, cap, now))


@app.command()
def stop(as_json: Json = False) -> None:
    """Stop every running machine of the group.

    Example:

      arb workers stop
    """
    show_workers("stopped", as_json, lambda group, now: group.stop(cost_cap(Settings()), now))


@app.command()
def status(as_json: Json = False) -> None:
    """Show the machines of the group and what they cost today.

    Example:

      arb workers status --json
    """
    show_workers("machines", as_json, lambda group, now: group.load(now))


def cost_cap(settings: Settings) -> CostCap | None:
    """Return the cap; None while either cost is not set."""
    from arb_pipelines.adapters.aws.workers import CostCap

    if settings.worker_hour_cost is None or settings.workers_day_cost is None:
        return None
    return CostCap(settings.worker_hour_cost, settings.workers_day_cost)


def show_workers(what: str, as_json: bool, act: Callable[[WorkerGroup, datetime], Sequence[Worker]]) -> None:
    """Act on the group and print the machines and the cost of today."""
    from botocore.exceptions import BotoCoreError, ClientError

    from arb_pipelines.adapters.aws.workers import CostCapError, cost_today, open_workers

    settings, now = Settings(), datetime.now(UTC)
    if not settings.worker_group:
        raise refused("workers", "set ARB_WORKER_GROUP to the value of the machines' tag arb-workers")
    try:
        group = open_workers(settings.worker_group, settings.aws_region)
        found = act(group, now)
        cap = cost_cap(settings)
        cost = cost_today(group.load(now), cap, now) if cap else None
    except CostCapError as error:
        raise refused("workers", str(error)) from error
    except (BotoCoreError, ClientError) as error:
        raise refused("workers", f"AWS: {error}") from error
    told = None if cost is None else f"{cost:.2f}"
    if as_json:
        machines = [{"id": worker.instance_id, "state": worker.state} for worker in found]
        typer.echo(json.dumps({what: machines, "cost_today": told}))
        return
    for worker in found:
        typer.echo(f"{worker.instance_id}  {worker.state}  {worker.started_at or ''}")
    typer.echo(f"{len(found)} {what}; today's cost so far: {told or 'not known (ARB_WORKER_HOUR_COST is not set)'}")
