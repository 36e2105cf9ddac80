"""Cycles of the demo: one tick of the scrape sensor with all that followed from it.

What belongs here: telling from Dagster's runs when a cycle has ended, and what it brought from the books.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import Any

from rich.table import Table

from arb_pipelines.cli.instance import Run
from arb_pipelines.domain.site import VisitOutcome
from arb_pipelines.domain.stores import Books

FOLLOWING = frozenset({"purchase_job", "listing_job", "fulfilment_job"})
COUNTED = ("opportunities", "purchases", "listings", "orders", "profit_minor")


@dataclass(frozen=True)
class Cycle:
    """What one cycle brought. `profit` in the currency of the books, after fees and cost of goods."""

    number: int
    tick_id: str
    sites_scraped: int
    sites_failed: int
    offers: int
    opportunities: int
    purchases: int
    listings: int
    sales: int
    profit: Decimal
    seconds: float


@dataclass
class CycleWatch:
    """Follows ticks from their first shard to the end of what they set off."""

    books: Books
    follow_s: float = 10.0  # how long the sensors may take to notice what an analysis brought
    finished: list[Cycle] = field(default_factory=list)
    _news: list[Cycle] = field(default_factory=list)
    _runs: Sequence[Run] = ()
    _started: dict[str, float] = field(default_factory=dict)
    _before: Mapping[str, int] = field(default_factory=dict)
    _first: Mapping[str, int] = field(default_factory=dict)
    _analysed: dict[str, float] = field(default_factory=dict)
    _sites: dict[str, bool] = field(default_factory=dict)
    _run_ids: set[str] = field(default_factory=set)
    _old_ids: frozenset[str] | None = None

    def look(self, runs: Sequence[Run]) -> None:
        """Take in the newest runs and close every cycle that has ended."""
        if self._old_ids is None:
            self._old_ids = frozenset(run.run_id for run in runs if not run.unfinished)
            self._first = self._before = self.books.totals()
        self._runs = [run for run in runs if run.run_id not in self._old_ids]
        self._run_ids |= {run.run_id for run in self._runs}
        for tick_id in sorted({run.tick_id for run in self._runs if run.tick_id}):
            self._started.setdefault(tick_id, time.monotonic())
        for tick_id in self._open_ticks():
            if self._has_ended(tick_id):
                self._close(tick_id)

    def take_news(self) -> list[Cycle]:
        """Return the cycles that ended since the last call."""
        news, self._news = self._news, []
        return news

    def progress(self) -> str:
        """Return where the running cycle stands."""
        shards = [run for run in self._runs if run.job == "crawl_shard_job"]
        going = [run.job.removesuffix("_job") for run in self._runs if run.unfinished]
        done = sum(not run.unfinished for run in shards)
        names = ", ".join(sorted(set(going))) or "waiting for the next tick"
        return f"cycle {len(self.finished) + 1}: {names} ({done} of {len(shards)} shard runs done)"

    def summary(self, seconds: float) -> dict[str, Any]:
        """Return the demo's totals; a site counts as scraped if any cycle read it."""
        now = self.books.totals() if self._first else {}
        grown = {name: now.get(name, 0) - self._first.get(name, 0) for name in COUNTED}
        return {
            "sites_scraped": sum(self._sites.values()),
            "sites_failed": sum(not good for good in self._sites.values()),
            "offers": sum(cycle.offers for cycle in self.finished),
            "opportunities": grown["opportunities"],
            "purchases": grown["purchases"],
            "listings": grown["listings"],
            "sales": grown["orders"],
            "profit": float(Decimal(grown["profit_minor"]).scaleb(-2)),
            "dagster_runs": len(self._run_ids),
            "failed_runs": sum(run.status == "FAILURE" for run in self._runs),
            "seconds": round(seconds, 1),
            "cycles": [{**asdict(cycle), "profit": float(cycle.profit)} for cycle in self.finished],
        }

    def _open_ticks(self) -> list[str]:
        closed = {cycle.tick_id for cycle in self.finished}
        return sorted(tick for tick in self._started if tick not in closed)

    def _has_ended(self, tick_id: str) -> bool:
        """A tick has ended when it is analysed, and what the analysis set off has had its turn and is done."""
        analysed = any(
            run.job == "analysis_job" and not run.unfinished and (run.tick_id or "") >= tick_id for run in self._runs
        )
        if not analysed:
            return False
        since = self._analysed.setdefault(tick_id, time.monotonic())
        acting = any(run.unfinished and run.job in FOLLOWING for run in self._runs)
        return not acting and time.monotonic() - since >= self.follow_s

    def _close(self, tick_id: str) -> None:
        visits = self.books.visits.load_tick(tick_id)
        for visit in visits:
            good = visit.outcome is VisitOutcome.OK
            self._sites[visit.site] = self._sites.get(visit.site, False) or good
        now = self.books.totals()
        grown = {name: now.get(name, 0) - self._before.get(name, 0) for name in COUNTED}
        scraped = sum(visit.outcome is VisitOutcome.OK for visit in visits)
        cycle = Cycle(
            number=len(self.finished) + 1,
            tick_id=tick_id,
            sites_scraped=scraped,
            sites_failed=len(visits) - scraped,
            offers=sum(visit.offers for visit in visits),
            opportunities=grown["opportunities"],
            purchases=grown["purchases"],
            listings=grown["listings"],
            sales=grown["orders"],
            profit=Decimal(grown["profit_minor"]).scaleb(-2),
            seconds=round(time.monotonic() - self._started[tick_id], 1),
        )
        self._before = now
        self.finished.append(cycle)
        self._news.append(cycle)


def render_cycles(cycles: Sequence[Cycle]) -> Table:
    """Return a table with one row a cycle."""
    table = Table(title="Cycles")
    names = ("number", "sites_scraped", "sites_failed", "offers", "opportunities", "purchases", "listings", "sales")
    for name in (*names, "profit", "seconds"):
        table.add_column(name.replace("_", " "), justify="right")
    for cycle in cycles:
        values = asdict(cycle)
        table.add_row(*(str(values[name]) for name in (*names, "profit", "seconds")))
    return table
