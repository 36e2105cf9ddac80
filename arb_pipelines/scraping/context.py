"""What the parts of one running shard share: its spec, the records on their way, visits, states and rules.

What belongs here: the object that a spider is given and that middlewares and pipelines reach through their
crawler. Scrapy copies its settings deeply, so live objects cannot travel in them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property

from arb_pipelines.domain.circuit_breaker import PROBE_PAGES, CircuitState
from arb_pipelines.domain.manners import has_contact, host_of, is_loopback
from arb_pipelines.domain.sharding import slot_names
from arb_pipelines.domain.site import Site, SiteVisit
from arb_pipelines.scraping.batch_writer import BatchWriter
from arb_pipelines.scraping.crawl_spec import CrawlSpec
from arb_pipelines.scraping.page_memory import PageMemories
from arb_pipelines.scraping.segments import SegmentWriter
from arb_pipelines.scraping.site_state import SiteStates
from arb_pipelines.scraping.visits import VisitRecorder


@dataclass
class CrawlContext:
    """One shard while it runs. `clock` returns aware UTC."""

    spec: CrawlSpec
    recorder: VisitRecorder
    states: SiteStates
    memories: PageMemories
    segments: SegmentWriter
    writer: BatchWriter
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    stopped: dict[str, str] = field(default_factory=dict)
    store_fault: str | None = None

    def stop_reason(self, key: str) -> str | None:
        """Return why no more requests go to site `key` in this visit, or None."""
        if self.store_fault or self.writer.error is not None:
            return "store_failed"
        return self.stopped.get(key)

    def fail_store(self, message: str) -> None:
        """Note that no page can be kept any more, which ends the visits: what cannot be kept is not read."""
        self.store_fault = message

    def park(self, key: str, seconds: float, reason: str) -> None:
        """Stop the visit of site `key` and keep later ticks off it for `seconds`, even if this process is killed."""
        self.stopped[key] = reason
        self.states.get(key).park(self.clock(), seconds, reason)
        self.recorder.manners.note_pause(key, seconds, is_asked=reason.startswith("http_"))
        with suppress(OSError):  # a full disk is told when all states are saved
            self.states.keep(key)

    def refusal(self, site: Site) -> str | None:
        """Return why `site` is not visited at all in this tick, or None."""
        if not site.site_class.may_fetch:
            return f"class_{site.site_class.value}"
        if not is_loopback(site.url) and not has_contact(self.spec.user_agent):
            return "no_contact"
        if not self.states.hold(site.key, host_of(site.url)):
            return "site_busy"
        return self.states.get(site.key).refusal(self.clock())

    def page_budget(self, site: Site) -> int:
        """Return how many product pages a visit may read: one while the site's circuit is only tried."""
        is_probe = self.states.get(site.key).circuit.state(self.clock()) is CircuitState.HALF_OPEN
        return min(PROBE_PAGES, site.pages_per_visit) if is_probe else site.pages_per_visit

    def learn(self, visits: Sequence[SiteVisit]) -> None:
        """Take in how the visits ended, for circuits and intervals."""
        self.states.learn(visits, self.spec.sites)

    @cached_property
    def slots(self) -> dict[str, str]:
        """The name of the download slot of each site: one a host."""
        return slot_names(self.spec.sites)
