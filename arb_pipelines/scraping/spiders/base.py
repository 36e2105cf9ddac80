"""What every spider does with every site: one request at a time, one record a product page, one verdict.

What belongs here: the walk along a site's visit plan and the treatment of failures. How a page shape finds its
product pages is the matter of the shape's own module.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, ClassVar

import scrapy
from scrapy.http import Response

from arb_pipelines.domain.site import Rendering, Site, SiteShape
from arb_pipelines.domain.visit_schedule import rank_pages
from arb_pipelines.scraping.batch_writer import PageRecord
from arb_pipelines.scraping.context import CrawlContext
from arb_pipelines.scraping.extraction.page import page_verdict, read_page
from arb_pipelines.scraping.extraction.verdict import CHALLENGE
from arb_pipelines.scraping.middlewares.raw_pages import ARRIVAL, Arrival
from arb_pipelines.scraping.reasons import reason_of, response_of
from arb_pipelines.scraping.shipping_leftovers import declared_encoding

logger = logging.getLogger(__name__)

CHALLENGE_PARK_S = 3600.0
GONE = (404, 410)


@dataclass(slots=True)
class Visit:
    """One site's visit while it runs: the URLs still to fetch and how many product pages may follow."""

    site: Site
    pages_left: int
    queue: deque[tuple[str, str]] = field(default_factory=deque)  # (kind, URL)
    seen: set[str] = field(default_factory=set)

    def add(self, kind: str, urls: Iterable[str]) -> None:
        """Queue the URLs that this visit has not had yet; product pages come before further listings."""
        new = [url for url in dict.fromkeys(urls) if url not in self.seen]
        self.seen.update(new)
        if kind == "product":
            self.queue.extendleft((kind, url) for url in reversed(new))
        else:
            self.queue.extend((kind, url) for url in new)

    def next(self) -> tuple[str, str] | None:
        """Return the next (kind, URL), None when the plan is done or its pages are used up."""
        if not self.queue or self.pages_left <= 0:
            return None
        kind, url = self.queue.popleft()
        if kind == "product":
            self.pages_left -= 1
        return kind, url


class SiteSpider(scrapy.Spider):
    """Base of the shape spiders: one instance visits all sites of one shape in a shard."""

    shape: ClassVar[SiteShape]

    def __init__(self, context: CrawlContext, sites: Sequence[Site], **kwargs: Any) -> None:
        """Visit `sites`; everything shared is in `context`."""
        super().__init__(**kwargs)
        self.context = context
        self.sites = sites

    def plan(self, visit: Visit) -> None:
        """Queue where the visit begins."""
        raise AssertionError(f"{type(self).__name__} must say where a visit begins")

    def read_other(self, visit: Visit, response: Response, kind: str) -> None:
        """Queue what a page that is not a product page leads to."""
        raise AssertionError(f"{type(self).__name__} cannot read a page of kind {kind!r}")

    async def start(self) -> AsyncIterator[scrapy.Request]:
        """Yield the first request of every site."""
        for site in self.sites:
            visit = Visit(site, pages_left=site.pages_per_visit)
            refusal = self.context.refusal(site)
            visit.pages_left = self.context.page_budget(site)
            if refusal:
                self.end(visit, refusal)
                continue
            self.plan(visit)
            for request in self.follow(visit):
                yield request

    def parse(self, response: Response, **kwargs: Any) -> Iterator[PageRecord | scrapy.Request]:
        """Read one response, then go on with the site's plan, whatever happened."""
        visit: Visit = kwargs["visit"]
        try:
            if kwargs["kind"] == "product":
                yield from self.read_product(visit, response)
            else:
                self.read_other(visit, response, kwargs["kind"])
        except Exception as error:  # noqa: BLE001 - one page's fault must not end the visit or the shard
            logger.warning("site %s: %s: %s: %s", visit.site.key, response.url, type(error).__name__, error)
            self.context.recorder.record_failure(visit.site.key, "spider_error")
            self.release(response)
        yield from self.follow(visit)

    def failed(self, failure: Any) -> Iterator[scrapy.Request]:
        """Note why a request brought nothing, then go on with the site's plan."""
        visit: Visit = failure.request.cb_kwargs["visit"]
        response = response_of(failure.value)
        if response is not None and response.status in GONE:
            self.context.memories.get(visit.site).forget(failure.request.cb_kwargs["url"])
        verdict = page_verdict(response.body, response.url) if response is not None else None
        self.note(visit, CHALLENGE if verdict == CHALLENGE else reason_of(failure.value))
        yield from self.follow(visit)

    def most_worth(self, visit: Visit, urls: Iterable[str]) -> list[str]:
        """Return the pages of `urls` to read in this visit: those never read and the stale and lively ones first."""
        facts = self.context.memories.get(visit.site).facts(urls, self.context.spec.hot_urls)
        interval = timedelta(seconds=visit.site.interval_s)
        budget = self.context.page_budget(visit.site)
        return rank_pages(facts, self.context.clock(), budget, reading_interval=interval)

    def note(self, visit: Visit, reason: str) -> None:
        """Record why something of the site brought nothing; a challenge also stops the visit and parks the site."""
        if reason == CHALLENGE:
            self.context.park(visit.site.key, CHALLENGE_PARK_S, reason)
        self.context.recorder.record_failure(visit.site.key, reason)

    def read_product(self, visit: Visit, response: Response) -> Iterator[PageRecord]:
        """Yield the record of a product page; a challenge stops the site."""
        arrival: Arrival | None = response.meta.get(ARRIVAL)
        self.context.recorder.record_page(visit.site.key)
        if arrival is None:
            self.note(visit, f"http_{response.status}")
        elif arrival.unchanged is not None:
            yield self.repeat_page(visit, response, arrival)
        else:
            yield from self.read_page(visit, response, arrival)

    def repeat_page(self, visit: Visit, response: Response, arrival: Arrival) -> PageRecord:
        """Return the last record of a page that has not changed, as seen now."""
        key, url, now = visit.site.key, response.request.cb_kwargs["url"], self.context.clock()
        assert arrival.unchanged is not None
        self.context.recorder.record_unchanged(key)
        self.context.memories.get(visit.site).confirm(url, now)
        return PageRecord(arrival.unchanged.repeat(key, url, now, self.context.spec.tick_id), arrival.frame)

    def read_page(self, visit: Visit, response: Response, arrival: Arrival) -> Iterator[PageRecord]:
        """Yield what a page that is new to us says."""
        reading = read_page(
            response.body,
            url=response.request.cb_kwargs["url"],
            site=visit.site,
            fetched_at=self.context.clock(),
            tick_id=self.context.spec.tick_id,
            encoding=declared_encoding((response.headers.get("Content-Type") or b"").decode("latin-1")),
        )
        if reading.verdict:
            self.note(visit, reading.verdict)
        if reading.verdict == CHALLENGE:
            self.release(response)
            return
        memory = self.context.memories.get(visit.site)
        memory.learn(reading.product, arrival.etag, arrival.last_modified, arrival.wire_sha256)
        yield PageRecord(reading.product, arrival.frame)

    def release(self, response: Response) -> None:
        """Note that an appended page has no record to ship."""
        arrival: Arrival | None = response.meta.get(ARRIVAL)
        if arrival is not None:
            self.context.segments.release(arrival.frame)

    def follow(self, visit: Visit) -> Iterator[scrapy.Request]:
        """Yield the next request of the plan, or end the visit."""
        stop = self.context.stop_reason(visit.site.key)
        if stop:
            self.end(visit, stop)
            return
        step = visit.next()
        if step is None:
            self.end(visit, None)
            return
        kind, url = step
        try:
            yield self.build_request(visit, kind, url)
        except ValueError:
            self.end(visit, "bad_url")

    def build_request(self, visit: Visit, kind: str, url: str) -> scrapy.Request:
        """Return a request in the site's own download slot."""
        meta: dict[str, Any] = {
            "site": visit.site.key,
            "download_slot": visit.site.key,
            "handle_httpstatus_list": [304],
        }
        if visit.site.rendering is Rendering.BROWSER:
            from arb_pipelines.scraping.browser import browser_meta

            meta |= browser_meta()
        return scrapy.Request(
            url,
            callback=self.parse,
            errback=self.failed,
            cb_kwargs={"visit": visit, "kind": kind, "url": url},
            meta=meta,
            dont_filter=True,
        )

    def end(self, visit: Visit, reason: str | None) -> None:
        """Close the visit; `reason` says why it ends before its plan does."""
        if reason:
            self.context.recorder.record_failure(visit.site.key, reason)
        self.context.recorder.finish(visit.site.key)


def rotate(urls: Sequence[str], cursor: int) -> list[str]:
    """Return `urls` beginning at `cursor` (modulo their number), so that every page gets its turn."""
    if not urls:
        return []
    at = cursor % len(urls)
    return [*urls[at:], *urls[:at]]
