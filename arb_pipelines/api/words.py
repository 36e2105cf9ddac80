"""The plain types of requests and answers, and the opaque cursors of pages.

What belongs here: what several routes share. Amounts are decimal text with a currency beside them, times ISO 8601
with an offset; no text holds a NUL, which PostgreSQL cannot keep.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import Field

from arb_pipelines.api.problems import ProblemError
from arb_pipelines.domain.pages import Place

PLAIN = r"^[^\x00]*$"
Id = Annotated[str, Field(min_length=1, max_length=200, pattern=PLAIN)]
Reason = Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^\x00]*[^\s\x00][^\x00]*$")]
Name = Annotated[str, Field(min_length=1, max_length=200, pattern=PLAIN)]
Amount = Annotated[str, Field(max_length=16, pattern=r"^[0-9]{1,9}(\.[0-9]{1,3})?$", examples=["12.50"])]
Limit = Annotated[int, Field(ge=1, le=500)]
Cursor = Annotated[str, Field(max_length=600, description="`next_cursor` of the page before.")]


def cursor_of(order: str, place: Place | None) -> str | None:
    """Return the text that stands for a place in an order; None for nowhere."""
    if place is None:
        return None
    value = place.value.isoformat() if isinstance(place.value, datetime) else place.value
    return base64.urlsafe_b64encode(json.dumps([order, value, place.key]).encode()).decode().rstrip("=")


def place_of(order: str, cursor: str | None, *, of_time: bool) -> Place | None:
    """Return the place that a cursor stands for.

    Raises:
        ProblemError: 400, it is none of ours or of another order.
    """
    if cursor is None:
        return None
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        kept_order, value, key = json.loads(text)
        if kept_order != order or not isinstance(key, str) or "\x00" in key:
            raise ValueError(order)
        return Place(_time(value) if of_time else _number(value), key)
    except (binascii.Error, ValueError, TypeError, OverflowError, RecursionError) as error:
        detail = "use next_cursor of the page before, with the same sort"
        raise ProblemError(400, "bad_cursor", detail) from error


def _number(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(value)
    return number


def _time(value: Any) -> datetime:
    at = datetime.fromisoformat(value)
    if at.tzinfo is None or not 1970 < at.year < 9999:
        raise ValueError(value)
    return at.astimezone(UTC)


def utc(at: datetime) -> datetime:
    """Return a time that was asked for as UTC.

    Raises:
        ProblemError: 422, it has no offset or lies too far away to be meant.
    """
    if at.tzinfo is None or not 1970 < at.year < 9999:
        raise ProblemError(422, "bad_time", "give times with an offset, such as 2026-05-01T12:00:00Z")
    return at.astimezone(UTC)
