"""The pace of a site's slot, and the starts of its requests."""

from __future__ import annotations

from scrapy.exceptions import DownloadTimeoutError
from scrapy.http import Response

from arb_pipelines.scraping.middlewares.pacing import PacingMiddleware
from arb_pipelines.scraping.reasons import RefusedRequestError
from arb_pipelines_tests.scraping.middlewares.shard_parts import build_context, downloader, request, shop


def answer(pacing: PacingMiddleware, status: int, latency_s: float, **meta: object) -> None:
    asked = request(download_latency=latency_s, **meta)
    pacing.note_response(Response(asked.url, status=status), asked)


def test_slow_pages_slow_the_site_and_its_own_delay_is_the_floor() -> None:
    parts = downloader(corner=2.0)
    pacing = PacingMiddleware(lambda: parts, build_context([shop(delay_s=2.0)]))
    answer(pacing, 200, 9.0)
    assert parts.slots["corner"].delay == 9.0
    assert parts.per_slot_settings["corner"]["delay"] == 9.0, "a slot made anew would forget the pace"
    for _ in range(9):
        answer(pacing, 200, 0.01)
    assert parts.slots["corner"].delay == 2.0


def test_fast_errors_never_speed_a_site_up() -> None:
    parts = downloader(corner=8.0)
    pacing = PacingMiddleware(lambda: parts, build_context([shop(delay_s=1.0)]))
    for status in (404, 304, 301, 403):
        answer(pacing, status, 0.001)
    assert parts.slots["corner"].delay == 8.0
    answer(pacing, 503, 0.001)
    assert parts.slots["corner"].delay == 16.0
    pacing.process_exception(request(), DownloadTimeoutError("slow"))
    assert parts.slots["corner"].delay == 30.0
    answer(pacing, 200, 0.001, is_robots=True)
    assert parts.slots["corner"].delay == 30.0


def test_starts_are_noted_once_and_refusals_are_no_requests() -> None:
    parts = downloader(corner=0.0)
    context = build_context([shop()])
    pacing = PacingMiddleware(lambda: parts, context)
    pacing.process_exception(request(), RefusedRequestError("robots_disallow"))
    assert context.recorder.manners.facts("corner").requests == 0
    for started_at in (10.0, 10.0, 12.5):
        parts.slots["corner"].lastseen = started_at
        answer(pacing, 200, 0.1)
    facts = context.recorder.manners.facts("corner")
    assert (facts.requests, facts.shortest_gap_ms) == (2, 2_500)


def test_sites_on_one_host_keep_the_longest_delay() -> None:
    context = build_context([shop("a", delay_s=1.0), shop("b", delay_s=6.0)])
    assert context.slots == {"a": "a", "b": "b"}
    PacingMiddleware(lambda: downloader(), context)
    assert context.recorder.manners.delay_s("a") == 1.0
    shared = [shop("a", delay_s=1.0), shop("a2", delay_s=6.0)]
    shared[1] = type(shared[1])("a2", "A2", shared[0].url, delay_s=6.0)
    context = build_context(shared)
    PacingMiddleware(lambda: downloader(), context)
    assert context.recorder.manners.delay_s("a") == 6.0
