"""The short way answers exactly what the framework would: for plain requests, odd ones and those that are refused."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends, Request, Response
from fastapi.routing import APIRoute

from arb_pipelines.api.access import require
from arb_pipelines.api.routes import opportunities, products, purchases
from arb_pipelines.api.short_routes import ShortRoute, short_route
from arb_pipelines.domain.access import Role
from arb_pipelines_tests.api.house import House, code_of
from arb_pipelines_tests.contracts.trade_records import opportunity

APPROVE, LIST = "/api/purchase/approve", "/api/opportunities"
JSON = {"Content-Type": "application/json"}
ORDER = b'{"opportunity_id": "opportunity-1", "ceiling": "25.00"}'
Reader = Annotated[object, Depends(require(Role.VIEWER))]


@pytest.fixture
def stocked(house: House) -> House:
    house.books.opportunities.store([opportunity(number) for number in range(4)], [])
    return house


def answer_of(house: House, method: str, path: str, **sent: Any) -> tuple[int, Any, dict[str, str]]:
    got = house.ask(method, path, sent.pop("by", Role.APPROVER), **sent)
    return got.status_code, got.json(), dict(got.headers)


PATHS = [
    LIST,
    f"{LIST}?limit=2&sort=expected_profit",
    f"{LIST}?limit=2&limit=3",
    f"{LIST}?site=",
    f"{LIST}?limit=x&cursor=y",
    f"{LIST}?what=1",
    f"{LIST}?decided_since=2026-01-01T00:00:00%2B01:00",
    f"{LIST}/opportunity-1",
    f"{LIST}/nowhere",
    f"{LIST}/{'x' * 201}",
    f"{LIST}/%00",
    "/api/products/nowhere/history?most_points=1",
    "/api/products/nowhere/history?more=1",
    "/api/products/nowhere/history?start=now",
]


def test_reads_are_answered_alike(stocked: House, monkeypatch: pytest.MonkeyPatch) -> None:
    askers = (Role.VIEWER, None, "arb_no_key")
    short = [answer_of(stocked, "GET", path, by=by) for path in PATHS for by in askers]
    monkeypatch.setattr(ShortRoute, "handle", APIRoute.handle)
    assert [answer_of(stocked, "GET", path, by=by) for path in PATHS for by in askers] == short
    assert {200, 401, 404, 422} == {status for status, _, _ in short}


@pytest.mark.parametrize(
    "body, headers, status",
    [
        (ORDER, JSON, 200),
        (ORDER, {"Content-Type": "application/json; charset=utf-8"}, 200),
        (ORDER, {"Content-Type": "text/plain"}, 422),
        (b"", JSON, 422),
        (b"{", JSON, 400),
        (b"\xff", JSON, 400),
        (b"[" * 100_000, JSON, 400),
        (ORDER[:-1] + b', "more": 1}', JSON, 422),
        (ORDER.replace(b'"25.00"', b"25"), JSON, 422),
        (ORDER.replace(b"25.00", b"99.00"), JSON, 422),
        (ORDER.replace(b"opportunity-1", b"nowhere"), JSON, 404),
    ],
)
def test_approvals_are_answered_alike(
    stocked: House, monkeypatch: pytest.MonkeyPatch, body: bytes, headers: dict[str, str], status: int
) -> None:
    askers = (None, "arb_no_key", Role.VIEWER, Role.APPROVER)
    short = [answer_of(stocked, "POST", APPROVE, content=body, headers=headers, by=by) for by in askers]
    assert short[-1][0] == status
    assert stocked.books.approvals.count_open(stocked.clock.now()) == int(status == 200)
    assert not [told for told, _, _ in short[:-1] if told < 400]
    monkeypatch.setattr(ShortRoute, "handle", APIRoute.handle)
    assert [answer_of(stocked, "POST", APPROVE, content=body, headers=headers, by=by) for by in askers] == short


def test_a_session_must_show_its_token(stocked: House) -> None:
    token = stocked.begin_session("approver")
    answer = stocked.with_session("POST", APPROVE, token, content=ORDER, headers=JSON)
    assert code_of(answer, 403) == "csrf"
    both = stocked.with_session("POST", APPROVE, token, content=ORDER, headers=JSON | {"Authorization": "Bearer x"})
    assert code_of(both, 401) == "not_logged_in"
    assert stocked.with_session("GET", LIST, token).status_code == 200
    assert stocked.books.approvals.count_open(stocked.clock.now()) == 0


def test_what_is_asked_often_goes_the_short_way() -> None:
    routes = [route for module in (opportunities, products, purchases) for route in module.router.routes]
    short = {route.path for route in routes if isinstance(route, ShortRoute)}
    assert {LIST, "/api/products/{product_id}/history", APPROVE, "/api/purchase/deny"} <= short


def test_other_endpoints_are_refused_at_once() -> None:
    router = APIRouter()

    def nobody(request: Request) -> Response:
        return Response()

    def page(request: Request, who: Reader, number: int) -> Response:
        return Response()

    async def waits(request: Request, who: Reader) -> Response:
        return Response()

    for endpoint in (nobody, page, waits):
        with pytest.raises(TypeError, match=endpoint.__name__):
            short_route(router, "/x", methods=["GET"])(endpoint)  # type: ignore[type-var]  # one of them is wrong so
    assert router.routes == []
