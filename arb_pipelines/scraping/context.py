"""What the parts of one running shard share: its spec, the records on their way, visits, states and rules.

What belongs here: the object that a spider is given and that middlewares and pipelines reach through their
crawler. Scrapy copies its settings deeply, so live objects cannot travel in them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from arb_pipelines.domain.site import Site
from arb_pipelines.scraping.batch_writer import BatchWriter
from arb_pipelines.scraping.crawl_spec import CrawlSpec
from arb_pipelines.scraping.site_state import SiteStates
from arb_pipelines.scraping.visits import VisitRecorder


@dataclass(slots=True)
class CrawlContext:
    """One shard while it runs. `clock` returns aware UTC."""

    spec: CrawlSpec
    recorder: VisitRecorder
    states: SiteStates
    writer: BatchWriter
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    stopped: dict[str, str] = field(default_factory=dict)

    def stop_reason(self, key: str) -> str | None:
        """Return why no more requests go to site `key` in this visit, or None."""
        if self.writer.error is not None:
            return "store_failed"
        return self.stopped.get(key)

    def park(self, key: str, seconds: float, reason: str) -> None:
        """Stop the visit of site `key` and keep later ticks off it for `seconds`."""
        self.stopped[key] = reason
        self.states.get(key).park(self.clock(), seconds, reason)

    def refusal(self, site: Site) -> str | None:
        """Return why `site` is not visited at all in this tick, or None."""
        if not site.site_class.may_fetch:
            return f"class_{site.site_class.value}"
        return "parked" if self.states.get(site.key).parked(self.clock()) else None
