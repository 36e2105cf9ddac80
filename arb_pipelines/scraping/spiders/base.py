"""What every spider does with every site: one request at a time, one record a product page, one verdict.

What belongs here: the walk along a site's visit plan and the treatment of failures. How a page shape finds its
product pages is the matter of the shape's own module.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import scrapy
from scrapy.http import Response

from arb_pipelines.domain.raw_product import RawProduct
from arb_pipelines.domain.site import Rendering, Site, SiteShape
from arb_pipelines.scraping.context import CrawlContext
from arb_pipelines.scraping.extraction.page import page_verdict, read_page
from arb_pipelines.scraping.extraction.verdict import CHALLENGE
from arb_pipelines.scraping.reasons import reason_of, response_of

logger = logging.getLogger(__name__)

CHALLENGE_PARK_S = 3600.0


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
            if refusal:
                self.end(visit, refusal)
                continue
            self.plan(visit)
            for request in self.follow(visit):
                yield request

    def parse(self, response: Response, **kwargs: Any) -> Iterator[RawProduct | scrapy.Request]:
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
        yield from self.follow(visit)

    def failed(self, failure: Any) -> Iterator[scrapy.Request]:
        """Note why a request brought nothing, then go on with the site's plan."""
        visit: Visit = failure.request.cb_kwargs["visit"]
        response = response_of(failure.value)
        verdict = page_verdict(response.body, response.url) if response is not None else None
        self.note(visit, CHALLENGE if verdict == CHALLENGE else reason_of(failure.value))
        yield from self.follow(visit)

    def note(self, visit: Visit, reason: str) -> None:
        """Record why something of the site brought nothing; a challenge also stops the visit and parks the site."""
        if reason == CHALLENGE:
            self.context.park(visit.site.key, CHALLENGE_PARK_S, reason)
        self.context.recorder.record_failure(visit.site.key, reason)

    def read_product(self, visit: Visit, response: Response) -> Iterator[RawProduct]:
        """Yield the record of a product page; a challenge stops the site."""
        key = visit.site.key
        reading = read_page(
            response.body,
            url=response.request.cb_kwargs["url"],
            site=visit.site,
            fetched_at=self.context.clock(),
            tick_id=self.context.spec.tick_id,
            encoding=_declared_encoding(response),
        )
        self.context.recorder.record_page(key)
        if reading.verdict:
            self.note(visit, reading.verdict)
        if reading.verdict != CHALLENGE:
            yield reading.product

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
        meta: dict[str, Any] = {"site": visit.site.key, "download_slot": visit.site.key}
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


def _declared_encoding(response: Response) -> str | None:
    """Return the charset of the Content-Type header, None when it names none."""
    header = (response.headers.get("Content-Type") or b"").decode("latin-1").lower()
    _, _, charset = header.partition("charset=")
    return charset.split(";")[0].strip(" \"'") or None


def rotate(urls: Sequence[str], cursor: int) -> list[str]:
    """Return `urls` beginning at `cursor` (modulo their number), so that every page gets its turn."""
    if not urls:
        return []
    at = cursor % len(urls)
    return [*urls[at:], *urls[:at]]
