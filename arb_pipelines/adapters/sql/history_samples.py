"""A product's price history at a bounded cost: the last reading of each interval, found by one index seek each.

What belongs here: the sampling. Reading every point and thinning it out would take seconds for a product that is read
288 times a day at a dozen shops; this costs the same for a day and for ten years.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import Connection, Dialect, Row, and_, bindparam, select, text

from arb_pipelines.adapters.sql.column_types import EPOCH, MICROSECOND, UtcTime, driver_time
from arb_pipelines.adapters.sql.predictions import prediction_of
from arb_pipelines.adapters.sql.tables import (
    offer_descriptions,
    offer_matches,
    offers,
    price_predictions,
    products,
)
from arb_pipelines.domain.pages import OfferHistory, ProductPrices

# One seek an offer and interval since its first reading, an offer after the other: its readings lie together, so their
# pages are read once.
# From interval to interval of all offers in turn SQLite read 50 million points' pages again and again: 4.1 ms, not 1.8.
INTERVALS = """
    WITH RECURSIVE span(a, b) AS (
        SELECT {start}, CASE WHEN {start} + :width > :end THEN {end} ELSE {start} + :width END
        UNION ALL
        SELECT b, CASE WHEN b + :width > :end THEN {end} ELSE b + :width END FROM span WHERE b < :end
    ), {newest}
"""
NEWEST = """
    FROM price_points AS seen {index}
    WHERE seen.offer_key = shown.value AND seen.observed_at >= span.a AND seen.observed_at < span.b
    ORDER BY seen.observed_at DESC LIMIT 1
"""
# SQLite has no LATERAL, and a join by rowid reads the table for each point; one text is read off the index alone.
# Left to itself it may read every reading there is; CROSS JOIN is its word for "in this order".
SQLITE_NEWEST = """
    shown(value, begun) AS MATERIALIZED (
        SELECT value, (SELECT MIN(observed_at) FROM price_points WHERE offer_key = value) FROM json_each(:keys)
    )
    SELECT value, '[' || group_concat(newest) || ']' FROM (
        SELECT shown.value, (
            SELECT '[' || seen.observed_at || ',' || seen.price_minor || ',' || json_quote(seen.currency) || ']'
            {newest}
        ) AS newest FROM shown CROSS JOIN span WHERE span.b > shown.begun
    ) GROUP BY value
"""
POSTGRESQL_NEWEST = """
    shown(value, begun) AS MATERIALIZED (
        SELECT value, (SELECT MIN(observed_at) FROM price_points WHERE offer_key = value)
        FROM unnest(CAST(:keys AS text[])) AS given(value)
    )
    SELECT shown.value, point.observed_at, point.price_minor, point.currency
    FROM shown CROSS JOIN span CROSS JOIN LATERAL (
        SELECT seen.observed_at, seen.price_minor, seen.currency {newest}
    ) AS point WHERE span.b > shown.begun
"""
STATEMENTS = {
    "sqlite": INTERVALS.format(
        start=":start",
        end=":end",
        newest=SQLITE_NEWEST.format(newest=NEWEST.format(index="INDEXED BY ix_price_points_offer_history")),
    ),
    "postgresql": INTERVALS.format(
        start="CAST(:start AS timestamptz)",
        end="CAST(:end AS timestamptz)",
        newest=POSTGRESQL_NEWEST.format(newest=NEWEST.format(index="")),
    ),
}
Reading = Any  # a row: when, as the database keeps it; minor units; currency
LEAST_INTERVALS = 12  # an offer drawn with fewer points says nothing, so rather fewer offers are shown


def load_history(
    connection: Connection, product_id: str, start: datetime, end: datetime, most_points: int
) -> ProductPrices | None:
    """Return a product's prices with start <= observed_at < end, `most_points` at most; None: no such product."""
    rows = _load(connection, _matched, product_id)
    if not rows:
        return None
    matched = [row for row in rows if row.site is not None]
    shown = matched[: max(1, most_points // LEAST_INTERVALS)]
    intervals = max(1, most_points // max(1, len(shown)))
    width = -((start - end) // intervals)  # rounded up, or there would be one interval more
    samples = _samples(connection, [row.offer_key for row in shown], start, end, width)
    predicted = (row._mapping for row in _load(connection, _predicted, product_id))
    return ProductPrices(
        product_id=product_id,
        title=rows[0].title,
        interval_s=width.total_seconds(),
        offers=[
            OfferHistory(row.offer_key, row.site, row.url, *samples.get(row.offer_key, (None, []))) for row in shown
        ],
        offers_left_out=len(matched) - len(shown),
        predictions=[prediction_of({**row, "predicted_at": driver_time(row["predicted_at"])}) for row in predicted],
    )


def _load(connection: Connection, query: Callable[[], Any], product_id: str) -> Sequence[Row[Any]]:
    """Return the rows of a query as the driver gives them; by its own statement, which takes half as long."""
    statement, given, names = _compiled(connection.dialect, query)
    values = given | {"product": product_id}
    return connection.exec_driver_sql(statement, tuple(values[name] for name in names) if names else values).all()


@lru_cache(8)
def _compiled(dialect: Dialect, query: Callable[[], Any]) -> tuple[str, dict[str, Any], Sequence[str]]:
    """Return the statement for a driver, the values in it, and their order where it takes them by place."""
    compiled = query().compile(dialect=dialect)
    return str(compiled), dict(compiled.construct_params({"product": ""})), compiled.positiontup or ()


@cache
def _matched() -> Any:
    """Return a product with the offers that are certainly it, the one read last first; without one a row of nulls."""
    certain = and_(offer_matches.c.product_id == products.c.product_id, offer_matches.c.outcome == "same")
    described = and_(
        offer_descriptions.c.offer_key == offers.c.offer_key,
        offer_descriptions.c.description_id == offers.c.description_id,
    )
    return (
        select(products.c.title, offers.c.offer_key, offer_descriptions.c.site, offer_descriptions.c.url)
        .outerjoin(offer_matches, certain)
        .outerjoin(offers, offers.c.offer_key == offer_matches.c.offer_key)
        .outerjoin(offer_descriptions, described)
        .where(products.c.product_id == bindparam("product"))
        .order_by(offers.c.observed_at.desc(), offers.c.offer_key)
    )


@cache
def _predicted() -> Any:
    predicted = select(price_predictions).where(price_predictions.c.product_id == bindparam("product"))
    return predicted.order_by(price_predictions.c.outlet, price_predictions.c.condition)


@cache
def _sampled() -> Any:
    """Return PostgreSQL's statement, made once: making it takes longer than the database needs for the answer."""
    times = (bindparam(name, type_=UtcTime) for name in ("start", "end"))
    return text(STATEMENTS["postgresql"]).bindparams(*times)


def _samples(
    connection: Connection, offer_keys: Sequence[str], start: datetime, end: datetime, width: timedelta
) -> dict[str, tuple[str, list[tuple[datetime, int]]]]:
    """Return by offer its currency and the last reading of each interval that has one, oldest first."""
    if connection.dialect.name == "sqlite":
        span = {"start": (start - EPOCH) // MICROSECOND, "end": (end - EPOCH) // MICROSECOND}
        bound = span | {"keys": json.dumps(list(offer_keys)), "width": width // MICROSECOND}
        rows = connection.exec_driver_sql(STATEMENTS["sqlite"], bound).all()
        return {offer_key: _drawn(json.loads(told), _moment) for offer_key, told in rows if told is not None}
    found: dict[str, list[Reading]] = {offer_key: [] for offer_key in offer_keys}
    bound = {"start": start, "end": end, "keys": list(offer_keys), "width": width}
    for offer_key, at, minor, currency in connection.execute(_sampled(), bound).all():
        found[offer_key].append((at, minor, currency))
    return {offer_key: _drawn(readings, _in_utc) for offer_key, readings in found.items() if readings}


def _drawn(readings: Sequence[Reading], time_of: Callable[[Any], datetime]) -> tuple[str, list[tuple[datetime, int]]]:
    """Return the currency of the newest reading and the readings in it; times come as the database keeps them."""
    readings = sorted(readings)
    newest = readings[-1][2]
    return newest, [(time_of(at), minor) for at, minor, currency in readings if currency == newest]


def _moment(microseconds: int) -> datetime:
    """Return a time, in a third of what adding a `timedelta` to the epoch takes; exact until 2106."""
    return datetime.fromtimestamp(microseconds / 1_000_000, UTC)


def _in_utc(at: datetime) -> datetime:
    return at.astimezone(UTC)
