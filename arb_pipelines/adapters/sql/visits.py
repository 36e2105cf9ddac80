"""What each visit to each site brought.

What belongs here: the visits repository.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import Engine, RowMapping, select

from arb_pipelines.adapters.sql.engine import money_transaction
from arb_pipelines.adapters.sql.frames import insert_into
from arb_pipelines.adapters.sql.tables import site_last_visits, site_visits
from arb_pipelines.domain.manners import manners_from_json
from arb_pipelines.domain.site import SiteVisit, VisitOutcome, tick_moment


class SqlVisits:
    """Fulfils `domain.stores.Visits`."""

    def __init__(self, engine: Engine) -> None:
        """Keep the engine."""
        self._engine = engine

    def record(self, visits: Sequence[SiteVisit]) -> None:
        """Keep the visits; a (site, tick) pair once."""
        if not visits:
            return
        rows = [asdict(visit) for visit in sorted(visits, key=lambda visit: (visit.tick_id, visit.site))]
        newest: dict[str, datetime] = {}
        for visit in visits:
            began_at = tick_moment(visit.tick_id) or visit.started_at
            newest[visit.site] = max(began_at, newest.get(visit.site, began_at))
        with money_transaction(self._engine) as connection:
            connection.execute(insert_into(connection, site_visits).on_conflict_do_nothing(), rows)
            last = insert_into(connection, site_last_visits)
            last = last.on_conflict_do_update(
                index_elements=["site"],
                set_={"started_at": last.excluded.started_at},
                where=last.excluded.started_at > site_last_visits.c.started_at,
            )
            connection.execute(last, [{"site": site, "started_at": newest[site]} for site in sorted(newest)])

    def last_tick_at(self) -> dict[str, datetime]:
        """Return when the tick of each site's last visit began."""
        with self._engine.connect() as connection:
            return {row.site: row.started_at for row in connection.execute(select(site_last_visits))}

    def load_tick(self, tick_id: str) -> list[SiteVisit]:
        """Return the visits of one tick, by site."""
        query = select(site_visits).where(site_visits.c.tick_id == tick_id).order_by(site_visits.c.site)
        with self._engine.connect() as connection:
            return [_build_visit(row) for row in connection.execute(query).mappings()]

    def load_between(self, start: datetime, end: datetime) -> list[SiteVisit]:
        """Return the visits with start <= started_at < end, by site and time."""
        began_at = site_visits.c.started_at
        query = select(site_visits).where(began_at >= start, began_at < end).order_by(site_visits.c.site, began_at)
        with self._engine.connect() as connection:
            return [_build_visit(row) for row in connection.execute(query).mappings()]


def _build_visit(row: RowMapping) -> SiteVisit:
    changes = {"outcome": VisitOutcome(row["outcome"]), "manners": manners_from_json(row["manners"])}
    return SiteVisit(**{**row, **changes})
