"""Ordering: sent once, and unknown unless the shop says plainly what happened."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from arb_pipelines.adapters.marketplaces.sandbox.buyer import SandboxBuyers
from arb_pipelines.domain.ports import Buyer
from arb_pipelines.domain.purchase import OrderRefused, OutcomeUnknownError, PlacedOrder
from arb_pipelines_tests.adapters.marketplaces.sandbox.test_parse import ORDER
from arb_pipelines_tests.contracts.trade_records import approval, opportunity, purchase
from arb_pipelines_tests.fakes.clock import START

PURCHASE = purchase(approval(opportunity()), purchase_id="pu-1")


def buyer_at(answer: httpx.Response | Exception, sent: list[httpx.Request]) -> Buyer:
    """Return the account at a shop that always answers so."""

    def respond(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        if isinstance(answer, Exception):
            raise answer
        return answer

    buyers = SandboxBuyers({"shop-1": "http://shop.example/"}, "token", transport=httpx.MockTransport(respond))
    buyer = buyers.buyer_for("shop-1")
    assert buyer is not None
    return buyer


def test_an_order_carries_reference_and_ceiling() -> None:
    """The shop itself refuses a dearer one."""
    sent: list[httpx.Request] = []
    assert isinstance(buyer_at(httpx.Response(201, json=ORDER), sent).place(PURCHASE), PlacedOrder)
    (request,) = sent
    assert str(request.url) == "http://shop.example/api/orders"
    assert request.headers["Authorization"] == "Bearer token"
    assert json.loads(request.content) == {
        "sku": "S1", "quantity": 1, "max_total_minor": 2_500, "reference": "pu-1"
    }  # fmt: skip


def test_a_plain_refusal_is_returned() -> None:
    """With the shop's own code."""
    answer = httpx.Response(409, json={"code": "PRICE_CHANGED", "detail": "now 30.00"})
    assert buyer_at(answer, []).place(PURCHASE) == OrderRefused("price_changed", "now 30.00")


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(500),
        httpx.Response(429),
        httpx.Response(302, headers={"Location": "/login"}),
        httpx.Response(200, text="<html>thank you</html>"),
        httpx.Response(201, text='{"order_id": "trunc'),
        httpx.Response(201, json={**ORDER, "total_minor": None}),
        httpx.Response(201, json={**ORDER, "reference": "pu-2"}),
        httpx.Response(201, json=[]),
        httpx.Response(409, json={"code": "WHATEVER"}),
        httpx.Response(409, text="conflict"),
        httpx.ReadTimeout("slow"),
        httpx.RemoteProtocolError("closed"),
    ],
)
def test_everything_else_is_unknown_and_not_sent_again(answer: httpx.Response | Exception) -> None:
    """Whatever the shop meant by it."""
    sent: list[httpx.Request] = []
    with pytest.raises(OutcomeUnknownError):
        buyer_at(answer, sent).place(PURCHASE)
    assert len(sent) == 1


@pytest.mark.parametrize("body", [{}, {"orders": None}, {"orders": [{}]}, {"orders": ["x"]}, []])
def test_a_history_that_cannot_be_read_is_an_error(body: Any) -> None:
    """Never an empty list: that would read as "not placed"."""
    with pytest.raises(ValueError):
        buyer_at(httpx.Response(200, json=body), []).fetch_orders(START)


def test_a_history_is_asked_from_a_time_on() -> None:
    """In UTC; what is below the millisecond is cut, so that nothing is missed."""
    sent: list[httpx.Request] = []
    assert len(buyer_at(httpx.Response(200, json={"orders": [ORDER]}), sent).fetch_orders(START)) == 1
    assert sent[0].url.params["since"] == "2026-01-05T09:00:00.123Z"
