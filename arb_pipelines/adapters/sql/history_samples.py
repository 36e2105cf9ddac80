"""A product's price history at a bounded cost: the last reading of each interval, found by one index seek each.

What belongs here: the sampling. Reading every point and thinning it out would take seconds for a product that is read
288 times a day at a dozen shops; this costs the same for a day and for ten years.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Connection, and_, bindparam, column, select, text

from arb_pipelines.adapters.sql.column_types import EPOCH, MICROSECOND, UtcTime
from arb_pipelines.adapters.sql.predictions import prediction_of
from arb_pipelines.adapters.sql.tables import (
    offer_descriptions,
    offer_matches,
    offers,
    price_predictions,
    products,
)
from arb_pipelines.domain.pages import OfferHistory, ProductPrices

# One seek an offer and interval, an offer after the other: its readings lie together, so their pages are read once.
# From interval to interval of all offers in turn SQLite read 50 million points' pages again and again: 4.1 ms, not 1.8.
INTERVALS = """
    WITH RECURSIVE span(a, b) AS (
        SELECT {start}, CASE WHEN {start} + :width > :end THEN {end} ELSE {start} + :width END
        UNION ALL
        SELECT b, CASE WHEN b + :width > :end THEN {end} ELSE b + :width END FROM span WHERE b < :end
    )
    SELECT point.offer_key, point.observed_at, point.price_minor, point.currency
    FROM offers CROSS JOIN span CROSS JOIN {newest}
"""
# Left to itself SQLite may read every reading there is; CROSS JOIN is its word for "in this order".
SQLITE_NEWEST = """
    price_points AS point WHERE offers.offer_key IN :keys AND point.rowid = (
        SELECT seen.rowid FROM price_points AS seen INDEXED BY ix_price_points_offer_key_observed_at
        WHERE seen.offer_key = offers.offer_key AND seen.observed_at >= span.a AND seen.observed_at < span.b
        ORDER BY seen.observed_at DESC LIMIT 1
    )
"""
POSTGRESQL_NEWEST = """
    LATERAL (
        SELECT * FROM price_points AS seen
        WHERE seen.offer_key = offers.offer_key AND seen.observed_at >= span.a AND seen.observed_at < span.b
        ORDER BY seen.observed_at DESC LIMIT 1
    ) AS point WHERE offers.offer_key IN :keys
"""
STATEMENTS = {
    "sqlite": INTERVALS.format(start=":start", end=":end", newest=SQLITE_NEWEST),
    "postgresql": INTERVALS.format(
        start="CAST(:start AS timestamptz)", end="CAST(:end AS timestamptz)", newest=POSTGRESQL_NEWEST
    ),
}
LEAST_INTERVALS = 12  # an offer drawn with fewer points says nothing, so rather fewer offers are shown


def load_history(
    connection: Connection, product_id: str, start: datetime, end: datetime, most_points: int
) -> ProductPrices | None:
    """Return a product's prices with start <= observed_at < end, `most_points` at most; None: no such product."""
    rows = connection.execute(_matched(), {"product": product_id}).all()
    if not rows:
        return None
    matched = [row for row in rows if row.site is not None]
    shown = matched[: max(1, most_points // LEAST_INTERVALS)]
    intervals = max(1, most_points // max(1, len(shown)))
    width = -((start - end) // intervals)  # rounded up, or there would be one interval more
    samples = _samples(connection, [row.offer_key for row in shown], start, end, width)
    predicted = connection.execute(_predicted(), {"product": product_id}).mappings()
    return ProductPrices(
        product_id=product_id,
        title=rows[0].title,
        interval_s=width.total_seconds(),
        offers=[
            OfferHistory(row.offer_key, row.site, row.url, *samples.get(row.offer_key, (None, []))) for row in shown
        ],
        offers_left_out=len(matched) - len(shown),
        predictions=[prediction_of(row) for row in predicted],
    )


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
def _sampled(database: str) -> Any:
    """Return the statement, made once: making it takes longer than the database needs for the answer."""
    sampled = text(STATEMENTS[database]).bindparams(
        bindparam("keys", expanding=True), bindparam("start", type_=UtcTime), bindparam("end", type_=UtcTime)
    )
    return sampled.columns(*(column(name) for name in ("offer_key", "observed_at", "price_minor", "currency")))


def _samples(
    connection: Connection, offer_keys: Sequence[str], start: datetime, end: datetime, width: timedelta
) -> dict[str, tuple[str, list[tuple[datetime, int]]]]:
    """Return by offer its currency and the last reading of each interval that has one, oldest first."""
    database = connection.dialect.name
    length = width // MICROSECOND if database == "sqlite" else width
    bound = {"keys": list(offer_keys), "start": start, "end": end, "width": length}
    found: dict[str, list[tuple[Any, int, str]]] = {offer_key: [] for offer_key in offer_keys}
    for offer_key, at, minor, currency in connection.execute(_sampled(database), bound).all():
        found[offer_key].append((at, minor, currency))
    return {offer_key: _drawn(sorted(readings), database) for offer_key, readings in found.items() if readings}


def _drawn(readings: Sequence[tuple[Any, int, str]], database: str) -> tuple[str, list[tuple[datetime, int]]]:
    """Return the currency of the newest reading and the readings in it; times come as the database keeps them."""
    currency = readings[-1][2]
    prices = {at: minor for at, minor, coin in readings if coin == currency}
    if database == "sqlite":
        return currency, [(EPOCH + timedelta(0, 0, at), minor) for at, minor in prices.items()]
    return currency, [(at.astimezone(UTC), minor) for at, minor in prices.items()]
