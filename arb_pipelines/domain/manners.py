"""Who we say we are, which host a site stands on, and what a visit did there.

What belongs here: the rules of good manners that need nothing but values, and the facts by which a report can tell
whether they were kept.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, fields
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

# Names that RFC 2606 and 6761 keep for examples: nobody can be reached there.
_NOBODY = ("example", "example.com", "example.net", "example.org", "invalid", "test", "localhost")
_ADDRESS = re.compile(r"https?://([^\s/)>;,]+)|[\w.+-]+@([\w-]+(?:\.[\w-]+)+)", re.ASCII)


@dataclass(frozen=True, slots=True)
class VisitManners:
    """What one visit asked of one site, for the politeness report. Times in milliseconds or seconds as named.

    `delay_ms` is the shortest gap between two requests that was allowed when the visit ended, `shortest_gap_ms` the
    shortest there was (None with fewer than two requests), `too_soon` counts the gaps that were shorter than
    allowed at their time. `throttled` counts answers that asked for rest, `paused_s` is the rest granted.
    """

    requests: int = 0
    retries: int = 0
    robots_refused: int = 0
    throttled: int = 0
    paused_s: int = 0
    peak_per_minute: int = 0
    delay_ms: int = 0
    shortest_gap_ms: int | None = None
    too_soon: int = 0

    def to_json(self) -> dict[str, int | None]:
        """Return the facts as a JSON object."""
        return asdict(self)


def manners_from_json(raw: Any) -> VisitManners | None:
    """Return the facts that `VisitManners.to_json` gave; None for None or for another form."""
    if not isinstance(raw, dict):
        return None
    known = {field.name for field in fields(VisitManners)}
    return VisitManners(**{name: value for name, value in raw.items() if name in known})


def has_contact(user_agent: str) -> bool:
    """Return whether the User-Agent names a page or mail address where somebody can be reached."""
    hosts = [(page or mail).rpartition("@")[2].partition(":")[0] for page, mail in _ADDRESS.findall(user_agent)]
    return any("." in host and not _is_nobody(host.lower().rstrip(".")) for host in hosts)


def _is_nobody(host: str) -> bool:
    return any(host == name or host.endswith(f".{name}") for name in _NOBODY)


def is_loopback(url: str) -> bool:
    """Return whether `url` names this machine."""
    host = _hostname(url)
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def host_of(url: str) -> str:
    """Return the host (with its port if it has one) that carries the load of a site; `www.` makes no other shop."""
    return urlsplit(url).netloc.rpartition("@")[2].lower().removeprefix("www.")


def _hostname(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
