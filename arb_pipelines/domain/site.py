"""A shop we watch: what its declaration says, what its class permits, and what one visit to it brought.

What belongs here: the words of the site registry and the rule that decides whether a site may be visited.
Reading the TOML files is `scraping/registry.py`; visiting them is `scraping/crawl.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum

from arb_pipelines.domain.manners import VisitManners

TICK_TIME = "%Y%m%dT%H%M%SZ"


class SiteClass(StrEnum):
    """On what footing a site is read. Unknown is `RESTRICTED`: not fetched without a person's decision."""

    API_LICENSED = "api_licensed"
    PERMITTED = "permitted"
    PUBLIC_UNSPECIFIED = "public_unspecified"
    RESTRICTED = "restricted"
    FORBIDDEN = "forbidden"

    @property
    def may_fetch(self) -> bool:
        """Whether pages of such a site may be requested at all."""
        return self in (SiteClass.API_LICENSED, SiteClass.PERMITTED, SiteClass.PUBLIC_UNSPECIFIED)

    @property
    def may_store(self) -> bool:
        """Whether what such a site says may be kept: only what might be fetched in the first place."""
        return self.may_fetch

    @property
    def may_train(self) -> bool:
        """Whether a model may learn from it: only with a licence or a permission, not because it is public."""
        return self in (SiteClass.API_LICENSED, SiteClass.PERMITTED)

    @property
    def may_order(self) -> bool:
        """Whether a machine may order there: only with a licence or a permission, not because it is public."""
        return self in (SiteClass.API_LICENSED, SiteClass.PERMITTED)

    @property
    def may_buy(self) -> bool:
        """Whether a purchase may be prepared there (a person completes it unless licensed)."""
        return self in (SiteClass.API_LICENSED, SiteClass.PERMITTED, SiteClass.PUBLIC_UNSPECIFIED)


class SiteShape(StrEnum):
    """How the product pages of a site are found; one spider serves each shape."""

    PAGES = "pages"  # start_urls are product pages
    LISTING = "listing"  # start_urls are listing pages that link to product pages
    SEARCH = "search"  # search_url is asked for every keyword and location; its results link to product pages


class Rendering(StrEnum):
    """Whether plain HTTP is enough to see the price or a browser must run the page."""

    STATIC = "static"
    BROWSER = "browser"


@dataclass(frozen=True, slots=True)
class Site:
    """One declared shop. Times in seconds; `currency` where the shop sells in just one (else None)."""

    key: str
    name: str
    url: str
    site_class: SiteClass = SiteClass.RESTRICTED
    shape: SiteShape = SiteShape.PAGES
    start_urls: Sequence[str] = ()
    product_url_pattern: str | None = None
    rendering: Rendering = Rendering.STATIC
    pages_per_visit: int = 1
    delay_s: float = 5.0
    interval_s: int = 300
    currency: str | None = None
    tax_rate: Decimal | None = None
    tax_recoverable: bool = False
    buyer: str = "assist"
    selectors: Mapping[str, str] = field(default_factory=dict)
    enabled: bool = True
    search_url: str | None = None  # with {keyword}, and {location} and {page} where the shop has them
    keywords: Sequence[str] = ()
    locations: Sequence[str] = ()
    search_pages: int = 3  # most result pages read of one search


class VisitOutcome(StrEnum):
    """How one visit ended. `FAILED` is a finding about the shop, not an error of the run."""

    OK = "ok"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class SiteVisit:
    """What one visit to one site brought; kept apart from its prices, so that a silent outage is seen."""

    site: str
    tick_id: str
    started_at: datetime
    finished_at: datetime
    outcome: VisitOutcome
    reason: str | None  # a reason code such as `http_503`, `robots_disallow`, `no_offers`; None when OK
    pages: int
    offers: int
    bytes_received: int
    latency_ms: int | None  # mean time to a response, None when none came
    unchanged: int = 0  # of the pages, those that had not changed since the last visit
    manners: VisitManners | None = None  # None when nobody counted


def tick_id_at(now: datetime, prefix: str = "tick") -> str:
    """Return the id of the tick that starts at `now` (aware), to the second: `tick-20260102T030405Z`."""
    return f"{prefix}-{now.astimezone(UTC):{TICK_TIME}}"


def tick_moment(tick_id: str) -> datetime | None:
    """Return when a tick began, or None if its id does not say."""
    try:
        return datetime.strptime(tick_id.rpartition("-")[2], TICK_TIME).replace(tzinfo=UTC)
    except ValueError:
        return None


def due_sites(sites: Sequence[Site], last_tick_at: Mapping[str, datetime], now: datetime) -> list[Site]:
    """Return the enabled sites that may be fetched and whose interval has passed, longest waiting first.

    A site that was never visited comes first. What counts is when the tick of the last visit began: counted from
    the visit itself, a minute later, a site of 300 s would miss every second tick of a sensor of 300 s. For the same
    reason 1 s of jitter is allowed.
    """

    def waited_s(site: Site) -> float:
        last = last_tick_at.get(site.key)
        return float("inf") if last is None else (now - last).total_seconds()

    due = [s for s in sites if s.enabled and s.site_class.may_fetch and waited_s(s) >= s.interval_s - 1]
    return sorted(due, key=lambda s: (-waited_s(s), s.key))
