"""The parts of a shard that a middleware needs, without a crawl.

What belongs here: a context with a settable clock, and a downloader of bare slots.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from scrapy import Request
from scrapy.core.downloader import Slot

from arb_pipelines.domain.site import Site, SiteClass
from arb_pipelines.scraping.context import CrawlContext
from arb_pipelines.scraping.crawl_spec import CrawlSpec
from arb_pipelines.scraping.site_state import SiteStates
from arb_pipelines.scraping.visits import VisitRecorder
from arb_pipelines_tests.fakes.clock import SettableClock

AGENT = "arb/1 (+https://prices.acme-books.com/bot)"


def shop(key: str = "corner", **changes: Any) -> Site:
    """Return a shop that may be fetched."""
    values: dict[str, Any] = {"site_class": SiteClass.PERMITTED, "delay_s": 0.0}
    return Site(key, key.title(), f"https://{key}.example", **(values | changes))


def build_context(
    sites: Sequence[Site], folder: Path | None = None, clock: SettableClock | None = None, **changes: Any
) -> CrawlContext:
    """Return a context over `sites`; what stores records is not there."""
    values: dict[str, Any] = {"user_agent": AGENT, "deadline_s": 240.0, "state_dir": folder}
    nothing: Any = SimpleNamespace(error=None)
    spec = CrawlSpec(
        tick_id="t", sites=tuple(sites), raw_sites=(), store_factory="", result_path=Path(), **(values | changes)
    )
    clock = clock or SettableClock()
    recorder = VisitRecorder("t", sites, clock.now)
    return CrawlContext(spec, recorder, SiteStates(folder), nothing, nothing, nothing, clock=clock.now)


def request(key: str = "corner", url: str = "", **meta: Any) -> Request:
    """Return a request of a site, in its slot."""
    return Request(url or f"https://{key}.example/p/1", meta={"site": key, "download_slot": key, **meta})


def downloader(**delays: float) -> Any:
    """Return a downloader with one slot a site."""
    slots = {key: Slot(1, delay_s, 0) for key, delay_s in delays.items()}
    return cast("Any", SimpleNamespace(slots=slots, per_slot_settings={}, total_concurrency=16))
