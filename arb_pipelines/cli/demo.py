"""`arb demo`: the whole trade over the sandbox world, under the real daemon and web page.

What belongs here: the order in which things start, and the loop that tells each cycle. Counting cycles is
`cli/cycles.py`.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import httpx
import typer
from rich.console import Console

from arb_pipelines.cli.cycles import Cycle, CycleWatch, render_cycles
from arb_pipelines.cli.desk import DEMO_USER, demo_password, start_desk
from arb_pipelines.cli.instance import (
    DagsterServers,
    child_environment,
    ctrl_c_ends,
    migrate,
    prepare_home,
    single_instance,
    start_dagster,
    wait_until,
)
from arb_pipelines.cli.processes import ProcessGroup, StartError, refuse_busy_port
from arb_pipelines.settings import Mode, Settings

POLL_S = 2.5  # a look costs the web server about 0.1 CPU seconds


def demo(
    cycles: Annotated[int, typer.Option(min=0, help="Stop after this many cycles; 0 goes on until Ctrl-C.")] = 0,
    exit_: Annotated[bool, typer.Option("--exit", help="End by itself after --cycles (3 if not given).")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON on stdout at the end.")] = False,
    shops: Annotated[int, typer.Option(min=1, max=500, help="Shops in the sandbox world.")] = 500,
    seed: Annotated[int, typer.Option(help="Seed of the world: the same seed, the same shops and prices.")] = 7,
    port: Annotated[int, typer.Option(help="Port of the Dagster page.")] = 3000,
    desk_port: Annotated[int, typer.Option(help="Port of the desk.")] = 8400,
    interval: Annotated[int, typer.Option(min=15, help="Seconds between two scrapes of a shop.")] = 90,
    home: Annotated[Path, typer.Option(help="Folder of the demo's stores and logs.")] = Path(".arb/demo"),
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget the stores of earlier demos first.")] = False,
) -> None:
    """Watch the whole trade: 500 loopback shops scraped, priced, bought from and sold on, with paper money.

    Examples:

      arb demo                             goes on until Ctrl-C, Dagster page on port 3000

      arb demo --cycles 3 --exit --json    three cycles, then the summary as JSON
    """
    console = Console(stderr=True)
    wanted = cycles or (3 if exit_ else 0)
    started = time.monotonic()
    try:
        with single_instance(home.absolute(), fresh):
            ports = Ports(port, desk_port)
            watch = run_demo(console, home.absolute(), shops, seed, ports, interval, wanted)
    except StartError as error:
        console.print(f"[bold red]demo:[/] {error}", highlight=False, soft_wrap=True)
        raise typer.Exit(1) from error
    summary = watch.summary(seconds=time.monotonic() - started)
    if as_json:
        sys.stdout.write(json.dumps(summary) + "\n")
    elif watch.finished:
        console.print(render_cycles(watch.finished))
    else:
        console.print("stopped before the first cycle ended; what was stored is kept for the next demo")


class Ports(NamedTuple):
    """Where the demo's two pages are."""

    dagster: int
    desk: int


def run_demo(
    console: Console, home: Path, shops: int, seed: int, ports: Ports, interval: int, wanted: int
) -> CycleWatch:
    """Start everything, follow `wanted` cycles (0: until Ctrl-C), stop everything; return what was seen."""
    refuse_busy_port(ports.dagster, "the Dagster page", "--port")
    refuse_busy_port(ports.desk, "the desk", "--desk-port")
    settings = Settings(home=home, mode=Mode.PAPER, sites_dir=home / "sites", database_url=None, raw_store_url=None)
    prepare_home(settings)
    with ProcessGroup(home / "logs", child_environment(settings, demo_settings(interval))) as group, ctrl_c_ends():
        with console.status("opening the books") as status:
            migrate(settings)
            status.update(f"starting {shops} sandbox shops and the selling channel")
            world = start_world(group, settings, shops, seed, interval)
            group.environment = {**group.environment, "ARB_SANDBOX_URL": world["channel_url"]}
            servers = start_dagster(group, settings, ports.dagster, status.update)
            status.update("starting the desk")
            desk_url = start_desk(group, ports.desk)
        if desk_url is not None:
            sign_in = f"name {DEMO_USER}, password {demo_password(settings)}"
            console.print(f"[bold green]Desk:[/] {desk_url} ({sign_in})", highlight=False, soft_wrap=True)
        console.print(
            f"[bold green]Dagster page:[/] {servers.url}   "
            f"sandbox: {world['channel_url']} ({shops} shops, {len(world['expected_failures'])} of them misbehave on "
            f"purpose)   logs: {home / 'logs'}",
            highlight=False,
            soft_wrap=True,
        )
        if settings.browser is None:
            console.print(
                "[yellow]no Chromium found:[/] the shops that need a browser will fail (browser_missing), the others "
                "work; Debian: apt-get install chromium, or set ARB_BROWSER_PATH",
                highlight=False,
                soft_wrap=True,
            )
        return follow(console, settings, group, servers, wanted)


def demo_settings(interval: int) -> dict[str, str]:
    """Return the settings that make the world's accelerated time visible within minutes."""
    return {
        "ARB_SCRAPE_INTERVAL_S": str(interval),
        "ARB_FOLLOW_INTERVAL_S": "5",
        "ARB_BOOKS_INTERVAL_S": "20",
        "ARB_LIMIT_DAY": "25000",  # a day of the world passes in 24 s
        "ARB_LIMIT_SITE_DAY": "2500",
        "ARB_START_SENSORS": "true",
        "ARB_ALLOW_LOOPBACK": "true",
        "ARB_USER_AGENT": "arb_pipelines-demo/0.1 (+http://127.0.0.1/)",
        "ARB_QUIET_PERIOD_S": "20",
    }


def start_world(group: ProcessGroup, settings: Settings, shops: int, seed: int, interval: int) -> dict[str, Any]:
    """Start the sandbox world and return what its ready file says.

    The port stays the same from demo to demo, so that offers and orders of an earlier one are found again.
    """
    ready, kept_port = settings.home / "world.json", settings.home / "world.port"
    ready.unlink(missing_ok=True)
    port = kept_port.read_text().strip() if kept_port.exists() else "0"
    command = [sys.executable, "-m", "arb_pipelines.sandbox.server", "--port", port]
    command += ["--shops", str(shops), "--seed", str(seed), "--speed", str(settings.sandbox_speed)]
    command += ["--state-dir", str(settings.home / "world"), "--sites-dir", str(settings.sites_dir)]
    command += ["--ready-file", str(ready), "--interval-s", str(interval)]
    group.start("sandbox", command)
    wait_until(ready.exists, group, "the sandbox world")
    world: dict[str, Any] = json.loads(ready.read_text())
    kept_port.write_text(str(world["port"]))
    return world


def follow(
    console: Console, settings: Settings, group: ProcessGroup, servers: DagsterServers, wanted: int
) -> CycleWatch:
    """Print each cycle as it ends, until `wanted` cycles or Ctrl-C; an unanswered look is tried again."""
    from arb_pipelines.adapters.sql.books import open_books

    books = open_books(settings.books_url, mode=settings.mode.value)
    watch = CycleWatch(books)
    try:
        with console.status("waiting for the first tick of the sensor") as status:
            while not wanted or len(watch.finished) < wanted:
                group.refuse_dead()
                try:
                    watch.look(servers.fetch_runs())
                except httpx.HTTPError:
                    status.update("the Dagster page is slow to answer; trying again")
                for cycle in watch.take_news():
                    print_cycle(console, cycle)
                status.update(watch.progress())
                time.sleep(POLL_S)
    except KeyboardInterrupt:
        console.print("stopping ...")
    finally:
        books.close()
    return watch


def print_cycle(console: Console, cycle: Cycle) -> None:
    """Print one finished cycle as a line."""
    console.print(
        f"[bold]cycle {cycle.number}[/]  sites {cycle.sites_scraped} ok / {cycle.sites_failed} failed   "
        f"offers {cycle.offers}   opportunities {cycle.opportunities}   purchases {cycle.purchases}   "
        f"listings {cycle.listings}   sales {cycle.sales}   profit {cycle.profit}   ({cycle.seconds:.0f} s)",
        highlight=False,
        soft_wrap=True,
    )
