"""The price points that `storage.py` fills the stores with, by frame or by the database itself.

What belongs here: what a reading looks like, and the quick way of millions of them into empty tables. The quick way is
that of a restore: rows first, indexes after; on SQLite in the order of the key, whose index cannot be left out.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from math import gcd
from typing import Any

import polars as pl
from sqlalchemy import Connection, Engine, text

from arb_pipelines.adapters.sql.engine import money_transaction
from arb_pipelines.adapters.sql.tables import price_points
from arb_pipelines.transforms.price_history import POINT_SCHEMA

TICK = timedelta(minutes=5)
FIRST = datetime(2026, 1, 1, tzinfo=UTC)
CHUNK = 500_000  # rows a transaction of the quick way
DIGITS = 18  # of a scrape id that say its place in the order of all
# The other digits, as factor and width: nothing for a compression to find, as in a hash.
NOISE = ((180_143_985_094, 15), (131_071_234_567, 15), (104_729_000_831, 16))
COLUMNS = (
    "scrape_id, offer_key, description_id, price_minor, shipping_minor, currency, availability, condition, observed_at"
)
VALUES = "o.offer_key, o.description_id, 1000 + (n * 7919) % 9000, 499, 'USD', 'InStock', 'new'"


class Points:
    """Numbered readings: every offer once a tick of five minutes, under ids that come in no order, as hashes do."""

    def __init__(self, rows: int, offers: int) -> None:
        """Take how many readings there can be, and of how many offers."""
        self.rows, self.offers = rows, offers
        self.factor = int(rows * 0.618) | 1
        while gcd(self.factor, rows) != 1:
            self.factor += 2
        self.spread = 10**DIGITS // rows

    def frame(self, start: int, rows: int) -> pl.DataFrame:
        """Return `rows` readings from the `start`-th on, as POINT_SCHEMA."""
        numbers = pl.DataFrame({"n": range(start, start + rows)}, schema={"n": pl.Int64})
        number, offer = pl.col("n"), pl.col("n") % self.offers
        place = (number * self.factor) % self.rows * self.spread
        texts = {name: pl.lit(None, pl.String) for name in POINT_SCHEMA}
        return numbers.select(
            **texts
            | {
                "scrape_id": pl.concat_str(
                    place.cast(pl.String).str.pad_start(DIGITS, "0"),
                    *((number * f % 10**w).cast(pl.String).str.pad_start(w, "0") for f, w in NOISE),
                ),
                "offer_key": offer.cast(pl.String).str.pad_start(32, "0"),
                "site": pl.format("shop-{}", offer % 500),
                "url": pl.format("https://shop-{}.example/products/item-{}.html", offer % 500, offer),
                "title": pl.format("Plain stainless kettle, 1.7 litres, model {}", offer),
                "price_minor": 1_000 + (number * 7_919) % 9_000,
                "shipping_minor": pl.lit(499),
                "currency": pl.lit("USD"),
                "availability": pl.lit("InStock"),
                "condition": pl.lit("new"),
                "observed_at": pl.lit(FIRST) + TICK * (number // self.offers),
            }
        ).cast(POINT_SCHEMA)

    def offer_key(self, number: int) -> str:
        """Return the key of an offer; successive numbers are far apart."""
        return str(number * 7_919 % self.offers).rjust(32, "0")

    def restore(self, engine: Engine, rows: int, tell: Callable[[int], Any]) -> None:
        """Put readings up to the `rows`-th in; the first tick is there already, with the texts of every offer.

        Args:
            engine: migrated books.
            rows: how many there are afterwards.
            tell: takes the rows of each step, for a progress bar.
        """
        key = price_points.primary_key.name
        with money_transaction(engine) as connection:
            for index in price_points.indexes:
                index.drop(connection)
            if engine.dialect.name == "postgresql":
                connection.execute(text(f"ALTER TABLE price_points DROP CONSTRAINT {key}"))
        fill = self._fill_sqlite if engine.dialect.name == "sqlite" else self._fill_postgresql
        end = self.rows if engine.dialect.name == "sqlite" else rows
        for start in range(0, end, CHUNK):
            with money_transaction(engine) as connection:
                connection.execute(text("DROP TABLE IF EXISTS numbered"))
                numbered = "SELECT CAST(offer_key AS integer) AS i, offer_key, description_id FROM offer_descriptions"
                connection.execute(
                    text(
                        "CREATE TEMPORARY TABLE numbered (i integer PRIMARY KEY, offer_key text, description_id bigint)"
                    )
                )
                connection.execute(text(f"INSERT INTO numbered {numbered}"))
                fill(connection, start, min(start + CHUNK, end), rows)
            tell(round(min(CHUNK, end - start) * rows / end))
        with money_transaction(engine) as connection:
            if engine.dialect.name == "postgresql":
                connection.execute(text(f"ALTER TABLE price_points ADD CONSTRAINT {key} PRIMARY KEY (scrape_id)"))
            else:
                connection.execute(text("PRAGMA cache_size = -1000000"))
                connection.execute(text("PRAGMA threads = 2"))
            for index in price_points.indexes:
                index.create(connection)

    def _fill_sqlite(self, connection: Connection, start: int, end: int, rows: int) -> None:
        """Take the readings in the order of their ids: place -> number is the factor's inverse."""
        inverse = pow(self.factor, -1, self.rows)
        noise = ", ".join(f"n * {factor} % {10**width}" for factor, width in NOISE)
        first_us, tick_us = int(FIRST.timestamp()) * 1_000_000, TICK // timedelta(microseconds=1)
        connection.execute(
            text(f"""
            WITH RECURSIVE p(place) AS (SELECT {start} UNION ALL SELECT place + 1 FROM p WHERE place + 1 < {end}),
            r(place, n) AS (SELECT place, (place * {inverse}) % {self.rows} FROM p)
            INSERT INTO price_points ({COLUMNS})
            SELECT printf('%018d%015d%015d%016d', place * {self.spread}, {noise}), {VALUES},
                   {first_us} + n / {self.offers} * {tick_us}
            FROM r CROSS JOIN numbered AS o ON o.i = n % {self.offers}
            WHERE n >= {self.offers} AND n < {rows}
            """)
        )

    def _fill_postgresql(self, connection: Connection, start: int, end: int, _rows: int) -> None:
        place = f"((n * {self.factor}) % {self.rows} * {self.spread})"
        noise = " || ".join(f"lpad((n * {factor} % {10**width})::text, {width}, '0')" for factor, width in NOISE)
        connection.execute(
            text(f"""
            INSERT INTO price_points ({COLUMNS})
            SELECT lpad({place}::text, {DIGITS}, '0') || {noise}, {VALUES},
                   timestamptz '{FIRST.isoformat()}' + n / {self.offers} * interval '5 minutes'
            FROM generate_series({max(start, self.offers)}::bigint, {end - 1}::bigint) AS n
            JOIN numbered AS o ON o.i = n % {self.offers}
            """)
        )
