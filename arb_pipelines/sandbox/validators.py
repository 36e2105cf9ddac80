"""ETag and Last-Modified: telling a visitor that a page has not changed since the last visit.

What belongs here: which shop sends which validator, when a body changed, and the comparison of RFC 9110, section 13.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from enum import StrEnum

from arb_pipelines.sandbox.assortment import Shop


class Validator(StrEnum):
    """What a shop sends with its pages."""

    BOTH = "both"
    WEAK_ETAG = "weak-etag"
    LAST_MODIFIED = "last-modified"
    NONE = "none"


_SPREAD = (Validator.BOTH,) * 7 + (Validator.WEAK_ETAG, Validator.LAST_MODIFIED, Validator.NONE)


def validator_of(shop: Shop) -> Validator:
    """Return the shop's kind: seven of ten send both, one only dates, one only weak tags, one nothing."""
    return _SPREAD[shop.number * 3 % len(_SPREAD)]


@dataclass(slots=True)
class _Seen:
    etag: str
    changed_s: int


class ChangeLog:
    """When the body of each address last changed, to the second."""

    def __init__(self, started_at: datetime) -> None:
        """Begin at the moment (aware) at which the server starts: what it serves first is that old."""
        self._started_s = int(started_at.timestamp())
        self._seen: dict[tuple[str, str], _Seen] = {}

    def changed_at(self, key: tuple[str, str], etag: str, now: datetime) -> datetime | None:
        """Return when the body with this tag replaced another one at address `key`.

        A date has whole seconds: of two changes within one second the second gets the next, and None until that
        second has come, because a visitor could not tell the two bodies apart by their dates.
        """
        now_s = int(now.timestamp())
        seen = self._seen.get(key)
        if seen is None:
            seen = self._seen[key] = _Seen(etag, min(self._started_s, now_s))
        elif seen.etag != etag:
            seen.etag, seen.changed_s = etag, max(now_s, seen.changed_s + 1)
        return datetime.fromtimestamp(seen.changed_s, UTC) if seen.changed_s <= now_s else None


def validator_headers(kind: Validator, etag: str, changed_at: datetime | None) -> dict[str, str]:
    """Return the headers that a shop of this kind sends."""
    headers: dict[str, str] = {}
    if kind in (Validator.BOTH, Validator.WEAK_ETAG):
        headers["ETag"] = f"W/{etag}" if kind is Validator.WEAK_ETAG else etag
    if kind in (Validator.BOTH, Validator.LAST_MODIFIED) and changed_at is not None:
        headers["Last-Modified"] = format_datetime(changed_at, usegmt=True)
    return headers


def is_unchanged(request: Mapping[str, str], sent: Mapping[str, str], changed_at: datetime | None) -> bool:
    """Return whether a request with these headers is answered 304, when `sent` are the validators of the body now.

    If-None-Match decides alone where it is given, weakly compared; If-Modified-Since counts only without it.
    """
    asked = request.get("If-None-Match")
    if asked is not None:
        if "ETag" not in sent:
            return False
        tags = {tag.strip().removeprefix("W/") for tag in asked.split(",")}
        return "*" in tags or sent["ETag"].removeprefix("W/") in tags
    since = request.get("If-Modified-Since")
    if since is None or changed_at is None or "Last-Modified" not in sent:
        return False
    try:
        asked_at = parsedate_to_datetime(since)
    except ValueError:
        return False
    return changed_at <= (asked_at if asked_at.tzinfo else asked_at.replace(tzinfo=UTC))
