"""Reading orders: filters and pages."""

from __future__ import annotations

import pytest

from arb_pipelines.sandbox.running import WorldServer
from arb_pipelines_tests.sandbox.conftest import Seller

ORDER = "/sell/fulfillment/v1/order"


@pytest.fixture
def sold(server: WorldServer, seller: Seller) -> list[dict]:
    """Nine orders over some days."""
    for product in server.world.products[:3]:
        price = f"{server.world.market_value_usd(product, 0) * 0.9:.2f}"
        seller.list_item(f"A-{product.index}", product, price, quantity=3)
    seller.advance(24 * 30)
    orders = seller.orders()
    assert len(orders) == 9
    return orders


def test_pages_cover_all_orders_once(seller: Seller, sold: list[dict]) -> None:
    first = seller.call("GET", ORDER, limit=5).json()
    second = seller.call("GET", ORDER, limit=5, offset=5).json()
    assert [o["orderId"] for o in first["orders"] + second["orders"]] == [o["orderId"] for o in sold]
    assert (first["total"], "next" in first, "next" in second) == (9, True, False)


def test_filters_narrow(seller: Seller, sold: list[dict]) -> None:
    assert seller.orders(filter="creationdate:[2026-03-01T12:00:00Z..]") == sold
    assert seller.orders(filter="creationdate:[2026-03-01T12:00:01Z..]") == []
    assert seller.orders(filter="orderfulfillmentstatus:{FULFILLED|IN_PROGRESS}") == []
    both = "lastmodifieddate:[2026-03-01T12:00:00Z..],orderfulfillmentstatus:{NOT_STARTED|IN_PROGRESS}"
    assert seller.orders(filter=both) == sold


def test_orders_by_id(seller: Seller, sold: list[dict]) -> None:
    wanted = [sold[4]["orderId"], sold[1]["orderId"]]
    assert [o["orderId"] for o in seller.orders(orderIds=",".join(wanted))] == wanted
    assert seller.call("GET", f"{ORDER}/00-00000-00001").status_code == 404


@pytest.mark.parametrize(
    ("query", "error_id"),
    [
        ({"limit": 201}, 31100),
        ({"offset": "x"}, 31000),
        ({"filter": "colour:{RED}"}, 30700),
        ({"filter": "creationdate:[soon..]"}, 30810),
        ({"filter": "creationdate:[..2026-03-01T12:00:00Z]"}, 30820),
        ({"filter": "creationdate:[2026-03-02T12:00:00Z..2026-03-01T12:00:00Z]"}, 30840),
        ({"filter": "orderfulfillmentstatus:{SOON}"}, 30800),
    ],
)
def test_a_wrong_query_is_refused(seller: Seller, query: dict, error_id: int) -> None:
    refused = seller.call("GET", ORDER, **query)
    assert (refused.status_code, refused.json()["errors"][0]["errorId"]) == (400, error_id)
