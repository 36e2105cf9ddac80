"""robots.txt, as RFC 9309 has it: obeyed, kept at most a day, and silence of the server means no.

What belongs here: fetching, keeping and asking robots.txt. Scrapy's own middleware lets everything pass when
robots.txt answers 5xx or not at all, and fetches it again in every process.
"""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import urlsplit

from protego import Protego
from scrapy import Request
from scrapy.http.request import NO_CALLBACK

from arb_pipelines.domain.pacing import delay_of_rate
from arb_pipelines.scraping.context import CrawlContext
from arb_pipelines.scraping.middlewares.pacing import set_delay
from arb_pipelines.scraping.reasons import RefusedRequestError, reason_of
from arb_pipelines.scraping.site_state import ROBOTS_MAX_CHARS, RobotsCopy

ROBOTS_PRIORITY = 1000
# A shop that wants more time between two pages gets one page a visit, and is parked for that time.
MAX_DELAY_IN_VISIT_S = 60.0
MAX_CRAWL_DELAY_S = 86_400.0
CRAWL_DELAY = "crawl_delay"


class RobotsMiddleware:
    """Asks robots.txt of a request's origin before the request goes out."""

    def __init__(self, crawler: Any, context: CrawlContext) -> None:
        """Fetch through `crawler`, keep copies in the context's site states."""
        self._crawler = crawler
        self._context = context
        # The part before the slash names the robot; the contact behind it must not match a group.
        self._robot = context.spec.user_agent.split("/", 1)[0].strip() or "arb-pipelines"
        self._rules: dict[tuple[str, str], asyncio.Future[Protego]] = {}

    @classmethod
    def from_crawler(cls, crawler: Any) -> RobotsMiddleware:
        """Take the context from the spider."""
        return cls(crawler, crawler.spider.context)

    async def process_request(self, request: Request) -> None:
        """Let the request pass, or raise `RefusedRequestError` with the reason."""
        if request.meta.get("is_robots"):
            return
        rules = await self._rules_for(request)
        key = request.meta["site"]
        if not rules.can_fetch(request.url, self._robot):
            self._context.recorder.manners.note_robots_refusal(key)
            raise RefusedRequestError("robots_disallow")
        asked_s = asked_delay_s(rules, self._robot)
        if asked_s > MAX_DELAY_IN_VISIT_S:
            self._context.park(key, asked_s, CRAWL_DELAY)
            if self._fetched_now(key):
                raise RefusedRequestError(CRAWL_DELAY)

    async def _rules_for(self, request: Request) -> Protego:
        parts = urlsplit(request.url)
        origin = f"{parts.scheme}://{parts.netloc}"
        key = (request.meta["site"], origin)
        if key in self._rules:
            return await self._rules[key]
        future: asyncio.Future[Protego] = asyncio.get_running_loop().create_future()
        self._rules[key] = future
        try:
            copy = await self._load_or_fetch(*key)
            rules = Protego.parse(copy.text)
        except Exception as error:
            refused = error if isinstance(error, RefusedRequestError) else RefusedRequestError(reason_of(error))
            future.set_exception(refused)
            future.exception()  # marks it as seen: nobody else may be waiting for it
            raise refused from error
        self._slow_down(key[0], asked_delay_s(rules, self._robot))
        future.set_result(rules)
        return rules

    async def _load_or_fetch(self, site: str, origin: str) -> RobotsCopy:
        state = self._context.states.get(site)
        kept = state.fresh_robots(origin, self._context.clock())
        if kept is not None:
            return kept
        copy = await self._fetch(site, origin)
        state.robots[origin] = copy
        return copy

    async def _fetch(self, site: str, origin: str) -> RobotsCopy:
        """Fetch robots.txt: 2xx is the text, 4xx means everything is allowed, 5xx that nothing is."""
        response = await self._crawler.engine.download_async(
            Request(
                f"{origin}/robots.txt",
                priority=ROBOTS_PRIORITY,
                callback=NO_CALLBACK,
                meta={"site": site, "download_slot": site, "is_robots": True},
            )
        )
        if response.status >= 500:
            raise RefusedRequestError("robots_5xx")
        text = response.body.decode("utf-8", "replace") if 200 <= response.status < 300 else ""
        return RobotsCopy(response.status, text[:ROBOTS_MAX_CHARS], self._context.clock().isoformat())

    def _fetched_now(self, site: str) -> bool:
        """Return whether this visit has already made a request: then even the first page would come too soon."""
        return self._context.recorder.manners.facts(site).requests > 0

    def _slow_down(self, site: str, asked_s: float) -> None:
        """Widen the site's shortest gap to what its robots.txt asks for."""
        manners, name = self._context.recorder.manners, self._context.slots[site]
        manners.note_delay(site, min(asked_s, MAX_DELAY_IN_VISIT_S))
        slot = self._crawler.engine.downloader.slots.get(name)
        now_s = slot.delay if slot is not None else 0.0
        set_delay(self._crawler.engine.downloader, name, max(now_s, manners.delay_s(site)))


def asked_delay_s(rules: Protego, robot: str) -> float:
    """Return the seconds between two requests that robots.txt asks for by Crawl-delay or Request-rate, else 0."""
    rate = rules.request_rate(robot)
    by_rate = delay_of_rate(rate.requests, rate.seconds) if rate else 0.0
    return min(MAX_CRAWL_DELAY_S, max(0.0, float(rules.crawl_delay(robot) or 0.0), by_rate))
