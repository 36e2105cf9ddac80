"""How the desk words numbers and times.

What belongs here: filters of the templates; each takes a value and gives plain text, which the template escapes.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from urllib.parse import urlsplit

UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"))
SIZES = ((10**9, "GB"), (10**6, "MB"), (10**3, "kB"))


def word_time(at: datetime) -> str:
    """Return a time in UTC to the minute."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def word_ago(at: datetime, now: datetime) -> str:
    """Return how long ago `at` was; a time to come says so, because a clock is then wrong."""
    passed_s = (now - at).total_seconds()
    if passed_s < -1:
        return f"in {word_span(timedelta(seconds=-passed_s))}"
    return f"{word_span(timedelta(seconds=passed_s))} ago"


def word_span(span: timedelta) -> str:
    """Return a length of time in its largest whole unit."""
    seconds = max(int(span.total_seconds()), 0)
    for size, unit in UNITS:
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def word_percent(share: Decimal | float) -> str:
    """Return a share as a whole percentage."""
    return f"{share:.0%}"


def word_bytes(count: int) -> str:
    """Return an amount of data in its largest unit."""
    for size, unit in SIZES:
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} B"


def web_address(url: str) -> str | None:
    """Return `url` if it is a plain web address that a link may lead to, else None (`javascript:` and the like)."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return url if parts.scheme in {"http", "https"} and parts.hostname and not parts.username else None
