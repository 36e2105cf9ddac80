"""The command that runs the sandbox: `python -m arb_pipelines.sandbox.server`.

What belongs here: its options, its ready-file and its stopping. All else is `running.py`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sqlite3
import sys
from collections.abc import Coroutine, Sequence
from pathlib import Path

from arb_pipelines.sandbox.addresses import MAX_SHOPS
from arb_pipelines.sandbox.assortment import MISBEHAVING_EVERY
from arb_pipelines.sandbox.pages.frame import BodySize
from arb_pipelines.sandbox.running import WorldServer, running_world
from arb_pipelines.sandbox.shop_orders import DEFAULT_DELIVERY_H
from arb_pipelines.sandbox.site_files import VisitPlan
from arb_pipelines.sandbox.world import DEFAULT_SPEED

MOST_PAGES_A_SHOP = 200
MOST_BODY_KB = 5_000


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the sandbox until SIGTERM or SIGINT; return the exit status."""
    options = _parser().parse_args(arguments)
    try:
        _run(_serve(options))
    except sqlite3.DatabaseError as error:
        print(f"sandbox: {error}: give another --state-dir, or remove that folder", file=sys.stderr)  # noqa: T201 - as below
        return 1
    except (OSError, ValueError) as error:  # a taken port, a state folder that is in use or another world's
        print(f"sandbox: {error}", file=sys.stderr)  # noqa: T201 - the command's one line to its user
        return 1
    return 0


def _run(work: Coroutine[None, None, None]) -> None:
    try:
        import uvloop
    except ImportError:
        asyncio.run(work)
    else:
        uvloop.run(work)


async def _serve(options: argparse.Namespace) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    world = running_world(
        shops=options.shops,
        seed=options.seed,
        speed=options.speed,
        port=options.port,
        state_dir=options.state_dir,
        delivery_h=options.delivery_hours,
        misbehaving_every=0 if options.bare else MISBEHAVING_EVERY,
        calm=options.bare,
        pages_a_shop=options.pages_a_shop,
        body_kb=options.body_kb,
    )
    async with world as server:
        if options.sites_dir is not None:
            server.write_sites(options.sites_dir, plan=_visit_plan(options))
        if options.ready_file is not None:
            write_ready_file(options.ready_file, server, options.sites_dir)
        await stop.wait()


def _visit_plan(options: argparse.Namespace) -> VisitPlan:
    if not options.bare:
        return VisitPlan(interval_s=options.interval_s)
    return VisitPlan(options.interval_s, pages_per_visit=options.pages_a_shop or 5, delay_s=0.0)


def write_ready_file(path: Path, server: WorldServer, sites_dir: Path | None) -> None:
    """Tell a waiting program that the sandbox answers; the file appears whole or not at all."""
    ready = {
        "port": server.port,
        "channel_url": server.channel_url,
        "shops": len(server.world.shops),
        "pages": sum(len(server.world.items_of(shop)) for shop in server.world.shops),
        "expected_failures": server.world.misbehaving(),
        "sites_dir": None if sites_dir is None else str(sites_dir),
        "pid": os.getpid(),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.part")
    temporary.write_text(json.dumps(ready, indent=1) + "\n", encoding="utf-8")
    temporary.replace(path)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m arb_pipelines.sandbox.server",
        description="A loopback world of shops and a selling channel to try the resale loop without accounts.",
    )
    parser.add_argument("--port", type=_port, default=0, help="port on all addresses (0: a free one)")
    parser.add_argument("--shops", type=_shops, default=500, help=f"number of shops, 1 to {MAX_SHOPS}")
    parser.add_argument("--seed", type=int, default=7, help="the same seed makes the same world")
    parser.add_argument("--speed", type=_positive, default=DEFAULT_SPEED, help="world seconds a real second")
    parser.add_argument("--delivery-hours", type=_positive, default=DEFAULT_DELIVERY_H, help="world hours to deliver")
    parser.add_argument("--state-dir", type=Path, help="folder of the books (none: kept in memory)")
    parser.add_argument("--sites-dir", type=Path, help="folder for one site declaration a shop")
    parser.add_argument("--interval-s", type=int, default=300, help="interval_s in the site declarations")
    parser.add_argument("--ready-file", type=Path, help="written when the sandbox answers")
    parser.add_argument(
        "--bare", action="store_true", help="for load tests: no failing, slow or browser shops, no delay between pages"
    )
    parser.add_argument("--pages-a-shop", type=_pages, help="product pages of every shop (default: 2 to 4)")
    parser.add_argument("--body-kb", type=_body_kb, metavar="LOW-HIGH", help="size of product pages, e.g. 60-150")
    return parser


def _pages(text: str) -> int:
    value = int(text)
    if not 1 <= value <= MOST_PAGES_A_SHOP:
        raise argparse.ArgumentTypeError(f"{text} is not a number from 1 to {MOST_PAGES_A_SHOP}")
    return value


def _body_kb(text: str) -> BodySize:
    low, _, high = text.partition("-")
    if not (low.isdecimal() and high.isdecimal() and 1 <= int(low) <= int(high) <= MOST_BODY_KB):
        raise argparse.ArgumentTypeError(f"{text} is not a range of kB up to {MOST_BODY_KB}, such as 60-150")
    return int(low), int(high)


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not a number above 0")
    return value


def _port(text: str) -> int:
    value = int(text)
    if not 0 <= value <= 65_535:
        raise argparse.ArgumentTypeError(f"{text} is not a port from 0 to 65535")
    return value


def _shops(text: str) -> int:
    value = int(text)
    if not 1 <= value <= MAX_SHOPS:
        raise argparse.ArgumentTypeError(f"{text} is not a number from 1 to {MAX_SHOPS}")
    return value


if __name__ == "__main__":
    sys.exit(main())
