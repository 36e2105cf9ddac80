"""Every product page on disk before it is parsed, and pages that have not changed recognised.

What belongs here: conditional requests (ETag, If-Modified-Since), comparing bytes with last time, and appending to
the shard's segment. It stands below decompression, so what is kept is what came over the wire and an unchanged page
is neither unpacked nor parsed.
"""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass
from typing import Any

from scrapy import Request
from scrapy.http import Response

from arb_pipelines.scraping.context import CrawlContext
from arb_pipelines.scraping.page_memory import RememberedPage
from arb_pipelines.scraping.reasons import RefusedRequestError
from arb_pipelines.scraping.segments import RawPage

ARRIVAL = "arrival"
KEPT_HEADERS = ("Content-Type", "Content-Encoding")


@dataclass(frozen=True, slots=True)
class Arrival:
    """A product page that was appended: its frame, its validators, and the record it repeats when unchanged."""

    frame: int
    etag: str | None = None
    last_modified: str | None = None
    wire_sha256: str | None = None
    unchanged: RememberedPage | None = None


class RawPagesMiddleware:
    """Asks only for what changed, and appends what comes before anyone may read it."""

    def __init__(self, context: CrawlContext) -> None:
        """Append to the segment of the shard's `context`."""
        self._context = context

    @classmethod
    def from_crawler(cls, crawler: Any) -> RawPagesMiddleware:
        """Take the context from the spider."""
        return cls(crawler.spider.context)

    def process_request(self, request: Request) -> None:
        """Add the validators of the last reading to the request of a product page."""
        page = self._remembered(request)
        if page is None or request.meta.get("browser"):
            return
        if page.etag:
            request.headers.setdefault("If-None-Match", page.etag)
        if page.last_modified:
            request.headers.setdefault("If-Modified-Since", page.last_modified)

    async def process_response(self, request: Request, response: Response) -> Response:
        """Append a product page and pass it on; an unchanged one is passed on as 304 without a body."""
        request.meta.pop(ARRIVAL, None)  # of an earlier attempt
        if request.cb_kwargs.get("kind") != "product" or response.status not in (200, 304):
            return response
        wire = hashlib.sha256(response.body).hexdigest()
        page = self._remembered(request)
        unchanged = page if page and (response.status == 304 or page.wire_sha256 == wire) else None
        if response.status == 304 and unchanged is None:
            return response  # an answer to a question that we did not ask
        raw = self._raw_page(request, response, unchanged)
        try:
            frame = self._context.segments.append(raw)
            await self._context.segments.flush()
        except OSError as error:
            self._context.fail_store(f"{type(error).__name__}: {error}")
            raise RefusedRequestError("store_failed") from error
        etag, modified = (_text(response, name) for name in ("ETag", "Last-Modified"))
        request.meta[ARRIVAL] = Arrival(frame, etag, modified, wire, unchanged)
        if unchanged is None:
            return response
        return Response(response.url, status=304, headers={"ETag": etag} if etag else None, request=request)

    def _remembered(self, request: Request) -> RememberedPage | None:
        if request.cb_kwargs.get("kind") != "product":
            return None
        memory = self._context.memories.get(request.cb_kwargs["visit"].site)
        return memory.current(request.cb_kwargs["url"], self._context.clock())

    def _raw_page(self, request: Request, response: Response, unchanged: RememberedPage | None) -> RawPage:
        key, url, now = request.meta["site"], request.cb_kwargs["url"], self._context.clock()
        if unchanged is not None:
            return RawPage(key, url, now, repeats={"record": unchanged.record, "read_in": unchanged.tick_id})
        headers = {name: text for name in KEPT_HEADERS if (text := _text(response, name)) is not None}
        if "Content-Encoding" in headers:
            return RawPage(key, url, now, headers, response.body)
        # Level 1 takes 1 ms of a page of 115 kB and leaves a fifth of it.
        return RawPage(key, url, now, headers | {"Content-Encoding": "deflate"}, zlib.compress(response.body, 1))


def _text(response: Response, name: str) -> str | None:
    """Return a header as text, None when the answer does not have it."""
    values = response.headers.getlist(name)
    return ", ".join(value.decode("latin-1") for value in values) or None
