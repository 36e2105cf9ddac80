"""Requests that failed for the moment are made again, after a wait that no other site feels.

What belongs here: waiting, and giving up. Whether and how long is `domain/retrying.py`. Scrapy's own middleware asks
again at once and knows no deadline.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from typing import Any

from scrapy import Request
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response

from arb_pipelines.domain.retrying import Attempt, retry_wait_s
from arb_pipelines.scraping.context import CrawlContext
from arb_pipelines.scraping.reasons import RefusedRequestError, reason_of

PROXY_FAILED = "proxy_failed"


class RetryMiddleware:
    """Returns a failed request for another try while its site's visit can afford one."""

    def __init__(
        self,
        context: CrawlContext,
        downloader: Callable[[], Any],
        timeout_s: float,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        draw: Callable[[], float] = random.random,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """Retry within the deadline of the shard's `context`, counted from now; one try takes up to `timeout_s`."""
        self._context = context
        self._downloader = downloader
        self._timeout_s = timeout_s
        self._sleep = sleep
        self._draw = draw
        self._clock_s = clock_s
        self._ends_at_s = clock_s() + context.spec.deadline_s

    @classmethod
    def from_crawler(cls, crawler: Any) -> RetryMiddleware:
        """Take the context from the spider."""
        timeout_s = crawler.settings.getfloat("DOWNLOAD_TIMEOUT")
        return cls(crawler.spider.context, lambda: crawler.engine.downloader, timeout_s)

    async def process_response(self, request: Request, response: Response) -> Request | Response:
        """Pass the response on, or return the request for another try."""
        if response.status < 400:
            return response
        return await self._again(request, f"http_{response.status}") or response

    async def process_exception(self, request: Request, exception: Exception) -> Request | None:
        """Return the request for another try, or let the exception pass."""
        if isinstance(exception, IgnoreRequest):
            return None
        through_proxy = request.meta.get(PROXY_FAILED) is True
        again = await self._again(request, PROXY_FAILED if through_proxy else reason_of(exception))
        if again is None and through_proxy:
            raise RefusedRequestError(PROXY_FAILED) from exception
        return again

    async def _again(self, request: Request, reason: str) -> Request | None:
        key, manners = request.meta["site"], self._context.recorder.manners
        if self._context.stop_reason(key):
            return None
        retries = request.meta.get("retry_times", 0)
        left_s = self._ends_at_s - self._clock_s()
        attempt_s = self._timeout_s + manners.delay_s(key)
        wait_s = retry_wait_s(Attempt(reason, retries, manners.retries(key), left_s, attempt_s), self._draw())
        if wait_s is None:
            return None
        manners.note_retry(key)
        await self._wait(wait_s)
        again: Request = request.copy()
        again.meta["retry_times"] = retries + 1
        again.dont_filter = True
        return again

    async def _wait(self, seconds: float) -> None:
        """Wait outside the count of concurrent requests: the place of a waiting one is given to another site."""
        downloader = self._downloader()
        is_limited = downloader.total_concurrency > 0
        downloader.total_concurrency += is_limited
        try:
            await self._sleep(seconds)
        finally:
            downloader.total_concurrency -= is_limited
