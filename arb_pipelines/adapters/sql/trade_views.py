"""The read side: rows for a person, joined in the database.

What belongs here: SELECTs only. What they show was written by the repositories beside this file.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Select, and_, case, func, select

from arb_pipelines.adapters.sql.book_tables import switches
from arb_pipelines.adapters.sql.metrics import figures
from arb_pipelines.adapters.sql.purchase_tables import refused_offers
from arb_pipelines.adapters.sql.switches import SqlSwitches
from arb_pipelines.adapters.sql.tables import (
    offer_descriptions,
    offer_matches,
    offers,
    price_points,
    products,
    site_last_visits,
    site_visits,
    sold_prices,
)
from arb_pipelines.domain.manners import manners_from_json
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.site import VisitOutcome
from arb_pipelines.domain.spend_limit import Action
from arb_pipelines.domain.trade_views import (
    AskPoint,
    Metric,
    RefusalCount,
    RefusalRow,
    SalePoint,
    SiteHealth,
    SwitchRow,
)


class SqlTradeViews:
    """Fulfils `domain.trade_views.TradeViews`."""

    def __init__(self, engine: Engine, mode: str) -> None:
        """Keep the engine and the mode, which decides about switches never set."""
        self._engine = engine
        self._switches = SqlSwitches(engine, mode)

    def count_refusals(self, since: datetime) -> list[RefusalCount]:
        """Return the reasons given since then, the one with most offers first."""
        counted = func.count().label("offers")
        query = (
            select(refused_offers.c.code, counted, func.max(refused_offers.c.decided_at).label("decided_at"))
            .where(refused_offers.c.decided_at >= since)
            .group_by(refused_offers.c.code)
            .order_by(counted.desc(), refused_offers.c.code)
        )
        return [RefusalCount(**row) for row in self._rows(query)]

    def load_refusals(self, since: datetime, code: str | None = None, limit: int = 100) -> list[RefusalRow]:
        """Return refused offers since then, newest first, of one reason where it is named."""
        described = and_(
            offer_descriptions.c.offer_key == offers.c.offer_key,
            offer_descriptions.c.description_id == offers.c.description_id,
        )
        names = [offer_descriptions.c[name] for name in ("site", "title", "url")]
        query = (
            select(refused_offers, *names)
            .outerjoin(offers, offers.c.offer_key == refused_offers.c.offer_key)
            .outerjoin(offer_descriptions, described)
            .where(refused_offers.c.decided_at >= since)
            .order_by(refused_offers.c.decided_at.desc(), refused_offers.c.offer_key)
            .limit(limit)
        )
        if code is not None:
            query = query.where(refused_offers.c.code == code)
        return [RefusalRow(**row) for row in self._rows(query)]

    def load_asks(self, product_id: str, since: datetime, limit: int = 5000) -> list[AskPoint]:
        """Return what shops asked for a product since then, oldest first; the newest `limit` where there are more."""
        site = select(offer_descriptions.c.site).where(offer_descriptions.c.offer_key == price_points.c.offer_key)
        query = (
            select(
                site.limit(1).scalar_subquery().label("site"),
                price_points.c.offer_key,
                price_points.c.observed_at,
                price_points.c.price_minor,
                price_points.c.currency,
            )
            .join(offer_matches, offer_matches.c.offer_key == price_points.c.offer_key)
            .where(
                offer_matches.c.product_id == product_id,
                offer_matches.c.outcome == "same",
                price_points.c.observed_at >= since,
            )
            .order_by(price_points.c.observed_at.desc())
            .limit(limit)
        )
        rows = self._rows(query)
        return [
            AskPoint(row["site"], row["offer_key"], row["observed_at"], Money(row["price_minor"], row["currency"]))
            for row in reversed(rows)
        ]

    def load_sales(self, product_id: str, since: datetime, limit: int = 500) -> list[SalePoint]:
        """Return completed sales of a product since then, oldest first, found by its GTIN; without one, none."""
        query = (
            select(sold_prices)
            .join(products, products.c.gtin == sold_prices.c.gtin)
            .where(products.c.product_id == product_id, sold_prices.c.sold_at >= since)
            .order_by(sold_prices.c.sold_at.desc())
            .limit(limit)
        )
        return [
            SalePoint(row["outlet"], row["sold_at"], Money(row["price_minor"], row["currency"]), row["condition"])
            for row in reversed(self._rows(query))
        ]

    def load_site_health(self, since: datetime) -> list[SiteHealth]:
        """Return every site visited since then, the least successful first."""
        newest = self._newest_visits(since)
        found = [_health(row, newest.get(row["site"], {})) for row in self._rows(_health_query(since))]
        return sorted(found, key=lambda health: (health.success_rate, health.site))

    def load_switches(self) -> list[SwitchRow]:
        """Return every action's switch, as a claim would read it now."""
        kept = {row["action"]: row for row in self._rows(select(switches))}
        found = []
        for action in Action:
            row = kept.get(action.value)
            reason, by, at = (row["reason"], row["set_by"], row["changed_at"]) if row else ("never set", None, None)
            found.append(SwitchRow(action, self._switches.state_of(action), reason, by, at))
        return found

    def load_metrics(self, now: datetime) -> list[Metric]:
        """Return the figures that a monitoring system takes."""
        with self._engine.connect() as connection:
            return list(figures(connection, now))

    def load_site_names(self) -> Sequence[str]:
        """Return the keys of all sites ever visited."""
        with self._engine.connect() as connection:
            return list(connection.scalars(select(site_last_visits.c.site).order_by(site_last_visits.c.site)))

    def _newest_visits(self, since: datetime) -> dict[str, Any]:
        last = (
            select(site_visits.c.site, func.max(site_visits.c.started_at).label("started_at"))
            .where(site_visits.c.started_at >= since)
            .group_by(site_visits.c.site)
            .subquery()
        )
        query = select(site_visits.c.site, site_visits.c.reason, site_visits.c.manners).join(
            last, and_(last.c.site == site_visits.c.site, last.c.started_at == site_visits.c.started_at)
        )
        return {row["site"]: row for row in self._rows(query)}

    def _rows(self, query: Select[Any]) -> list[Any]:
        with self._engine.connect() as connection:
            return list(connection.execute(query).mappings())


def _health_query(since: datetime) -> Select[Any]:
    good = site_visits.c.outcome == VisitOutcome.OK.value
    summed = [func.sum(site_visits.c[name]).label(name) for name in ("offers", "pages", "bytes_received")]
    return (
        select(
            site_visits.c.site,
            func.count().label("visits"),
            func.sum(case((good, 1), else_=0)).label("good_visits"),
            *summed,
            func.avg(site_visits.c.latency_ms).label("latency_ms"),
            func.max(site_visits.c.started_at).label("last_visit_at"),
            func.max(case((good, site_visits.c.started_at))).label("last_good_at"),
        )
        .where(site_visits.c.started_at >= since)
        .group_by(site_visits.c.site)
    )


def _health(row: Any, newest: Any) -> SiteHealth:
    manners = manners_from_json(newest.get("manners"))
    latency = row["latency_ms"]
    counts = {name: int(row[name]) for name in ("visits", "good_visits", "offers", "pages", "bytes_received")}
    return SiteHealth(
        site=row["site"],
        **counts,
        latency_ms=None if latency is None else round(latency),
        last_visit_at=row["last_visit_at"],
        last_good_at=row["last_good_at"],
        last_reason=newest.get("reason"),
        too_soon=None if manners is None else manners.too_soon,
    )
