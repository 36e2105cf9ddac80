"""Planted faults: what is done although the answer never comes, and what is not."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from arb_pipelines.sandbox.running import WorldServer
from arb_pipelines_tests.sandbox.conftest import Customer, Seller


@pytest.fixture
def plant(server: WorldServer, web: httpx.Client) -> Any:
    def plant(**fault: Any) -> httpx.Response:
        return web.post(f"{server.channel_url}/sandbox/faults", json={"times": 1, **fault})

    return plant


@pytest.mark.parametrize(("kind", "done"), [("drop", False), ("drop_after_commit", True)])
def test_a_dropped_connection(customer: Customer, plant: Any, kind: str, done: bool) -> None:
    offer = customer.in_stock()
    plant(target=offer["shop"], kind=kind)
    with pytest.raises(httpx.RemoteProtocolError):
        customer.buy(offer)
    assert len(customer.orders(offer, reference="r-1")) == done


@pytest.mark.parametrize(("kind", "done"), [("500", False), ("500_after_commit", True)])
def test_an_error_status(customer: Customer, plant: Any, kind: str, done: bool) -> None:
    offer = customer.in_stock()
    plant(target=offer["shop"], kind=kind)
    assert customer.buy(offer).status_code == 500
    assert len(customer.orders(offer, reference="r-1")) == done


def test_done_and_never_answered(customer: Customer, plant: Any, server: WorldServer) -> None:
    offer = customer.in_stock()
    plant(target=offer["shop"], kind="timeout_after_commit")
    with httpx.Client(trust_env=False, timeout=0.3) as impatient, pytest.raises(httpx.ReadTimeout):
        Customer(server, impatient).buy(offer)
    assert len(customer.orders(offer, reference="r-1")) == 1


def test_a_planned_refusal_is_structured_and_used_up(customer: Customer, plant: Any) -> None:
    offer = customer.in_stock()
    plant(target=offer["shop"], kind="refuse")
    assert customer.buy(offer).json()["code"] == "OUT_OF_STOCK"
    assert customer.buy(offer).status_code == 201


def test_slow_answers_come(customer: Customer, plant: Any) -> None:
    offer = customer.in_stock()
    plant(target=offer["shop"], kind="slow", delay_s=0.05)
    assert customer.buy(offer).elapsed.total_seconds() >= 0.05


def test_a_fault_meets_its_target_and_acting_requests_only(customer: Customer, plant: Any) -> None:
    offer = customer.in_stock()
    plant(target="shop-999", kind="500")
    plant(target=offer["shop"], kind="500")
    assert customer.quote(offer).status_code == 200
    assert customer.buy(offer).status_code == 500


def test_a_path_widens_a_fault_to_reading(customer: Customer, plant: Any, web: httpx.Client) -> None:
    offer = customer.in_stock()
    plant(target=offer["shop"], kind="500", path="/p/")
    assert web.get(offer["url"]).status_code == 500


def test_the_channel_refuses_in_its_own_form(seller: Seller, server: WorldServer, plant: Any) -> None:
    plant(target="channel", kind="refuse")
    refused = seller.put_item("A-1", server.world.products[0])
    assert (refused.status_code, refused.json()["errors"][0]["errorId"]) == (400, 25002)


@pytest.mark.parametrize(
    "fault", [{"kind": "500"}, {"target": "x", "kind": "no"}, {"target": "x", "kind": "500", "times": 0}]
)
def test_a_bad_fault_is_refused(plant: Any, fault: dict) -> None:
    assert plant(**fault).status_code == 400


def test_faults_can_be_listed_and_cleared(server: WorldServer, web: httpx.Client, plant: Any) -> None:
    plant(target="channel", kind="500", times=3)
    url = f"{server.channel_url}/sandbox/faults"
    assert web.get(url).json()["faults"][0]["times"] == 3
    assert web.delete(url).json() == {"faults": []}
