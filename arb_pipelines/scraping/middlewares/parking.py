"""A shop that says "too many" or "later" is left alone: 429, and 503 with Retry-After.

What belongs here: reading Retry-After and parking the site. Scrapy itself would ask again at once.
"""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from scrapy import Request
from scrapy.http import Response

from arb_pipelines.scraping.context import CrawlContext
from arb_pipelines.scraping.reasons import RefusedRequestError

DEFAULT_PARK_S = 300.0
MIN_PARK_S = 30.0
MAX_PARK_S = 86_400.0


def retry_after_s(header: str | None, now: datetime) -> float | None:
    """Return the seconds that a Retry-After header asks for (number or HTTP date), within 30 s and a day."""
    if not header:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        seconds = float(text[:12])
    else:
        try:
            at = parsedate_to_datetime(text)
        except (ValueError, IndexError):
            return None
        seconds = ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds()
    return min(MAX_PARK_S, max(MIN_PARK_S, seconds))


class ParkingMiddleware:
    """Ends the visit of a site that asks for rest and keeps the next ticks off it as long as it asked."""

    def __init__(self, context: CrawlContext) -> None:
        """Park in the shard's `context`."""
        self._context = context

    @classmethod
    def from_crawler(cls, crawler: Any) -> ParkingMiddleware:
        """Take the context from the spider."""
        return cls(crawler.spider.context)

    def process_response(self, request: Request, response: Response) -> Response:
        """Pass the response on, or park the site and raise `RefusedRequestError`."""
        if response.status not in (429, 503):
            return response
        raw = response.headers.get("Retry-After")
        seconds = retry_after_s(raw.decode("latin-1") if raw else None, self._context.clock())
        if response.status == 503 and seconds is None:
            return response
        reason = f"http_{response.status}"
        self._context.park(request.meta["site"], seconds or DEFAULT_PARK_S, reason)
        raise RefusedRequestError(reason)
