"""The order desk of the shops, over HTTP."""

from __future__ import annotations

import httpx
import pytest

from arb_pipelines.sandbox.running import WorldServer
from arb_pipelines_tests.fakes.clock import SettableClock
from arb_pipelines_tests.sandbox.conftest import Customer


def test_the_same_order_sent_twice_is_bought_twice(customer: Customer) -> None:
    offer = customer.in_stock(units=2)
    first, second = customer.buy(offer), customer.buy(offer)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["order_id"] != second.json()["order_id"]
    assert len(customer.orders(offer, reference="r-1")) == 2


def test_a_purchase_takes_stock_until_none_is_left(customer: Customer) -> None:
    offer = customer.in_stock()
    for _ in range(offer["available"]):
        assert customer.buy(offer).status_code == 201
    refused = customer.buy(offer)
    assert (refused.status_code, refused.json()["code"]) == (409, "OUT_OF_STOCK")
    assert customer.quote(offer).json()["available"] == 0
    assert len(customer.orders(offer, reference="r-1")) == offer["available"]


def test_an_order_costs_what_was_quoted(customer: Customer) -> None:
    offer = customer.in_stock(units=2)
    quote, order = customer.quote(offer).json(), customer.buy(offer, quantity=2).json()
    assert quote["total_minor"] == offer["price_minor"] + offer["shipping_minor"]
    assert order["total_minor"] == 2 * offer["price_minor"] + offer["shipping_minor"]
    assert order["item_minor"] == quote["item_minor"] == offer["price_minor"]
    assert order["status"] == "placed"


def test_a_total_above_the_ceiling_is_refused(customer: Customer) -> None:
    offer = customer.in_stock()
    total = customer.quote(offer).json()["total_minor"]
    refused = customer.buy(offer, max_total_minor=total - 1)
    assert (refused.status_code, refused.json()["code"]) == (409, "PRICE_CHANGED")
    assert customer.buy(offer, max_total_minor=total).status_code == 201


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"quantity": 4}, 409, "LIMIT_EXCEEDED"),
        ({"sku": "S999-9999"}, 409, "UNKNOWN_SKU"),
        ({"quantity": 0}, 400, "BAD_REQUEST"),
        ({"quantity": True}, 400, "BAD_REQUEST"),
        ({"quantity": "1"}, 400, "BAD_REQUEST"),
        ({"max_total_minor": 10.5}, 400, "BAD_REQUEST"),
        ({"reference": ""}, 400, "BAD_REQUEST"),
    ],
)
def test_a_bad_order_buys_nothing(customer: Customer, change: dict, status: int, code: str) -> None:
    offer = customer.in_stock()
    refused = customer.buy(offer, **change)
    assert (refused.status_code, refused.json()["code"]) == (status, code)
    assert customer.orders(offer, reference="r-1") == []


def test_an_article_of_another_shop_is_unknown(customer: Customer) -> None:
    offer = customer.in_stock()
    elsewhere = next(o for o in customer.offers() if o["shop"] != offer["shop"])
    assert customer.buy({**elsewhere, "sku": offer["sku"]}).json()["code"] == "UNKNOWN_SKU"


def test_orders_are_shipped_and_delivered_in_world_time(customer: Customer, clock: SettableClock) -> None:
    offer = customer.in_stock()
    customer.buy(offer)
    clock.advance(seconds=7)
    assert customer.orders(offer, reference="r-1")[0]["status"] == "shipped"
    clock.advance(seconds=13)
    order = customer.orders(offer, reference="r-1")[0]
    assert order["status"] == "delivered"
    assert order["placed_at"] < order["shipped_at"] < order["delivered_at"] == "2026-03-01T12:00:20.000Z"


def test_order_history_since_a_moment(customer: Customer, clock: SettableClock) -> None:
    offer = customer.in_stock(units=2)
    customer.buy(offer, reference="early")
    clock.advance(seconds=60)
    customer.buy(offer, reference="late")
    assert [o["reference"] for o in customer.orders(offer, since="2026-03-01T12:00:30Z")] == ["late"]
    assert [o["reference"] for o in customer.orders(offer, since="2026-03-01T12:00:00Z")] == ["early", "late"]


def test_without_the_token_nothing_is_told(server: WorldServer, web: httpx.Client) -> None:
    answer = web.get(f"{server.shop_urls['shop-001']}/api/orders?reference=r-1")
    assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHORIZED")
