"""A clock that a test sets.

What belongs here: time as an argument.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

START = datetime(2026, 1, 5, 9, 0, 0, 123457, tzinfo=UTC)


class SettableClock:
    """Fulfils `domain.ports.Clock`; stands still until it is moved."""

    def __init__(self, at: datetime = START) -> None:
        """Begin at a time, aware UTC."""
        self.at = at

    def now(self) -> datetime:
        """Return the time it was set to."""
        return self.at

    def advance(self, **passed: float) -> datetime:
        """Move on by `timedelta(**passed)` (negative values set it back) and return the new time."""
        self.at += timedelta(**passed)
        return self.at
