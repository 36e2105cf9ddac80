"""The connection: tokens, who we say we are, limits from the published plans, how Amazon says no."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from arb_pipelines.adapters.http.answers import Answer, NotSentError
from arb_pipelines.adapters.http.buckets import UsagePlan
from arb_pipelines.adapters.marketplaces.amazon.client import MARKETPLACES, accepted, connect_amazon, refusal_of
from arb_pipelines.adapters.marketplaces.amazon.plans import PLANS
from arb_pipelines.domain.outlet import OutletRefusedError
from arb_pipelines_tests.adapters.marketplaces.amazon.account import (
    ACCOUNT,
    NOW,
    SECRETS,
    an_amazon_order,
    open_amazon,
)
from arb_pipelines_tests.contracts.vendor_faults import Status
from arb_pipelines_tests.contracts.vendor_operations import named, operations
from arb_pipelines_tests.contracts.vendor_transport import ContractTransport

FILES = {"getOrder": "orders_2026-01-01.json"}
PLAN = re.compile(r"\|\s*(?:Default\s*\|)?\s*([\d.]+)\s*\|\s*(\d+)\s*\|")


def test_the_token_is_fetched_once_and_again_before_it_expires() -> None:
    amazon = open_amazon()
    amazon.vendor.reply("searchOrders", {"orders": []})
    amazon.seller.fetch_orders(NOW)
    amazon.seller.fetch_orders(NOW)
    amazon.clock.advance(3_600 - 59)
    amazon.seller.fetch_orders(NOW)
    assert amazon.vendor.operations == {"oauthToken": 2, "searchOrders": 3}
    token, first = amazon.vendor.exchanges[:2]
    assert str(token.request.url) == "https://api.amazon.com/auth/o2/token"
    assert (token.body["grant_type"], token.body["client_id"]) == ("refresh_token", ACCOUNT.client_id)
    assert "authorization" not in token.request.headers
    assert first.request.headers["x-amz-access-token"] == "contract-access-token"
    assert "automated-agent" in first.request.headers["user-agent"]


@pytest.mark.parametrize("status", [401, 403])
def test_a_token_that_is_refused_is_fetched_again_once(status: int) -> None:
    amazon = open_amazon()
    expired = {"errors": [{"code": "Unauthorized", "message": "The access token you provided has expired."}]}
    amazon.vendor.reply_next("searchOrders", expired, status=status)
    amazon.vendor.reply("searchOrders", {"orders": [an_amazon_order()]})
    assert len(amazon.seller.fetch_orders(NOW)) == 1
    assert amazon.vendor.operations == {"oauthToken": 2, "searchOrders": 2}


def test_credentials_that_are_refused_are_said_so_without_being_named() -> None:
    amazon = open_amazon()
    amazon.vendor.reply("oauthToken", {"error": "invalid_grant"}, status=400, loose=True)
    with pytest.raises(PermissionError, match="invalid_grant") as refused:
        amazon.seller.fetch_orders(NOW)
    told = f"{refused.value} {ACCOUNT!r} {amazon.connection!r}"
    assert not any(secret in told for secret in SECRETS)


def test_the_plans_are_those_of_the_models() -> None:
    ContractTransport("amazon-sp-api")  # skips where there are no models
    for name, plan in PLANS.items():
        described = named("amazon-sp-api", name, FILES.get(name))
        rate, burst = PLAN.findall(described.description)[0]
        assert plan == UsagePlan(float(rate), int(burst)), name
        assert not described.deprecated


def test_no_deprecated_operation_has_a_plan() -> None:
    ContractTransport("amazon-sp-api")
    old = {each.name for each in operations("amazon-sp-api") if each.file == "ordersV0.json" and each.deprecated}
    assert {"getOrders", "getOrderItems", "getOrder"} <= old
    assert old & PLANS.keys() <= {"getOrder"}  # the interface of 2026 has one of that name


def test_an_account_that_has_used_its_orders_is_told_to_wait() -> None:
    amazon = open_amazon()
    amazon.vendor.reply("searchOrders", {"orders": []})
    for _ in range(20):
        amazon.seller.fetch_orders(NOW)
    with pytest.raises(NotSentError, match="rate limit"):
        amazon.seller.fetch_orders(NOW)
    assert amazon.vendor.operations["searchOrders"] == 20
    amazon.clock.advance(200)
    amazon.seller.fetch_orders(NOW)
    assert amazon.clock.slept == []


def test_the_rate_that_amazon_grants_replaces_the_published_one() -> None:
    amazon = open_amazon()
    amazon.vendor.fail_next(Status(429, retry_after_s=3, rate_a_s=0.5), operation="searchOrders")
    amazon.vendor.reply("searchOrders", {"orders": []})
    amazon.seller.fetch_orders(NOW)
    assert sum(amazon.clock.slept) >= 3
    for _ in range(20):
        amazon.clock.advance(2)
        amazon.seller.fetch_orders(NOW)


def test_each_store_is_served_by_its_region() -> None:
    for store in MARKETPLACES.values():
        vendor = ContractTransport("amazon-sp-api")
        vendor.reply("searchOrders", {"orders": []})
        account = replace(ACCOUNT, marketplace_id=store.marketplace_id)
        connection = connect_amazon(account, transport=vendor)
        connection.client.get(
            "searchOrders", "/orders/2026-01-01/orders", params={"createdAfter": "2026-01-01T00:00:00Z"}
        )
        assert vendor.exchanges[-1].request.url.host == f"sellingpartnerapi-{store.region}.amazon.com"
    with pytest.raises(ValueError, match="marketplace id"):
        connect_amazon(replace(ACCOUNT, marketplace_id="A0NOSUCH"))


@pytest.mark.parametrize(
    ("base_url", "token_host"),
    [
        (None, "api.amazon.com"),
        ("https://sandbox.sellingpartnerapi-na.amazon.com", "api.amazon.com"),
        ("http://127.0.0.1:8080", "127.0.0.1"),
    ],
)
def test_credentials_go_to_amazon_or_nowhere_but_this_machine(base_url: str | None, token_host: str) -> None:
    vendor = ContractTransport("amazon-sp-api")
    vendor.reply("searchOrders", {"orders": []})
    connection = connect_amazon(ACCOUNT, base_url, transport=vendor)
    connection.client.get("searchOrders", "/orders/2026-01-01/orders", params={"createdAfter": "2026-01-01T00:00:00Z"})
    token, asked = vendor.exchanges
    assert token.request.url.host == token_host
    assert str(asked.request.url).startswith(base_url or "https://sellingpartnerapi-na.amazon.com")


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (400, {"errors": [{"code": "InvalidInput", "message": "no"}]}, "outlet_invalidinput"),
        (400, [{"code": "BAD_REQUEST", "message": "no"}], "outlet_bad_request"),
        (404, None, "outlet_404"),
        (400, {"errors": [{"code": "<script>", "message": "no"}]}, "outlet_400"),
        (400, {"errors": ["no"]}, "outlet_400"),
        (200, {"errors": [{"code": "Quota", "message": "no"}], "payload": {}}, "outlet_quota"),
    ],
)
def test_a_refusal_carries_amazons_code(status: int, body: Any, code: str) -> None:
    answer = Answer(status, body)
    assert refusal_of(answer, "it").code == code
    with pytest.raises(OutletRefusedError):
        accepted(answer, "it")


def test_a_good_answer_without_an_object_is_not_accepted() -> None:
    for body in (None, 1, "text"):
        with pytest.raises(ValueError, match="without a JSON object"):
            accepted(Answer(200, body), "it")
    assert accepted(Answer(200, {"errors": []}), "it") == {"errors": []}
