"""Whether the shops were treated well: what each was asked, how fast, and whether its wishes were kept.

What belongs here: adding up the visits of a period by site, the verdict, and its table. The facts are counted while
a visit runs, see `domain/manners.py`; rates are those within one visit.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from arb_pipelines.domain.circuit_breaker import CIRCUIT_OPEN
from arb_pipelines.domain.site import SiteVisit

MINUTE_MS = 60_000
SHOWN_SITES = 50
RESTING = ("parked", CIRCUIT_OPEN)
HEADS = (
    "site", "visits", "requests", "peak a minute", "allowed", "too soon", "refused by robots.txt", "asked for rest",
    "back too early", "rested (min)", "left out", "MB", "verdict",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SitePoliteness:
    """One site over the period, or all of them together.

    `allowed_per_minute` is what the longest delay in force allows (None: no delay is declared or asked for);
    `too_soon` counts gaps shorter than allowed; `early_returns` visits that asked something of the shop before the
    rest that it wanted was over; `left_out` visits that were not made because the site rests; `uncounted` visits
    that were ended before they could say what they asked.
    """

    site: str
    visits: int = 0
    requests: int = 0
    retries: int = 0
    peak_per_minute: int = 0
    allowed_per_minute: int | None = None
    too_soon: int = 0
    robots_refused: int = 0
    throttled: int = 0
    early_returns: int = 0
    paused_s: int = 0
    left_out: int = 0
    uncounted: int = 0
    bytes_received: int = 0

    @property
    def is_polite(self) -> bool:
        """Whether every wish of the site was kept as far as was counted."""
        over = self.allowed_per_minute is not None and self.peak_per_minute > self.allowed_per_minute
        return not (over or self.too_soon or self.early_returns)


@dataclass(frozen=True, slots=True)
class PolitenessReport:
    """The period (start <= visit < end), the sites (impolite ones first, then by requests), and their total."""

    start: datetime
    end: datetime
    sites: tuple[SitePoliteness, ...]
    total: SitePoliteness

    def to_json(self) -> dict[str, Any]:
        """Return the report as a JSON object; times as ISO text."""
        total = {name: value for name, value in asdict(self.total).items() if name not in ("site", *_NOT_SUMMED)}
        return {
            "from": self.start.isoformat(),
            "to": self.end.isoformat(),
            "polite": all(site.is_polite for site in self.sites),
            "total": total | {"sites": len(self.sites)},
            "sites": [asdict(site) | {"polite": site.is_polite} for site in self.sites],
        }


_NOT_SUMMED = ("peak_per_minute", "allowed_per_minute")


def build_report(visits: Iterable[SiteVisit], start: datetime, end: datetime) -> PolitenessReport:
    """Return the report over the visits that started within the period."""
    by_site: dict[str, list[SiteVisit]] = defaultdict(list)
    for visit in visits:
        if start <= visit.started_at < end:
            by_site[visit.site].append(visit)
    sites = [_add_up(site, sorted(of, key=lambda visit: visit.started_at)) for site, of in by_site.items()]
    sites.sort(key=lambda site: (site.is_polite, -site.requests, site.site))
    return PolitenessReport(start, end, tuple(sites), _total(sites))


def _add_up(site: str, visits: Sequence[SiteVisit]) -> SitePoliteness:
    counted = [visit.manners for visit in visits if visit.manners is not None]
    delay_ms = max((manners.delay_ms for manners in counted), default=0)
    return SitePoliteness(
        site=site,
        visits=len(visits),
        requests=sum(manners.requests for manners in counted),
        retries=sum(manners.retries for manners in counted),
        peak_per_minute=max((manners.peak_per_minute for manners in counted), default=0),
        # A first request is free and the others follow it: 13 fit into the minute that a delay of 5 s allows.
        allowed_per_minute=MINUTE_MS // delay_ms + 1 if delay_ms else None,
        too_soon=sum(manners.too_soon for manners in counted),
        robots_refused=sum(manners.robots_refused for manners in counted),
        throttled=sum(manners.throttled for manners in counted),
        early_returns=_early_returns(visits),
        paused_s=sum(manners.paused_s for manners in counted),
        left_out=sum(visit.reason in RESTING for visit in visits),
        uncounted=sum(visit.manners is None for visit in visits),
        bytes_received=sum(visit.bytes_received for visit in visits),
    )


def _early_returns(visits: Sequence[SiteVisit]) -> int:
    """Return how many visits made requests before a rest was over, counted from the start of the visit it came from."""
    early, rest_until = 0, None
    for visit in visits:
        if visit.manners is None:
            continue
        if rest_until is not None and visit.manners.requests and visit.started_at < rest_until:
            early += 1
        if visit.manners.paused_s:
            until = visit.started_at + timedelta(seconds=visit.manners.paused_s)
            rest_until = max(until, rest_until or until)
    return early


def _total(sites: Sequence[SitePoliteness]) -> SitePoliteness:
    summed = [field.name for field in fields(SitePoliteness) if field.name not in ("site", *_NOT_SUMMED)]
    return SitePoliteness(site="all", **{name: sum(getattr(site, name) for site in sites) for name in summed})


def render_markdown(report: PolitenessReport) -> str:
    """Return the report as a Markdown table of at most 50 sites with the total of all."""
    lines = [f"| {' | '.join(HEADS)} |", f"|--|{'--:|' * (len(HEADS) - 2)}--|"]
    lines += [_row(site, "kept" if site.is_polite else "BROKEN") for site in report.sites[:SHOWN_SITES]]
    broken = sum(not site.is_polite for site in report.sites)
    return "\n".join([*lines, _row(report.total, f"{broken} of {len(report.sites)} sites broken")])


def _row(site: SitePoliteness, verdict: str) -> str:
    is_total = site.site == "all"
    cells = (
        site.site,
        site.visits,
        site.requests,
        "" if is_total else site.peak_per_minute,
        "" if is_total else site.allowed_per_minute or "any",
        site.too_soon,
        site.robots_refused,
        site.throttled,
        site.early_returns,
        round(site.paused_s / 60),
        site.left_out,
        f"{site.bytes_received / 1e6:.1f}",
        verdict,
    )
    return f"| {' | '.join(map(str, cells))} |"
