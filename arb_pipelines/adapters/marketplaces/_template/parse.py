"""The marketplace's JSON to the words of `domain/`, one document each.

What belongs here: reading strictly with `adapters/http/fields.py`. What the marketplace does not say is None or
refused with `UnreadableAnswerError`; no other exception may come out, whatever stands in an answer.
"""

from __future__ import annotations

from typing import Any

from arb_pipelines.adapters.http.fields import read_object, read_text


def parse_listing_id(document: Any) -> str:
    """Return the id of a listing.

    Raises:
        UnreadableAnswerError: there is none.
    """
    return read_text(read_object(document, "the listing"), "listingId")
