"""Retries wait, are counted, respect the deadline, and leave what is final alone."""

from __future__ import annotations

import asyncio

import pytest
from scrapy import Request
from scrapy.exceptions import DownloadConnectionRefusedError, DownloadTimeoutError
from scrapy.http import Response

from arb_pipelines.scraping.middlewares.retrying import PROXY_FAILED, RetryMiddleware
from arb_pipelines.scraping.reasons import RefusedRequestError
from arb_pipelines_tests.scraping.middlewares.shard_parts import build_context, downloader, request, shop


class Bench:
    """A retry middleware whose waits are noted instead of waited."""

    def __init__(self, deadline_s: float = 240.0) -> None:
        self.context = build_context([shop()], deadline_s=deadline_s)
        self.downloader = downloader(corner=0.0)
        self.waits: list[float] = []
        self.places: list[int] = []
        self.now_s = 0.0
        self.retry = RetryMiddleware(
            self.context, lambda: self.downloader, 15.0, sleep=self.sleep, draw=lambda: 0.0, clock_s=lambda: self.now_s
        )

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.places.append(self.downloader.total_concurrency)
        self.now_s += seconds

    def answer(self, asked: Request, status: int) -> Request | Response:
        return asyncio.run(self.retry.process_response(asked, Response(asked.url, status=status)))

    def fail(self, asked: Request, error: Exception) -> Request | None:
        return asyncio.run(self.retry.process_exception(asked, error))


def test_a_5xx_is_asked_again_three_times_ever_later() -> None:
    bench = Bench()
    asked = request()
    for _ in range(3):
        again = bench.answer(asked, 503)
        assert isinstance(again, Request)
        asked = again
    assert isinstance(bench.answer(asked, 503), Response)
    assert bench.waits == [1.0, 2.0, 4.0]
    assert bench.context.recorder.manners.facts("corner").retries == 3


def test_a_waiting_request_leaves_its_place_to_others() -> None:
    bench = Bench()
    bench.answer(request(), 500)
    assert bench.places == [17]
    assert bench.downloader.total_concurrency == 16
    bench.downloader.total_concurrency = 0  # no limit stays no limit
    bench.answer(request(), 500)
    assert bench.places == [17, 0]


@pytest.mark.parametrize("status", [200, 304, 301, 400, 403, 404, 410, 429])
def test_other_answers_pass(status: int) -> None:
    bench = Bench()
    assert isinstance(bench.answer(request(), status), Response)
    assert bench.waits == []


def test_a_timeout_is_asked_again_once_and_a_refusal_of_ours_never() -> None:
    bench = Bench()
    again = bench.fail(request(), DownloadTimeoutError("slow"))
    assert again is not None
    assert bench.fail(again, DownloadTimeoutError("slow")) is None
    assert bench.fail(request(), RefusedRequestError("timeout")) is None


def test_the_deadline_holds() -> None:
    bench = Bench(deadline_s=20.0)
    again = bench.fail(request(), DownloadConnectionRefusedError("no"))
    assert again is not None
    bench.now_s = 4.0
    assert bench.fail(again, DownloadConnectionRefusedError("no")) is None


def test_a_stopped_site_is_not_asked_again() -> None:
    bench = Bench()
    bench.context.park("corner", 60.0, "http_429")
    assert isinstance(bench.answer(request(), 503), Response)


def test_a_proxy_that_gives_up_is_told_from_the_shop() -> None:
    bench = Bench()
    asked = request(retry_times=3, **{PROXY_FAILED: True})
    with pytest.raises(RefusedRequestError, match=PROXY_FAILED):
        bench.fail(asked, DownloadConnectionRefusedError("no"))
