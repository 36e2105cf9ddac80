"""`arb dev`: the Dagster page and daemon over the user's own sites and settings."""

from __future__ import annotations

import time
from typing import Annotated

import typer
from rich.console import Console

from arb_pipelines.cli.desk import start_desk
from arb_pipelines.cli.instance import (
    child_environment,
    ctrl_c_ends,
    migrate,
    prepare_home,
    single_instance,
    start_dagster,
)
from arb_pipelines.cli.processes import ProcessGroup, StartError, refuse_busy_port
from arb_pipelines.settings import Settings


def dev(
    port: Annotated[int, typer.Option(help="Port of the Dagster page.")] = 3000,
    desk_port: Annotated[int | None, typer.Option(help="Port of the desk (default: ARB_API_PORT).")] = None,
) -> None:
    """Start the Dagster page, the daemon and the desk on this machine; sensors are off until you switch them on.

    The Dagster page has no login and can start runs, so it listens on this machine alone. Add yourself to the desk
    with `arb user add`.

    Example:

      ARB_SITES_DIR=sites arb dev --port 3001
    """
    console, settings = Console(stderr=True), Settings()
    try:
        with single_instance(settings.home):
            refuse_busy_port(port, "the Dagster page", "--port")
            refuse_busy_port(desk_port or settings.api_port, "the desk", "--desk-port")
            prepare_home(settings)
            migrate(settings)
            with ProcessGroup(settings.home / "logs", child_environment(settings, {})) as group, ctrl_c_ends():
                with console.status("starting") as status:
                    servers = start_dagster(group, settings, port, status.update)
                    desk_url = start_desk(group, desk_port or settings.api_port)
                console.print(
                    f"[bold green]Dagster page:[/] {servers.url}   "
                    f"desk: {desk_url or 'not installed (arb-pipelines[api])'}   logs: {group.log_dir}",
                    highlight=False,
                    soft_wrap=True,
                )
                while True:
                    group.refuse_dead()
                    time.sleep(1)
    except StartError as error:
        console.print(f"[bold red]dev:[/] {error}", highlight=False, soft_wrap=True)
        raise typer.Exit(1) from error
    except KeyboardInterrupt:
        console.print("stopped")
