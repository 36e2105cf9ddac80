"""What no route sees: foreign hosts and sites, bodies without end, too many requests; and how answers are dressed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from arb_pipelines.adapters.sql.books import SqlBooks
from arb_pipelines.api.rate_limits import RateLimits
from arb_pipelines.domain.access import Role
from arb_pipelines_tests.api.house import House, code_of
from arb_pipelines_tests.fakes.clock import SettableClock

SWITCH = {"action": "message", "reason": "a test"}


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "localhost.evil:8400", "10.0.0.1", "["])
def test_a_foreign_host_is_refused(house: House, host: str) -> None:
    assert code_of(house.ask("GET", "/api/health", headers={"Host": host}), 421) == "foreign_host"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:1", "[::1]:8400"])
def test_loopback_is_ours(house: House, host: str) -> None:
    assert house.ask("GET", "/api/health", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
    ids=str,
)
def test_a_foreign_page_changes_nothing(house: House, headers: dict[str, str]) -> None:
    answer = house.ask("POST", "/api/halt", Role.ADMIN, json=SWITCH, headers=headers)
    assert code_of(answer, 403) == "foreign_origin"
    assert house.books.audit.load() == []


def test_our_own_page_may(house: House) -> None:
    headers = {"Origin": "http://127.0.0.1:8400", "Sec-Fetch-Site": "same-origin"}
    assert house.ask("POST", "/api/halt", Role.ADMIN, json=SWITCH, headers=headers).status_code == 200


def test_bodies_are_bounded(house: House) -> None:
    most = house.settings.api_max_body_bytes

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(most // 65_536 + 2):
            yield b" " * 65_536

    json_type = {"Content-Type": "application/json"}
    for body in (b"x" * (most + 1), endless()):
        answer = house.ask("POST", "/api/halt", Role.ADMIN, content=body, headers=json_type)
        assert code_of(answer, 413) == "too_large"
    assert code_of(house.ask("POST", "/webhooks/sendgrid", content=b"x" * (most + 1)), 413) == "too_large"


@pytest.mark.parametrize("body", [b"{", b"[" * 100_000, b"\xff", b"", b'{"action": NaN}', b"null"])
def test_bad_json_is_one_clear_answer(house: House, body: bytes) -> None:
    answer = house.ask("POST", "/api/halt", Role.ADMIN, content=body, headers={"Content-Type": "application/json"})
    assert code_of(answer, answer.status_code) in ("bad_json", "invalid", "bad_request")
    assert answer.status_code in (400, 422)


def test_unknown_addresses_and_methods(house: House) -> None:
    assert code_of(house.ask("GET", "/api/nowhere", Role.ADMIN), 404) == "not_found"
    answer = house.ask("DELETE", "/api/opportunities", Role.ADMIN)
    assert code_of(answer, 405) == "wrong_method"
    assert answer.headers["allow"] == "GET"


def test_answers_are_dressed(house: House) -> None:
    for answer in (house.ask("GET", "/api/health"), house.ask("GET", "/nowhere")):
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["cache-control"] == "no-store"
        assert "strict-transport-security" not in answer.headers


def test_a_public_desk_knows_its_name(api_books: SqlBooks, clock: SettableClock, tmp_path: Path) -> None:
    house = House(api_books, clock, home=tmp_path, api_public_url="https://desk.example.org", api_behind_tls=True)
    try:
        here = {"Host": "desk.example.org"}
        answer = house.ask("GET", "/api/health", headers=here)
        assert (answer.status_code, "strict-transport-security" in answer.headers) == (200, True)
        good = here | {"Origin": "https://desk.example.org"}
        assert house.ask("POST", "/api/halt", Role.ADMIN, json=SWITCH, headers=good).status_code == 200
        bad = here | {"Origin": "http://desk.example.org"}
        assert code_of(house.ask("POST", "/api/halt", Role.ADMIN, json=SWITCH, headers=bad), 403) == "foreign_origin"
    finally:
        house.close()


def test_an_address_is_slowed(api_books: SqlBooks, clock: SettableClock, tmp_path: Path) -> None:
    house = House(api_books, clock, home=tmp_path, api_requests_a_minute=3)
    try:
        for _ in range(3):
            assert house.ask("GET", "/api/health").status_code == 200
        answer = house.ask("GET", "/api/health")
        assert code_of(answer, 429) == "too_many_requests"
        assert 1 <= int(answer.headers["retry-after"]) <= 60
    finally:
        house.close()


def test_a_rate_comes_back_evenly_and_forgets_in_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    limits = RateLimits({"ask": 6}, lambda: now[0])
    assert [limits.take("ask", "kim") for _ in range(7)] == [None] * 6 + [10]
    now[0] = 10.0
    assert [limits.take("ask", "kim") for _ in range(2)] == [None, 10]
    assert limits.take("ask", "lee") is None
    monkeypatch.setattr("arb_pipelines.api.rate_limits.MOST_ASKERS", 5)
    for number in range(50):
        limits.take("ask", f"address-{number}")
    assert len(limits._full_at) == 5


def test_a_store_that_is_down_is_named(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise ConnectionError("postgresql://user:secret@host")

    monkeypatch.setattr(house.books.pages, "check", fail)
    answer = house.ask("GET", "/api/health")
    assert (answer.status_code, answer.json()["state"]) == (503, "down")
    assert {"store": "books", "state": "down", "reason": "ConnectionError"} in answer.json()["stores"]
    assert "secret" not in answer.text


def test_logging_in_needs_the_password_and_is_slowed(api_books: SqlBooks, clock: SettableClock, tmp_path: Path) -> None:
    house = House(api_books, clock, home=tmp_path, api_logins_a_minute=2)
    try:
        house.add_user("kim", Role.VIEWER, "a long enough password")
        good = {"name": "kim", "password": "a long enough password"}
        answer = house.ask("POST", "/login", data=good)
        assert answer.status_code == 303
        cookie = answer.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        token = answer.cookies["arb_session"]
        house.client.cookies.clear()
        assert house.with_session("GET", "/api/purchases", token).status_code == 200
        assert house.ask("POST", "/login", data=good | {"password": "wrong"}).status_code == 401
        assert house.ask("POST", "/login", data=good).status_code == 429
    finally:
        house.close()
