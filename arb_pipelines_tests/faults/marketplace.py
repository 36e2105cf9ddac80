"""The marketplace process: the sandbox's shops and selling channel behind a bad line, and the truth about both.

What belongs here: starting them, and telling what was really ordered and listed. Run as
`python -m arb_pipelines_tests.faults.marketplace SEED FAULT` (the fault that is met often, or `none`): it prints one
JSON line when it answers, and ends when its input is closed.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from arb_pipelines.sandbox.running import WorldServer, running_world
from arb_pipelines.sandbox.shop_orders import SANDBOX_BUYER_TOKEN
from arb_pipelines_tests.faults.wire import Fault, Wire

TOP = Path(__file__).resolve().parents[2]
SHOPS, PAGES_A_SHOP, FEWEST_UNITS = 8, 60, 4
WORLD = {"speed": 1.0, "delivery_h": 1e-6, "calm": True, "misbehaving_every": 1_000_000, "pages_a_shop": PAGES_A_SHOP}


def on_offer(server: WorldServer) -> list[dict[str, Any]]:
    """Return what the shops have several units of, with its total; one unit more would let a double order through."""
    world, found = server.world, []
    for shop in world.shops:
        for item in world.items_of(shop):
            shelf = world.shelf(item, world.now_h())
            if shelf.units >= FEWEST_UNITS and shop.currency == "USD":
                total = shelf.price_minor + shop.shipping_minor
                found.append({"site": shop.key, "sku": item.sku, "title": item.name, "total_minor": total})
    return found


async def tell_truth(server: WorldServer, wire: Wire) -> dict[str, Any]:
    """Return every order of every shop and every live listing, after all late requests have come in."""
    await wire.settle()
    orders = []
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {SANDBOX_BUYER_TOKEN}"}) as client:
        for key, url in server.shop_urls.items():
            answer = await client.get(f"{url}/api/orders", params={"since": "2000-01-01T00:00:00Z"})
            orders += [{**order, "site": key} for order in answer.json()["orders"]]
    live = server.admin._channel.offers.live_listings()
    listings = [{"title": one.item["product"]["title"], "quantity": one.quantity, "sku": one.sku} for one in live]
    return {"orders": orders, "listings": listings, "faults": dict(wire.met)}


async def serve(seed: int, often: Fault) -> None:
    """Serve until the input ends."""
    async with running_world(SHOPS, seed=seed, **WORLD) as server:
        wire = Wire({**server.shop_urls, "channel": server.channel_url}, seed, often)

        async def calm() -> dict[str, Any]:
            wire.calm = True
            return {}

        wire.own = {"/calm": calm, "/truth": lambda: tell_truth(server, wire)}
        listener = await asyncio.start_server(wire.serve, "127.0.0.1", 0)
        port = listener.sockets[0].getsockname()[1]
        print(json.dumps({"port": port, "offers": on_offer(server)}), flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
        listener.close()


class Marketplace:
    """A marketplace in a process of its own."""

    def __init__(self, seed: int, often: Fault = Fault.NONE) -> None:
        """Start it and wait until it answers."""
        command = [sys.executable, "-m", "arb_pipelines_tests.faults.marketplace", str(seed), often]
        self._process = subprocess.Popen(command, cwd=TOP, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        started = json.loads(self._process.stdout.readline())
        self.url = f"http://127.0.0.1:{started['port']}"
        self.offers: list[dict[str, Any]] = started["offers"]

    def calm(self) -> None:
        """End all faults: from now on the line is good."""
        httpx.get(f"{self.url}/calm").raise_for_status()

    def truth(self) -> dict[str, Any]:
        """Return what was really ordered and listed (see `tell_truth`)."""
        truth: dict[str, Any] = httpx.get(f"{self.url}/truth", timeout=30).json()
        return truth

    def __enter__(self) -> Self:
        """Use as a context."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """End the process by closing its input."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(timeout=20)
        self._process.stdout.close()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), Fault(sys.argv[2])))
