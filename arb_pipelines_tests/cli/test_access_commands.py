"""`arb user`, `arb key` and `arb serve`: passwords by standard input, keys shown once, no open door to the world."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from arb_pipelines.adapters.sql.books import open_books
from arb_pipelines.cli import serve as serving
from arb_pipelines.cli.main import app
from arb_pipelines.domain.access import Role, User
from arb_pipelines.settings import Settings
from arb_pipelines_tests.fakes.clock import START

PASSWORD = "a long enough password"
Arb = Callable[..., Result]


@pytest.fixture
def arb(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Arb:
    monkeypatch.setenv("ARB_DATABASE_URL", sqlite_url)
    monkeypatch.setenv("ARB_HOME", str(tmp_path / "home"))
    runner = CliRunner()
    return lambda *words, given="": runner.invoke(app, words, input=given)


def test_a_user_comes_and_goes(arb: Arb, sqlite_url: str) -> None:
    assert "can log in as approver" in arb("user", "add", "kim", "--role", "approver", given=PASSWORD + "\n").output
    again = arb("user", "add", "kim", "--role", "admin", given=PASSWORD + "\n")
    assert (again.exit_code, "already" in again.output) == (2, True)
    assert arb("user", "add", "Kim!", "--role", "admin", given=PASSWORD).exit_code == 2
    assert "12 to 256" in arb("user", "add", "lee", "--role", "viewer", given="short\n").output
    [told] = json.loads(arb("user", "list", "--json").stdout)["users"]
    assert (told["name"], told["role"], told["disabled_at"]) == ("kim", "approver", None)
    assert arb("user", "password", "kim", given="another long password\n").exit_code == 0
    assert arb("user", "disable", "kim").exit_code == 0
    assert arb("user", "disable", "kim").exit_code == 2
    assert arb("user", "password", "kim", given="another long password\n").exit_code == 2
    assert "kim" in arb("user", "list").output
    books = open_books(sqlite_url)
    entries = books.audit.load()
    assert [entry.act for entry in entries] == ["disable_user", "set_password", "add_user"]
    assert all(entry.actor.startswith("account:") for entry in entries)
    assert PASSWORD not in str(entries)
    books.close()


def test_a_key_is_shown_once_and_rotated(arb: Arb, sqlite_url: str) -> None:
    arb("user", "add", "kim", "--role", "operator", given=PASSWORD)
    made = arb("key", "create", "--user", "kim", "--role", "viewer", "--label", "board", "--days", "9", "--json")
    told = json.loads(made.stdout)
    assert arb("key", "create", "--user", "kim", "--role", "admin").exit_code == 2
    assert arb("key", "create", "--user", "nobody").exit_code == 2
    books = open_books(sqlite_url)
    now = books.access.load_keys()[0].created_at
    assert books.access.find_key(told["secret"], now) is not None
    new = json.loads(arb("key", "rotate", told["key"], "--json").stdout)
    assert books.access.find_key(told["secret"], now) is None
    assert books.access.find_key(new["secret"], now) is not None
    listed = json.loads(arb("key", "list", "--json").stdout)["keys"]
    assert [(one["key"] == new["key"], one["revoked"] is None, one["label"]) for one in listed] == [
        (True, True, "board"),
        (False, False, "board"),
    ]
    assert new["secret"] not in arb("key", "list").output
    assert arb("key", "rotate", told["key"]).exit_code == 2
    assert arb("key", "revoke", new["key"]).exit_code == 0
    assert arb("key", "revoke", new["key"]).exit_code == 2
    assert books.access.find_key(new["secret"], now) is None
    books.close()


def test_no_password_is_taken_on_the_command_line(arb: Arb) -> None:
    assert arb("user", "add", "kim", "--role", "admin", "--password", PASSWORD).exit_code == 2


ADMIN = [User("kim", Role.ADMIN, START)]


@pytest.mark.parametrize(
    "host, users, behind_tls, public_url, word",
    [
        ("127.0.0.1", [], False, None, None),
        ("::1", [], False, None, None),
        ("localhost", [], False, None, None),
        ("0.0.0.0", [], True, "https://desk.example.org", "first add an admin"),
        ("0.0.0.0", [User("kim", Role.APPROVER, START)], True, "https://desk.example.org", "first add an admin"),
        ("0.0.0.0", [User("kim", Role.ADMIN, START, START)], True, "https://desk.example.org", "first add an admin"),
        ("192.168.1.5", ADMIN, False, "https://desk.example.org", "proxy with TLS"),
        ("::", ADMIN, True, None, "ARB_API_PUBLIC_URL"),
        ("desk.example.org", ADMIN, True, "http://desk.example.org", "ARB_API_PUBLIC_URL"),
        ("0.0.0.0", ADMIN, True, "https://desk.example.org", None),
    ],
)
def test_a_public_address_needs_more(
    host: str, users: list[User], behind_tls: bool, public_url: str | None, word: str | None
) -> None:
    settings = Settings(_env_file=None, api_host=host, api_behind_tls=behind_tls, api_public_url=public_url)
    fault = serving.why_not(settings, users)
    assert fault is None if word is None else word in (fault or "")


def test_serve_refuses_before_a_port_is_opened(arb: Arb, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Settings] = []
    monkeypatch.setattr(serving, "run", opened.append)
    refused = arb("serve", "--host", "0.0.0.0")
    assert (refused.exit_code, "first add an admin" in refused.output, opened) == (2, True, [])
    begun = arb("serve", "--port", "8499")
    assert (begun.exit_code, "nobody can log in yet" in begun.output) == (0, True)
    assert (opened[0].api_host, opened[0].api_port) == ("127.0.0.1", 8499)
