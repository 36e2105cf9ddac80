"""What a shard's visits brought, site by site, while it runs and as its result file.

What belongs here: counting, the choice of the one reason that is shown for a failed visit, and the JSON that
`services/crawling.py` reads back.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from arb_pipelines.domain.site import Site, SiteVisit, VisitOutcome
from arb_pipelines.scraping.manners_log import MannersLog

NO_OFFERS = "no_offers"
# A stop is what the site (or we) decided for the whole visit; it explains a failure better than any page's fault.
STOPPING = frozenset(
    {"challenge", "http_429", "parked", "deadline", "out_of_memory", "browser_missing", "store_failed"}
)


@dataclass(slots=True)
class _Progress:
    started_at: datetime
    finished_at: datetime
    pages: int = 0
    unchanged: int = 0
    offers: int = 0
    bytes_received: int = 0
    responses: int = 0
    latency_s: float = 0.0
    done: bool = False
    reasons: Counter[str] = field(default_factory=Counter)


class VisitRecorder:
    """Counts one shard's visits. Sites are named by key; every site of the shard has exactly one visit."""

    def __init__(
        self, tick_id: str, sites: Iterable[Site], clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        """Open one visit a site, now."""
        self._tick_id = tick_id
        self._clock = clock
        now = clock()
        self._progress = {site.key: _Progress(now, now) for site in sites}
        self.manners = MannersLog()

    def record_response(self, key: str, size: int, latency_s: float | None) -> None:
        """Count a response of `size` bytes on the wire."""
        progress = self._touch(key)
        progress.bytes_received += size
        if latency_s is not None:
            progress.responses += 1
            progress.latency_s += latency_s

    def record_page(self, key: str) -> None:
        """Count a product page that was read, whatever it said."""
        self._touch(key).pages += 1

    def record_unchanged(self, key: str) -> None:
        """Count a product page that the site said has not changed, or that came with the same bytes."""
        self._touch(key).unchanged += 1

    def record_failure(self, key: str, reason: str) -> None:
        """Note why something of the site could not be read."""
        self._touch(key).reasons[reason] += 1

    def record_offers(self, key: str, count: int) -> None:
        """Count offers with a known price that the store has acknowledged."""
        self._touch(key).offers += count

    def finish(self, key: str) -> None:
        """Note that nothing more is to come from the site."""
        self._touch(key).done = True

    def close(self, reason: str) -> None:
        """Give every visit that is still open the `reason` why it ends here."""
        for key, progress in self._progress.items():
            if not progress.done:
                self.record_failure(key, reason)
                progress.done = True

    def visits(self) -> list[SiteVisit]:
        """Return the visits as they stand, in the order of the sites."""
        return [self._visit(key, progress) for key, progress in self._progress.items()]

    def _touch(self, key: str) -> _Progress:
        progress = self._progress[key]
        progress.finished_at = self._clock()
        return progress

    def _visit(self, key: str, progress: _Progress) -> SiteVisit:
        is_ok = progress.offers > 0
        mean_ms = round(1000 * progress.latency_s / progress.responses) if progress.responses else None
        return SiteVisit(
            site=key,
            tick_id=self._tick_id,
            started_at=progress.started_at,
            finished_at=progress.finished_at,
            outcome=VisitOutcome.OK if is_ok else VisitOutcome.FAILED,
            reason=None if is_ok else _telling_reason(progress.reasons),
            pages=progress.pages,
            unchanged=progress.unchanged,
            offers=progress.offers,
            bytes_received=progress.bytes_received,
            latency_ms=mean_ms,
            manners=self.manners.facts(key),
        )


def _telling_reason(reasons: Counter[str]) -> str:
    """Return the reason to show: a stop first, then the most frequent (the earliest of equals)."""
    for reason in reasons:
        if reason in STOPPING:
            return reason
    return reasons.most_common(1)[0][0] if reasons else NO_OFFERS


def visit_to_json(visit: SiteVisit) -> dict[str, Any]:
    """Return `visit` as a JSON object: times as ISO text, the outcome as its value."""
    return {
        "site": visit.site,
        "tick_id": visit.tick_id,
        "started_at": visit.started_at.isoformat(),
        "finished_at": visit.finished_at.isoformat(),
        "outcome": visit.outcome.value,
        "reason": visit.reason,
        "pages": visit.pages,
        "unchanged": visit.unchanged,
        "offers": visit.offers,
        "bytes_received": visit.bytes_received,
        "latency_ms": visit.latency_ms,
        "manners": visit.manners.to_json() if visit.manners else None,
    }


def write_visits(path: Path, visits: Sequence[SiteVisit], complete: bool) -> None:
    """Write the result file by write-then-rename, so a reader never sees half of it.

    `complete` is False for the interim copies that outlive a killed process.
    """
    body = {"complete": complete, "visits": [visit_to_json(visit) for visit in visits]}
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    temporary.write_text(json.dumps(body), encoding="utf-8")
    temporary.replace(path)
