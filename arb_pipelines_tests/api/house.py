"""One API over migrated books, with a user of each role, for the tests of this folder.

What belongs here: the client and what it is asked with. Requests go through ASGI in this process, no port is opened.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from typing import Any

import httpx

from arb_pipelines.adapters.sql.books import SqlBooks
from arb_pipelines.api.access import COOKIE
from arb_pipelines.api.app import build_app
from arb_pipelines.domain.access import ApiKey, Role
from arb_pipelines.settings import Settings
from arb_pipelines_tests.fakes.clock import SettableClock

BASE = "http://127.0.0.1:8400"
PASSWORD = "a long enough password"
FAST: dict[str, Any] = {
    "api_requests_a_minute": 100_000,
    "api_approvals_a_minute": 100_000,
    "api_logins_a_minute": 100_000,
    "api_feed_poll_s": 0.05,
}


class House:
    """An application with its books; `ask` is a request by somebody of a role, by their key."""

    def __init__(self, books: SqlBooks, clock: SettableClock, **changes: Any) -> None:
        """Build the application; `changes` are those of the settings and of `build_app` (`senders`, `scan`)."""
        ports = {name: changes.pop(name) for name in ("senders", "scan") if name in changes}
        self.books, self.clock = books, clock
        self.settings = Settings(_env_file=None, **FAST | changes)
        self.app = build_app(self.settings, books=books, clock=clock, **ports)
        self._runner = asyncio.Runner()
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False, client=("127.0.0.1", 50000))
        self.client = httpx.AsyncClient(transport=transport, base_url=BASE)
        self.keys = {role: self.add_user(role.value, role) for role in Role}

    def add_user(self, name: str, role: Role, password: str | None = None) -> str:
        """Add a user and return a key of theirs. The stored password is no hash unless one is given: argon2 is slow."""
        from arb_pipelines.adapters.sql.access_tables import users
        from arb_pipelines.adapters.sql.engine import money_transaction

        if password is not None:
            self.books.access.add_user(name, role, password, self.clock.now())
        else:
            row = {"name": name, "role": role.value, "password_hash": "!", "created_at": self.clock.now()}
            with money_transaction(self.books._engine) as connection:
                connection.execute(users.insert(), row)
        return self.books.access.create_key(ApiKey(secrets.token_hex(6), name, "", role, self.clock.now()))

    def ask(self, method: str, path: str, by: Role | str | None = None, **sent: Any) -> httpx.Response:
        """Send one request with the key of a role (or a key's text)."""
        headers: dict[str, str] = dict(sent.pop("headers", {}))
        if by is not None:
            headers["Authorization"] = f"Bearer {self.keys[by] if isinstance(by, Role) else by}"
        return self._runner.run(self.client.request(method, path, headers=headers, **sent))

    def with_session(self, method: str, path: str, token: str, **sent: Any) -> httpx.Response:
        """Send one request with a session's cookie."""
        headers = dict(sent.pop("headers", {})) | {"Cookie": f"{COOKIE}={token}"}
        return self.ask(method, path, headers=headers, **sent)

    def begin_session(self, name: str, expires_in_h: int = 1) -> str:
        """Return the token of a session that is simply there."""
        import hashlib

        from arb_pipelines.adapters.sql.access_tables import sessions
        from arb_pipelines.adapters.sql.engine import money_transaction

        token, now = secrets.token_urlsafe(32), self.clock.now()
        hashed = hashlib.sha256(token.encode()).hexdigest()
        later = now.replace(hour=(now.hour + expires_in_h) % 24)
        row: Mapping[str, Any] = {"token_hash": hashed, "user_name": name, "created_at": now, "expires_at": later}
        with money_transaction(self.books._engine) as connection:
            connection.execute(sessions.insert(), row)
        return token

    def close(self) -> None:
        """Close the client and its loop."""
        self._runner.run(self.client.aclose())
        self._runner.close()


def code_of(answer: httpx.Response, status: int) -> str:
    """Return the reason code of a problem document with this status."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert told["status"] == status
    assert told["type"].startswith("urn:arb:problem:")
    assert told["title"]
    return str(told["code"])
