"""Books of a large market for `api.py`, made by SQL alone: a million opportunities, fifty million price points.

What belongs here: the making. Rows are plain, but their keys, joins and indexes are the real ones; every fifth
opportunity is superseded by a newer one of its offer, so that "open" has something to leave out.
"""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from arb_pipelines.adapters.sql.books import open_books
from arb_pipelines.adapters.sql.column_types import EPOCH, MICROSECOND
from arb_pipelines.adapters.sql.engine import _sqlite_module

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
OFFERS_A_PRODUCT, POINTS_AN_OFFER = 5, 1_000
TICK = timedelta(minutes=90)
SITES, CATEGORIES = 500, 40
BATCH = 1_000_000
COUNT = "WITH RECURSIVE c(n) AS (SELECT :start UNION ALL SELECT n + 1 FROM c WHERE n + 1 < :end) "
POINTS = (
    COUNT
    + """
    INSERT INTO price_points
    SELECT printf('%012d', n), printf('h%08d', n / {a}), 1, 1000 + (n * 7919) % 9000, 499, 'USD', 'InStock', 'new',
        {now} - ({a} - 1 - n % {a}) * {tick}
    FROM c
"""
)
OFFERS = (
    COUNT
    + """
    INSERT INTO offers
    SELECT printf('h%08d', n), printf('%012d', (n + 1) * {a} - 1), 1, 1500, 499, 'USD', 'InStock', 'new', {now} FROM c
"""
)
DESCRIPTIONS = (
    COUNT
    + """
    INSERT INTO offer_descriptions (offer_key, description_id, site, url, title)
    SELECT printf('h%08d', n), 1, 'shop-' || (n % {sites}), 'https://shop.example/p/' || n, 'Kettle, model ' || n FROM c
"""
)
MATCHES = (
    COUNT
    + """
    INSERT INTO offer_matches
    SELECT printf('h%08d', n), printf('p%07d', n / {each}), 'same', 'gtin', 1.0, {now} FROM c
"""
)
PRODUCTS = (
    COUNT
    + """
    INSERT INTO products (product_id, title, category, created_at)
    SELECT printf('p%07d', n), 'Kettle, model ' || n, 'kitchen', {now} FROM c
"""
)
PREDICTIONS = (
    COUNT
    + """
    INSERT INTO price_predictions (product_id, condition, outlet, low_minor, middle_minor, high_minor, currency,
        days_to_sell, sold_within_30_days, model_version, predicted_at)
    SELECT printf('p%07d', n), 'new', 'sandbox', 3000, 4000, 5000, 'USD', 12.5, 0.9, 'price-1', {now} FROM c
"""
)
OPPORTUNITIES = (
    COUNT
    + """
    INSERT INTO opportunities (opportunity_id, offer_key, site, url, sku, title, product_id, condition, outlet,
        currency, item_price_minor, landed_cost_minor, expected_sale_minor, expected_net_minor, expected_profit_minor,
        max_cost_minor, roi, days_to_sell, profit_per_day, model_version, scrape_id, observed_at, decided_at, record,
        category, risk_flags, profit_per_dollar_day)
    SELECT printf('op-%08d', n), printf('k%08d', n % {distinct}), 'shop-' || (n % {sites}),
        'https://shop.example/p/' || n, 'S' || n, 'Kettle, model ' || n, 'p1', 'new', 'sandbox', 'USD', 1500, 2000,
        5000, 4000, 300 + (n * 7919) % 5000, 3000, '0.5', 12.5, '1.60', 'price-1', 's' || n, {now} - n * 1000000,
        {now} - ({count} - n) * 1000, '{{}}', 'category-' || (n % {categories}), '[]',
        ((n * 2654435761) % 1000000) / 1e6
    FROM c
"""
)


def build(path: Path, opportunities: int, points: int) -> float:
    """Make the books and return how many seconds it took."""
    began = time.perf_counter()
    books = open_books(f"sqlite:///{path}")
    books.migrate()
    books.close()
    connection = _sqlite_module().connect(str(path), isolation_level=None)
    # A crash while the books are made costs the making alone.
    for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -262144", "temp_store = FILE"):
        connection.execute(f"PRAGMA {pragma}")
    offers = max(OFFERS_A_PRODUCT, points // POINTS_AN_OFFER)
    products = offers // OFFERS_A_PRODUCT
    names = {"a": POINTS_AN_OFFER, "now": (NOW - EPOCH) // MICROSECOND, "tick": TICK // MICROSECOND, "sites": SITES}
    names |= {"each": OFFERS_A_PRODUCT, "count": opportunities, "categories": CATEGORIES}
    names |= {"distinct": max(1, opportunities * 4 // 5)}
    indexes = _drop_indexes(connection, ("opportunities", "price_points"))
    filled = [(PRODUCTS, products), (OFFERS, offers), (DESCRIPTIONS, offers), (MATCHES, offers)]
    filled += [(PREDICTIONS, products), (OPPORTUNITIES, opportunities), (POINTS, offers * POINTS_AN_OFFER)]
    for statement, rows in filled:
        _fill(connection, statement.format(**names), rows)
    for statement in indexes:
        connection.execute(statement)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.close()
    return time.perf_counter() - began


def _fill(connection: Any, statement: str, rows: int) -> None:
    for start in range(0, rows, BATCH):
        connection.execute(statement, {"start": start, "end": min(start + BATCH, rows)})
        print(f"{statement.split()[20]} {min(start + BATCH, rows):,}", end="\r", file=sys.stderr)


def _drop_indexes(connection: Any, tables: tuple[str, ...]) -> list[str]:
    """Drop the indexes of these tables and return their statements: made at the end, each is sorted once."""
    query = f"SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name IN {tables}"
    found = list(connection.execute(query))
    for name, _ in found:
        connection.execute(f"DROP INDEX {name}")
    return [sql for _, sql in found]
