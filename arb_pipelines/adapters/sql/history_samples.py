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

# Where the interval of a reading begins, in each database's own arithmetic.
BEGINS = {
    "sqlite": ":start + ((walk.at - :start) / :width) * :width",
    "postgresql": "date_bin(:width, walk.at, :start)",
}
# From the last reading backwards: each step seeks the newest one before the interval of the step before.
WALK = """
    WITH RECURSIVE walk(offer_key, at) AS (
        SELECT offers.offer_key, (
            SELECT observed_at FROM price_points {index}
            WHERE price_points.offer_key = offers.offer_key AND observed_at >= :start AND observed_at < :end
            ORDER BY observed_at DESC LIMIT 1
        ) FROM offers WHERE offers.offer_key IN :keys
        UNION ALL
        SELECT walk.offer_key, (
            SELECT observed_at FROM price_points {index}
            WHERE price_points.offer_key = walk.offer_key AND observed_at >= :start AND observed_at < {begins}
            ORDER BY observed_at DESC LIMIT 1
        ) FROM walk WHERE walk.at IS NOT NULL
    )
    SELECT walk.offer_key, walk.at, price_minor, currency
    FROM walk CROSS JOIN price_points {index}
    WHERE price_points.offer_key = walk.offer_key AND observed_at = walk.at
"""
# Left to itself SQLite may read every reading there is; CROSS JOIN
# is its word for "in this order".
INDEX = {"sqlite": "INDEXED BY ix_price_points_offer_key_observed_at", "postgresql": ""}
LEAST_INTERVALS = 12  # an offer drawn with fewer points says nothing, so rather fewer offers are shown


def load_history(
    connection: Connection, product_id: str, start: datetime, end: datetime, most_points: int
) -> ProductPrices | None:
    """Return a product's prices with start <= observed_at < end, `most_points` at most; None: no such product."""
    product = select(products.c.title).where(products.c.product_id == product_id)
    named = connection.execute(product).one_or_none()
    if named is None:
        return None
    matched = _matched_offers(connection, product_id)
    shown = matched[: max(1, most_points // LEAST_INTERVALS)]
    intervals = max(1, most_points // max(1, len(shown)))
    width = max((end - start) / intervals, MICROSECOND)
    samples = _samples(connection, [row.offer_key for row in shown], start, end, width)
    predicted = select(price_predictions).where(price_predictions.c.product_id == product_id)
    ordered = predicted.order_by(price_predictions.c.outlet, price_predictions.c.condition)
    return ProductPrices(
        product_id=product_id,
        title=named.title,
        interval_s=width.total_seconds(),
        offers=[
            OfferHistory(row.offer_key, row.site, row.url, *samples.get(row.offer_key, (None, []))) for row in shown
        ],
        offers_left_out=len(matched) - len(shown),
        predictions=[prediction_of(row) for row in connection.execute(ordered).mappings()],
    )


def _matched_offers(connection: Connection, product_id: str) -> Sequence[Any]:
    """Return the offers that are certainly this product, the one read last first."""
    return connection.execute(_matched(), {"product": product_id}).all()


@cache
def _matched() -> Any:
    described = and_(
        offer_descriptions.c.offer_key == offers.c.offer_key,
        offer_descriptions.c.description_id == offers.c.description_id,
    )
    return (
        select(offers.c.offer_key, offer_descriptions.c.site, offer_descriptions.c.url)
        .join(offer_matches, offer_matches.c.offer_key == offers.c.offer_key)
        .join(offer_descriptions, described)
        .where(offer_matches.c.product_id == bindparam("product"), offer_matches.c.outcome == "same")
        .order_by(offers.c.observed_at.desc(), offers.c.offer_key)
    )


@cache
def _walk(database: str) -> Any:
    """Return the statement, made once: making it takes longer than the database needs for the answer."""
    walk = text(WALK.format(begins=BEGINS[database], index=INDEX[database])).bindparams(
        bindparam("keys", expanding=True), bindparam("start", type_=UtcTime), bindparam("end", type_=UtcTime)
    )
    return walk.columns(*(column(name) for name in ("offer_key", "at", "price_minor", "currency")))


def _samples(
    connection: Connection, offer_keys: Sequence[str], start: datetime, end: datetime, width: timedelta
) -> dict[str, tuple[str, list[tuple[datetime, int]]]]:
    """Return by offer its currency and the last reading of each interval that has one, oldest first."""
    database = connection.dialect.name
    length = width // MICROSECOND if database == "sqlite" else width
    bound = {"keys": list(offer_keys), "start": start, "end": end, "width": length}
    found: dict[str, dict[Any, tuple[int, str]]] = {}
    for offer_key, at, minor, currency in connection.execute(_walk(database), bound).all():
        found.setdefault(offer_key, {})[at] = (minor, currency)
    return {offer_key: _drawn(sorted(prices.items()), database) for offer_key, prices in found.items()}


def _drawn(prices: Sequence[tuple[Any, tuple[int, str]]], database: str) -> tuple[str, list[tuple[datetime, int]]]:
    """Return the currency of the newest reading and the readings in it; times come as the database keeps them."""
    currency = prices[-1][1][1]
    if database == "sqlite":
        points = [(EPOCH + timedelta(microseconds=at), minor) for at, (minor, coin) in prices if coin == currency]
    else:
        points = [(at.astimezone(UTC), minor) for at, (minor, coin) in prices if coin == currency]
    return currency, points
