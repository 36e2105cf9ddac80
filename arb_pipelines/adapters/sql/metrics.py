"""Figures of the trade for a monitoring system, counted from the books, which know more than any one process.

What belongs here: a few counts that are cheap at any size; nothing scans the price history. A figure that cannot be
known is left out, because a missing line alarms and a zero does not.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, func, select

from arb_pipelines.adapters.sql.book_tables import ledger_entries, switches
from arb_pipelines.adapters.sql.engine import build_engine
from arb_pipelines.adapters.sql.outbox_tables import alerts, outbox_messages
from arb_pipelines.adapters.sql.purchase_tables import opportunities, purchases
from arb_pipelines.adapters.sql.sale_tables import listings, orders
from arb_pipelines.adapters.sql.tables import offers, site_last_visits, site_visits
from arb_pipelines.domain.ledger import Account
from arb_pipelines.domain.spend_limit import ActionState
from arb_pipelines.domain.trade_views import Metric as Metric

RECENT = timedelta(hours=1)


def load_metrics(url: str, now: datetime) -> list[Metric]:
    """Return the figures of the books at `url`; labelled ones come once a label, those of no row not at all."""
    engine = build_engine(url)
    try:
        with engine.connect() as connection:
            return list(figures(connection, now))
    finally:
        engine.dispose()


def figures(connection: Connection, now: datetime) -> Iterator[Metric]:
    """Give every figure at `now`."""

    def by(name: str, told: str, label: str, query: Select[Any]) -> Iterator[Metric]:
        for word, count in connection.execute(query):
            yield Metric(name, told, float(count), {label: str(word)})

    for name, table in (("offers", offers), ("opportunities", opportunities), ("orders", orders)):
        count = connection.scalar(select(func.count()).select_from(table))
        yield Metric(f"arb_{name}", f"{name.capitalize()} in the books.", float(count or 0))
    yield from by("arb_purchases", "Purchases by state.", "state", _count_by(purchases.c.state))
    yield from by("arb_listings", "Listings by state.", "state", _count_by(listings.c.state))
    yield from by("arb_messages", "Messages by state.", "state", _count_by(outbox_messages.c.state))
    still_open = _count_by(alerts.c.severity).where(alerts.c.closed_at.is_(None))
    yield from by("arb_alerts_open", "Alerts nobody has closed.", "severity", still_open)
    visits = _count_by(site_visits.c.outcome).where(site_visits.c.started_at >= now - RECENT)
    yield from by("arb_visits_last_hour", "Visits to shops in the last hour.", "outcome", visits)
    reserved = select(ledger_entries.c.currency, func.sum(ledger_entries.c.amount_minor))
    reserved = reserved.where(ledger_entries.c.account == Account.RESERVED.value).group_by(ledger_entries.c.currency)
    yield from by("arb_reserved_minor_units", "Money reserved for open purchases.", "currency", reserved)
    newest = connection.scalar(select(func.max(site_last_visits.c.started_at)))
    if newest is not None:
        yield Metric("arb_last_visit_age_seconds", "Since any shop was visited.", (now - newest).total_seconds())
    for action, state in connection.execute(select(switches.c.action, switches.c.state)):
        allowed = float(state == ActionState.ACTIVE)
        yield Metric("arb_switch_active", "1 while the action is allowed.", allowed, {"action": action})


def _count_by(column: Any) -> Select[Any]:
    return select(column, func.count()).group_by(column).order_by(column)
