"""Every route by every role and by nobody: what each may do is one table, and no route is missing from it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute, APIWebSocketRoute

from arb_pipelines.adapters.sql.books import open_books
from arb_pipelines.api.access import CSRF_HEADER
from arb_pipelines.domain.access import LEAST_ROLE, Act, Role
from arb_pipelines_tests.api.house import House
from arb_pipelines_tests.fakes.clock import SettableClock

ANYBODY = None
NO_SUCH = {"opportunity_id": "nowhere", "ceiling": "1.00"}
SWITCH = {"action": "message", "reason": "a test"}
# (method, path, body, who at least, what it answers to them)
ROUTES: list[tuple[str, str, Any, Role | None, int]] = [
    ("GET", "/api/opportunities", None, Role.VIEWER, 200),
    ("GET", "/api/opportunities/nowhere", None, Role.VIEWER, 404),
    ("POST", "/api/opportunities/scan", {}, Role.OPERATOR, 200),
    ("POST", "/api/purchase/approve", NO_SUCH, Role.APPROVER, 404),
    ("POST", "/api/purchase/deny", {"opportunity_id": "nowhere", "reason": "no"}, Role.APPROVER, 404),
    ("GET", "/api/purchases", None, Role.VIEWER, 200),
    ("POST", "/api/listings/create", {"sku": "nowhere"}, Role.OPERATOR, 404),
    ("GET", "/api/products/nowhere/history", None, Role.VIEWER, 404),
    ("GET", "/api/stats/daily", None, Role.VIEWER, 200),
    ("POST", "/api/halt", SWITCH, Role.OPERATOR, 200),
    ("POST", "/api/resume", SWITCH, Role.APPROVER, 200),
    ("GET", "/api/audit", None, Role.ADMIN, 200),
    ("GET", "/api/openapi.json", None, Role.VIEWER, 200),
    ("GET", "/metrics", None, Role.VIEWER, 200),
    ("GET", "/api/health", None, ANYBODY, 200),
    # A vendor shows its signature instead; none is set up here.
    ("GET", "/webhooks/ebay?challenge_code=x", None, ANYBODY, 404),
    ("POST", "/webhooks/ebay", {}, ANYBODY, 404),
    ("POST", "/webhooks/sendgrid", [], ANYBODY, 404),
]
ASKERS = [None, *Role]


@pytest.fixture(scope="module")
def shared(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("roles")
    shutil.copy(sqlite_template, folder / "books.db")
    clock = SettableClock()
    books = open_books(f"sqlite:///{folder / 'books.db'}", now=clock.now)
    made = House(books, clock, home=folder / "home", sites_dir=folder / "sites")
    yield made
    made.close()
    books.close()


def expected(asker: Role | None, least: Role | None, answer: int) -> int:
    if least is ANYBODY:
        return answer
    if asker is None:
        return 401
    return answer if asker.covers(least) else 403


@pytest.mark.parametrize("asker", ASKERS, ids=str)
@pytest.mark.parametrize("method, path, body, least, answer", ROUTES, ids=[f"{m} {p}" for m, p, *_ in ROUTES])
def test_a_key(
    shared: House, asker: Role | None, method: str, path: str, body: Any, least: Role | None, answer: int
) -> None:
    audited = len(shared.books.audit.load(limit=500))
    got = shared.ask(method, path, asker, json=body)
    assert got.status_code == expected(asker, least, answer), got.text
    if got.status_code >= 400:
        assert len(shared.books.audit.load(limit=500)) == audited


@pytest.mark.parametrize("asker", list(Role), ids=str)
@pytest.mark.parametrize("method, path, body, least, answer", ROUTES, ids=[f"{m} {p}" for m, p, *_ in ROUTES])
def test_a_session(
    shared: House, asker: Role, method: str, path: str, body: Any, least: Role | None, answer: int
) -> None:
    token = shared.begin_session(asker.value)
    got = shared.with_session(method, path, token, json=body)
    unsafe = method == "POST" and least is not ANYBODY
    wanted = expected(asker, least, answer)
    assert got.status_code == (403 if unsafe else wanted), "a session without its CSRF token changes nothing"
    if unsafe:
        headers = {CSRF_HEADER: csrf_of(token)}
        got = shared.with_session(method, path, token, json=body, headers=headers)
        assert got.status_code == wanted, got.text


def csrf_of(token: str) -> str:
    import hashlib

    return hashlib.sha256(f"csrf:{token}".encode()).hexdigest()


def test_no_route_is_missing(shared: House) -> None:
    listed = {(method, path.partition("?")[0].replace("nowhere", "{}")) for method, path, *_ in ROUTES}
    found = set()
    for route in all_routes(shared.app.routes):
        if isinstance(route, APIRoute) and route.path.startswith(("/api", "/webhooks", "/metrics")):
            names = route.path
            for name in route.param_convertors:
                names = names.replace("{" + name + "}", "{}")
            found |= {(method, names) for method in route.methods}
    assert found - listed == {("POST", "/webhooks/twilio")}  # takes a form; `routes/test_webhooks.py`
    assert listed <= found
    sockets = [route.path for route in all_routes(shared.app.routes) if isinstance(route, APIWebSocketRoute)]
    assert sockets == ["/ws/opportunities"]


def all_routes(routes: Any) -> Iterator[Any]:
    """Yield the routes of an application, those of included routers too."""
    for route in routes:
        included = getattr(route, "original_router", None)
        yield from ([route] if included is None else all_routes(included.routes))


def test_every_act_has_its_least_role() -> None:
    assert set(LEAST_ROLE) == set(Act)
    assert [role.rank for role in Role] == [0, 1, 2, 3]
