"""Each site at its own pace: slower when it answers slowly or fails, never faster than it allows.

What belongs here: setting the delay of a site's download slot by `domain/pacing.py`, and noting when its requests
started, for the politeness report.
"""

from __future__ import annotations

from typing import Any

from scrapy import Request, signals
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response

from arb_pipelines.domain.pacing import next_delay_s
from arb_pipelines.scraping.context import CrawlContext

OVERLOADED = frozenset({408, 429, *range(500, 600)})


class PacingMiddleware:
    """Adapts the delay of a site to its answers, between its shortest gap and the longest delay."""

    def __init__(self, downloader: Any, context: CrawlContext) -> None:
        """Set delays in `downloader()`'s slots; the shortest gap of a host is the longest that its sites declare."""
        self._downloader = downloader
        self._context = context
        for site in context.spec.sites:
            for key, slot in context.slots.items():
                if slot == context.slots[site.key]:
                    context.recorder.manners.note_delay(key, site.delay_s)

    @classmethod
    def from_crawler(cls, crawler: Any) -> PacingMiddleware:
        """Take the context from the spider; the downloader exists once the crawl has begun."""
        pacing = cls(lambda: crawler.engine.downloader, crawler.spider.context)
        crawler.signals.connect(pacing.note_response, signal=signals.response_downloaded)
        return pacing

    def note_response(self, response: Response, request: Request) -> None:
        """Note that a request was answered, and how fast."""
        self._note_start(request)
        is_failing = response.status in OVERLOADED
        # Redirects, 304 and 404 are small and say nothing about the time that a page takes.
        if is_failing or (response.status == 200 and not request.meta.get("is_robots")):
            self._adapt(request, request.meta.get("download_latency"), is_ok=not is_failing)

    def process_exception(self, request: Request, exception: Exception) -> None:
        """Note that a request was sent and not answered; one that was refused here was never sent."""
        if isinstance(exception, IgnoreRequest):
            return
        self._note_start(request)
        self._adapt(request, None, is_ok=False)

    def _note_start(self, request: Request) -> None:
        slot = self._downloader().slots.get(request.meta["download_slot"])
        if slot is not None and slot.lastseen:
            self._context.recorder.manners.note_start(request.meta["site"], slot.lastseen)

    def _adapt(self, request: Request, latency_s: float | None, is_ok: bool) -> None:
        name, downloader = request.meta["download_slot"], self._downloader()
        slot = downloader.slots.get(name)
        if slot is not None:
            floor_s = self._context.recorder.manners.delay_s(request.meta["site"])
            set_delay(downloader, name, next_delay_s(slot.delay, floor_s, latency_s, is_ok))


def set_delay(downloader: Any, name: str, delay_s: float) -> None:
    """Set the delay of a slot, also for when Scrapy drops the slot after an idle minute and makes it anew."""
    downloader.per_slot_settings.setdefault(name, {})["delay"] = delay_s
    slot = downloader.slots.get(name)
    if slot is not None:
        slot.delay = delay_s
