"""A small Vault: AppRole login and the key-value engine (version 2), enough for a client that reads.

What belongs here: the server, and a note of every path and method it was asked, for the published contract.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

ROLE_ID, SECRET_ID = "role-of-ours", "secret-id-of-ours"
LOGIN = "/v1/auth/approle/login"


@dataclass
class SmallVault:
    """What it keeps: secrets by path below the mount `secret`, tokens that are valid, and what was asked."""

    secrets: dict[str, dict[str, Any]] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=set)
    asked: list[tuple[str, str]] = field(default_factory=list)
    url: str = ""
    is_sealed: bool = False

    def answer(self, method: str, path: str, token: str | None, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Return status and body as Vault gives them."""
        self.asked.append((method, path))
        if self.is_sealed:
            return 503, {"errors": ["Vault is sealed"]}
        if (method, path) == ("POST", LOGIN):
            if (body.get("role_id"), body.get("secret_id")) != (ROLE_ID, SECRET_ID):
                return 400, {"errors": ["invalid role or secret ID"]}
            self.tokens.add(issued := f"token-{len(self.asked)}")
            return 200, {"auth": {"client_token": issued, "lease_duration": 1200, "renewable": True}}
        if token not in self.tokens:
            return 403, {"errors": ["permission denied"]}
        found = self.secrets.get(path.removeprefix("/v1/secret/data/"))
        if method != "GET" or found is None:
            return 404, {"errors": []}
        return 200, {"data": {"data": found, "metadata": {"version": 1}}}


@contextmanager
def run_vault() -> Iterator[SmallVault]:
    """Serve a small Vault on loopback for the length of a block."""
    vault = SmallVault()

    class Answers(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length) or b"{}")
            status, said = vault.answer(self.command, self.path, self.headers.get("X-Vault-Token"), body)
            content = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = _serve  # noqa: N815 - names of http.server

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        vault.url = f"http://127.0.0.1:{server.server_address[1]}"
        try:
            yield vault
        finally:
            server.shutdown()
            thread.join()
