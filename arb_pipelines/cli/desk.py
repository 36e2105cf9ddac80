"""The desk as a child of `arb demo` and `arb dev`: started on loopback, with somebody who can sign in to the demo's.

What belongs here: starting it and making the demo's user. The desk itself is `arb serve`.
"""

from __future__ import annotations

import os
import secrets
import sys
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

import httpx

from arb_pipelines.cli.instance import wait_until
from arb_pipelines.cli.processes import ProcessGroup
from arb_pipelines.domain.access import Role
from arb_pipelines.settings import Settings

DEMO_USER = "demo"


def start_desk(group: ProcessGroup, port: int) -> str | None:
    """Start `arb serve` on loopback and return its address; None where the packages of the API are not installed.

    Raises:
        StartError: it ended or did not answer in time.
    """
    if find_spec("fastapi") is None or find_spec("uvicorn") is None:
        return None
    command = [sys.executable, "-m", "arb_pipelines.cli.main", "serve", "--host", "127.0.0.1", "--port", str(port)]
    group.start("desk", command)
    url = f"http://127.0.0.1:{port}"
    wait_until(lambda: desk_answers(url), group, "the desk")
    return f"{url}/desk"


def desk_answers(url: str) -> bool:
    """Return whether the desk asks who we are."""
    try:
        return httpx.get(f"{url}/login", timeout=5).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


def demo_password(settings: Settings) -> str:
    """Make the demo's user once and return the password, which is kept beside the demo's books for the next demo."""
    from arb_pipelines.adapters.sql.books import open_books

    kept = settings.home / "desk_password"
    books = open_books(settings.books_url, mode=settings.mode.value)
    try:
        known = {user.name for user in books.access.load_users()}
        if DEMO_USER in known and kept.exists():
            return kept.read_text().strip()
        password, now = secrets.token_urlsafe(12), datetime.now(UTC)
        if DEMO_USER in known:
            books.access.set_password(DEMO_USER, password, now)
        else:
            books.access.add_user(DEMO_USER, Role.ADMIN, password, now)
        write_private(kept, password)
        return password
    finally:
        books.close()


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text + "\n")
