"""What sellers wrote to buyers.

What belongs here: the rows of one table.
"""

from __future__ import annotations

import sqlite3
from datetime import datetime

from arb_pipelines.sandbox.state_store import transaction
from arb_pipelines.sandbox.timeline import format_utc


class MessageStore:
    """What was written to buyers, oldest first."""

    def __init__(self, state: sqlite3.Connection) -> None:
        """Keep messages in the state file."""
        self._state = state

    def insert(self, buyer: str, text: str, now: datetime) -> int:
        """Keep a message and return its number."""
        with transaction(self._state):
            row = self._state.execute(
                "INSERT INTO channel_messages (buyer, body, sent_at) VALUES (?, ?, ?)", (buyer, text, format_utc(now))
            )
        return int(row.lastrowid or 0)

    def load(self) -> list[sqlite3.Row]:
        """Return every message."""
        return self._state.execute("SELECT * FROM channel_messages ORDER BY number").fetchall()
