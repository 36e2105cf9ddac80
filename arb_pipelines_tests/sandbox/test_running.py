"""Restarting a sandbox: the same books, the same world, and refusals to start."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from arb_pipelines.sandbox.addresses import PortTakenError
from arb_pipelines.sandbox.running import WorldServer, run_world_in_thread, running_world
from arb_pipelines.sandbox.state_store import OtherWorldError, StateInUseError
from arb_pipelines_tests.fakes.clock import SettableClock
from arb_pipelines_tests.sandbox.conftest import Customer, Seller


def test_books_and_world_time_continue_after_a_restart(tmp_path: Path, clock: SettableClock, web: httpx.Client) -> None:
    options: dict[str, Any] = {"shops": 20, "state_dir": tmp_path, "clock": clock.now}
    with run_world_in_thread(**options) as server:
        customer, seller = Customer(server, web), Seller(server, web)
        bought = customer.in_stock(units=2)
        customer.buy(bought)
        product = server.world.products[0]
        offer_id = seller.list_item("A-1", product, f"{product.base_usd * 0.8:.2f}", quantity=2)
        before = seller.advance(24 * 30)
        orders, left = seller.orders(), customer.quote(bought).json()["available"]
    clock.advance(days=3)  # the world sleeps while no server runs
    with run_world_in_thread(**options) as server:
        customer, again = Customer(server, web), Seller(server, web)
        assert again.advance(0) == before
        assert again.orders() == _moved(orders, server)
        assert customer.quote(bought).json()["available"] == left
        assert [o["status"] for o in customer.orders(bought, reference="r-1")] == ["delivered"]
        assert again.call("GET", f"/sell/inventory/v1/offer/{offer_id}").json()["listing"]["soldQuantity"] == 2


def _moved(orders: list[dict[str, Any]], server: WorldServer) -> list[dict[str, Any]]:
    """Orders carry no address of the server until they are shipped, so nothing moves with its port."""
    assert all(server.channel_url not in str(order) for order in orders)
    return orders


def test_a_purchase_is_on_disk_when_it_is_answered(
    tmp_path: Path, start: Callable[..., WorldServer], web: httpx.Client
) -> None:
    import sqlite3

    customer = Customer(start(shops=20, state_dir=tmp_path), web)
    order = customer.buy(customer.in_stock()).json()
    reader = sqlite3.connect(f"file:{tmp_path / 'sandbox.sqlite3'}?mode=ro", uri=True)
    assert reader.execute("SELECT total_minor FROM shop_orders").fetchall() == [(order["total_minor"],)]
    reader.close()


def test_the_state_of_another_world_is_not_touched(tmp_path: Path) -> None:
    with run_world_in_thread(shops=20, state_dir=tmp_path):
        pass
    with pytest.raises(OtherWorldError, match="--state-dir"), run_world_in_thread(shops=21, state_dir=tmp_path):
        pass


def test_two_sandboxes_do_not_share_a_state_folder(tmp_path: Path, start: Callable[..., WorldServer]) -> None:
    start(shops=2, state_dir=tmp_path)
    with pytest.raises(StateInUseError, match="--state-dir"), run_world_in_thread(shops=2, state_dir=tmp_path):
        pass


def test_a_taken_port_is_refused_with_a_way_out(start: Callable[..., WorldServer]) -> None:
    port = start(shops=2).port
    with pytest.raises(PortTakenError, match=f":{port} .*--port"), run_world_in_thread(shops=2, port=port):
        pass


def test_one_port_a_shop_where_there_is_one_address(start: Callable[..., WorldServer], web: httpx.Client) -> None:
    server = start(shops=5, one_host=True)
    ports = [url.rpartition(":")[2] for url in server.shop_urls.values()]
    assert ports == [str(server.port + number) for number in range(1, 6)]
    texts = {web.get(f"{url}/").text for url in server.shop_urls.values()}
    assert len(texts) == 5


def test_a_world_in_the_callers_own_loop() -> None:
    import asyncio

    async def visit() -> int:
        async with running_world(shops=2) as server, httpx.AsyncClient(trust_env=False) as web:
            return (await web.get(f"{server.shop_urls['shop-002']}/products")).status_code

    assert asyncio.run(visit()) == 200


@pytest.mark.parametrize("hours", [-1, "x", None, 10**6, True])
def test_time_jumps_are_checked(server: WorldServer, web: httpx.Client, hours: object) -> None:
    answer = web.post(f"{server.channel_url}/sandbox/advance", json={"hours": hours})
    assert answer.status_code == 400
