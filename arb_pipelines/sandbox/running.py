"""A running sandbox: sockets bound, servers answering, time passing.

What belongs here: start and stop, for the command in `server.py` and for tests in their own process.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import threading
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from arb_pipelines.sandbox.addresses import Bound, bind_shops, has_loopback_range
from arb_pipelines.sandbox.admin import AdminDesk
from arb_pipelines.sandbox.assortment import MISBEHAVING_EVERY, Misbehaviour
from arb_pipelines.sandbox.channel.channel import Channel
from arb_pipelines.sandbox.channel.server import ChannelServer
from arb_pipelines.sandbox.faults import FaultPlan
from arb_pipelines.sandbox.listening import listening
from arb_pipelines.sandbox.pages.frame import BodySize
from arb_pipelines.sandbox.shop_orders import DEFAULT_DELIVERY_H, OrderDesk
from arb_pipelines.sandbox.shop_server import ShopServer
from arb_pipelines.sandbox.site_files import Declared, VisitPlan, write_sites
from arb_pipelines.sandbox.state_store import (
    check_same_world,
    load_anchors,
    load_setting,
    opened_state,
    save_anchor,
    save_setting,
)
from arb_pipelines.sandbox.timeline import Anchor, Clock, utc_now
from arb_pipelines.sandbox.world import DEFAULT_SPEED, World

TICK_S = 1.0  # how often the buyers of the passed hours come by themselves
_LAST_HOUR = "last hour"


@dataclass(frozen=True, slots=True)
class WorldOptions:
    """How a sandbox is to be; `port` 0 takes a free one, without `state_dir` nothing is kept.

    `calm`, `pages_a_shop` and `body_kb` are for load tests: see `World` and `frame.build_frame`.
    """

    shops: int = 500
    seed: int = 7
    speed: float = DEFAULT_SPEED
    port: int = 0
    state_dir: Path | None = None
    delivery_h: float = DEFAULT_DELIVERY_H
    misbehaving_every: int = MISBEHAVING_EVERY
    started_at: datetime | None = None
    clock: Clock = utc_now
    one_host: bool | None = None  # None finds out whether the system answers on all of 127.0.0.0/8
    calm: bool = False
    pages_a_shop: int | None = None
    body_kb: BodySize | None = None


@dataclass(frozen=True, slots=True)
class WorldServer:
    """A sandbox that answers; `admin` is for the thread of its event loop, others use its HTTP calls."""

    world: World
    admin: AdminDesk
    port: int
    channel_url: str
    shop_urls: Mapping[str, str]

    def write_sites(self, directory: Path, interval_s: int = 300, plan: VisitPlan | None = None) -> int:
        """Write the site declarations of all shops and return how many; a `plan` has its own interval."""
        hour = self.world.now_h()
        shops = {
            shop.key: Declared(shop, self.shop_urls[shop.key], self.world.items_of(shop), shop.shape_at(hour))
            for shop in self.world.shops
        }
        return write_sites(directory, shops, plan or VisitPlan(interval_s=interval_s))


@asynccontextmanager
async def running_world(shops: int = 20, **options: Any) -> AsyncIterator[WorldServer]:
    """Run a sandbox in the current event loop; `options` are further fields of `WorldOptions`.

    Raises:
        PortTakenError: the port is in use.
        OtherWorldError: the state directory belongs to another world.
        StateInUseError: another sandbox is running on it.
    """
    chosen = WorldOptions(shops=shops, **options)
    with opened_state(chosen.state_dir) as state:
        world = _open_world(chosen, state)
        one_host = not has_loopback_range() if chosen.one_host is None else chosen.one_host
        unbound = frozenset(shop.number for shop in world.shops if shop.misbehaviour is Misbehaviour.REFUSED)
        bound = bind_shops(chosen.shops, chosen.port, unbound, one_host=one_host)
        async with _serving(world, state, chosen, bound) as server:
            yield server
        save_setting(state, _LAST_HOUR, repr(world.now_h()))


@contextmanager
def run_world_in_thread(shops: int = 20, **options: Any) -> Iterator[WorldServer]:
    """Run a sandbox in a thread of its own, for callers without an event loop; options as `running_world`.

    Raises:
        PortTakenError: the port is in use.
        OtherWorldError: the state directory belongs to another world.
        StateInUseError: another sandbox is running on it.
    """
    started: Future[WorldServer] = Future()
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    async def serve() -> None:
        try:
            async with running_world(shops, **options) as server:
                started.set_result(server)
                await stop.wait()
        except Exception as error:
            if started.done():
                raise
            started.set_exception(error)

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), name="sandbox", daemon=True)
    thread.start()
    try:
        yield started.result()
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


def _open_world(options: WorldOptions, state: sqlite3.Connection) -> World:
    """Continue the stored world where it stopped, or begin one: the world sleeps while no server runs."""
    check_same_world(state, {"seed": str(options.seed), "shops": str(options.shops)})
    anchors = load_anchors(state)
    if anchors:
        hour = max(anchors[-1].hour, float(load_setting(state, _LAST_HOUR) or 0))
        anchor = Anchor(options.clock(), hour, options.speed)
    else:
        anchor = Anchor(options.started_at or options.clock(), 0.0, options.speed)
    save_anchor(state, anchor)
    return World(
        seed=options.seed,
        shops=options.shops,
        clock=options.clock,
        anchors=[*anchors, anchor],
        misbehaving_every=options.misbehaving_every,
        calm=options.calm,
        pages_a_shop=options.pages_a_shop,
    )


@asynccontextmanager
async def _serving(
    world: World, state: sqlite3.Connection, options: WorldOptions, bound: Sequence[Bound]
) -> AsyncIterator[WorldServer]:
    channel_endpoint, shop_endpoints = bound[0][0], [endpoint for endpoint, _ in bound[1:]]
    shops = dict(zip(shop_endpoints, world.shops, strict=True))
    shop_urls = {shop.key: endpoint.url for endpoint, shop in shops.items()}
    faults = FaultPlan()
    desk = OrderDesk(world, state, options.delivery_h)
    channel = Channel(world, state)
    admin = AdminDesk(channel, desk, faults, state, shop_urls)
    channel_server = ChannelServer(channel, admin.answer, faults, channel_endpoint.url)
    shop_server = ShopServer(world, desk, faults, shops, options.body_kb)
    handlers = [channel_server.answer] + [shop_server.answer] * len(shops)
    ticking = asyncio.create_task(_pass_time(world, channel, state))
    try:
        async with listening([(opened, answer) for (_, opened), answer in zip(bound, handlers, strict=True)]):
            yield WorldServer(world, admin, channel_endpoint.port, channel_endpoint.url, shop_urls)
    finally:
        ticking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await ticking


async def _pass_time(world: World, channel: Channel, state: sqlite3.Connection) -> None:
    """Let buyers come even if nobody asks, and note the hour in case the process is killed."""
    while True:
        # A full disk must not end the loop: requests that need to write are answered 500 meanwhile.
        with contextlib.suppress(sqlite3.OperationalError):
            channel.crowd.settle()
            save_setting(state, _LAST_HOUR, repr(world.now_h()))
        await asyncio.sleep(TICK_S)
