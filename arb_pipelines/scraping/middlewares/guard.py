"""The first gate of every request: stopped sites, refused URLs and addresses, one queue a host.

What belongs here: refusals that need no network. Redirects and robots.txt requests pass here too.
"""

from __future__ import annotations

from typing import Any

from scrapy import Request, signals
from scrapy.http import Response

from arb_pipelines.scraping.context import CrawlContext
from arb_pipelines.scraping.net_guard import declared_loopback, refusal_of_url
from arb_pipelines.scraping.reasons import RefusedRequestError


class GuardMiddleware:
    """Refuses a request before anything is sent, and counts what every response weighed and took."""

    def __init__(self, context: CrawlContext) -> None:
        """Judge by the shard's `context`."""
        self._context = context
        self._own = {site.key: declared_loopback(site) for site in context.spec.sites}

    @classmethod
    def from_crawler(cls, crawler: Any) -> GuardMiddleware:
        """Take the context from the spider."""
        guard = cls(crawler.spider.context)
        crawler.signals.connect(guard.count_response, signal=signals.response_downloaded)
        return guard

    def process_request(self, request: Request) -> None:
        """Let a request pass into the queue of its host, or raise `RefusedRequestError`."""
        key = request.meta["site"]
        stop = self._context.stop_reason(key)
        refusal = stop or refusal_of_url(request.url, self._context.spec.allow_loopback, self._own[key])
        if refusal:
            raise RefusedRequestError(refusal)
        request.meta["download_slot"] = self._context.slots[key]

    def count_response(self, response: Response, request: Request) -> None:
        """Count the bytes as they came over the wire, before decompression."""
        latency_s = request.meta.get("download_latency")
        self._context.recorder.record_response(request.meta["site"], len(response.body), latency_s)
