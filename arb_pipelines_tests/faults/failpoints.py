"""Every place at which a worker can be killed: around each SQL statement and commit, and along each HTTP exchange.

What belongs here: counting the places of one run and, at a chosen one, SIGKILL to ourselves. Nothing of the process
outlives it, so no `finally` and no rollback of ours runs, as when the machine loses it.
"""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable
from typing import Any

import httpx
from sqlalchemy import Engine, event

TABLE = re.compile(r"(?:INTO|FROM|UPDATE|JOIN)\s+([a-z_]+)", re.IGNORECASE)
NUMBERS = re.compile(r"/(?:ARB-)?[0-9A-F]{5,}|\?.*")


class Failpoints:
    """Counts the places of one run; at the `kill_at`-th (from 1; 0 never) the process is killed."""

    def __init__(self, kill_at: int, tell: Callable[[str], None]) -> None:
        """Tell the label of the place just before dying there."""
        self._kill_at = kill_at
        self._tell = tell
        self.labels: list[str] = []

    def meet(self, label: str) -> None:
        """Be at a place."""
        self.labels.append(label)
        if len(self.labels) == self._kill_at:
            self._tell(label)
            os.kill(os.getpid(), signal.SIGKILL)

    def plant_in_engine(self, engine: Engine) -> None:
        """Be at a place before and after each statement, commit and rollback of an engine."""

        def before(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
            self.meet(f"before {_name(statement)}")

        def after(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
            self.meet(f"after {_name(statement)}")

        event.listen(engine, "before_cursor_execute", before)
        event.listen(engine, "after_cursor_execute", after)
        dialect: Any = engine.dialect
        dialect.do_commit = self._around("COMMIT", dialect.do_commit)
        dialect.do_rollback = self._around("ROLLBACK", dialect.do_rollback)

    def _around(self, name: str, act: Callable[[Any], None]) -> Callable[[Any], None]:
        def watched(connection: Any) -> None:
            self.meet(f"before {name}")
            act(connection)
            self.meet(f"after {name}")

        return watched

    def transport(self) -> httpx.BaseTransport:
        """Return a transport with a place before and after each part of an exchange."""
        return _WatchedTransport(self)


class _WatchedTransport(httpx.BaseTransport):
    def __init__(self, points: Failpoints) -> None:
        # The line is plain HTTP: no certificates to load, which would be half of a round's time.
        self._inner = httpx.HTTPTransport(verify=False, trust_env=False)
        self._points = points

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        name = f"{request.method} {NUMBERS.sub('', request.url.path)}"
        request.extensions["trace"] = lambda event_name, _info: self._points.meet(f"{event_name} {name}")
        return self._inner.handle_request(request)

    def close(self) -> None:
        self._inner.close()


def _name(statement: str) -> str:
    """Return a statement's verb and first table."""
    table = TABLE.search(statement)
    return f"{statement.split(None, 1)[0]} {table.group(1) if table else ''}".strip()
