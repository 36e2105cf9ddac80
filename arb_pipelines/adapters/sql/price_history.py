"""Cleaned observations, each once, with the latest reading of each offer beside them.

What belongs here: the price history repository. Texts of an offer are kept once for as long as they do not change.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import polars as pl
from sqlalchemy import ColumnElement, Connection, Engine, and_, func, select

from arb_pipelines.adapters.sql.engine import money_transaction
from arb_pipelines.adapters.sql.frames import as_frame, insert_frame, insert_into, read_frame, stored_columns
from arb_pipelines.adapters.sql.tables import (
    offer_descriptions,
    offers,
    price_points,
    quarantined_points,
    reader_cursors,
)
from arb_pipelines.domain.market_stores import ArrowFrame
from arb_pipelines.transforms.price_history import POINT_SCHEMA, QUARANTINE_SCHEMA

OFFER_COLUMNS = [column.name for column in offers.c]
KEYS_A_QUERY = 500  # SQLite takes 999 variables in one statement where it is old
DESCRIBED_BY = ["offer_key", "description_id"]
TEXTS = ["site", "url", "title", "sku", "gtin", "mpn", "brand", "category"]
_KINDS = POINT_SCHEMA | {"description_id": pl.Int64()}
READING_SCHEMA = {column.name: _KINDS[column.name] for column in price_points.c}
TEXT_SCHEMA = {name: _KINDS[name] for name in DESCRIBED_BY + TEXTS}


class SqlPriceHistory:
    """Fulfils `domain.stores.PriceHistory`."""

    def __init__(self, engine: Engine) -> None:
        """Keep the engine."""
        self._engine = engine

    def insert(self, points: ArrowFrame) -> int:
        """Insert observations (columns as `transforms.price_history.POINT_SCHEMA`); return how many were new."""
        frame = _with_description_id(as_frame(points, POINT_SCHEMA))
        described = frame.select(offer_descriptions.c.keys()).unique(["offer_key", "description_id"])
        readings = frame.select(price_points.c.keys()).unique("scrape_id", keep="last", maintain_order=True)
        latest = readings.sort("observed_at").unique("offer_key", keep="last")
        with money_transaction(self._engine) as connection:
            insert_frame(connection, offer_descriptions, described.sort("offer_key", "description_id"))
            new = insert_frame(connection, price_points, readings.sort("scrape_id"))
            insert_frame(connection, offers, latest.select(OFFER_COLUMNS).sort("offer_key"), _keep_newest)
        return new

    def quarantine(self, rows: ArrowFrame) -> int:
        """Keep refused observations with their reason; return how many were new."""
        frame = as_frame(rows, QUARANTINE_SCHEMA).unique(["scrape_id", "reason"]).sort("scrape_id", "reason")
        with money_transaction(self._engine) as connection:
            return insert_frame(connection, quarantined_points, frame)

    def load_between(self, start: datetime, end: datetime, offer_keys: Sequence[str] | None = None) -> pl.DataFrame:
        """Return the observations with start <= observed_at < end, oldest first; of `offer_keys` only, if given."""
        observed = price_points.c.observed_at
        window = and_(observed >= start, observed < end)
        with self._engine.connect() as connection:
            if offer_keys is None:
                return _described(connection, _load_readings(connection, window))
            parts = [
                _load_readings(connection, and_(price_points.c.offer_key.in_(some), window))
                for some in batched(sorted(offer_keys), KEYS_A_QUERY)
            ]
            readings = pl.concat([pl.DataFrame(schema=READING_SCHEMA), *parts])
            return _described(connection, readings.sort("observed_at", maintain_order=True))

    def load_latest(self, since: datetime) -> pl.DataFrame:
        """Return the latest observation of each offer seen since then, as POINT_SCHEMA, oldest first."""
        with self._engine.connect() as connection:
            return _load_offers(connection, offers.c.observed_at >= since)

    def load_quarantined(self, since: datetime) -> pl.DataFrame:
        """Return refused observations made since then (`QUARANTINE_SCHEMA`), oldest first."""
        with self._engine.connect() as connection:
            columns = stored_columns(connection, [quarantined_points.c[name] for name in QUARANTINE_SCHEMA])
            query = select(*columns).where(quarantined_points.c.observed_at >= since)
            return read_frame(connection, query.order_by(quarantined_points.c.observed_at), QUARANTINE_SCHEMA)

    def count_since(self, since: datetime) -> tuple[int, int]:
        """Return how many observations since then were kept and how many quarantined."""
        with self._engine.connect() as connection:
            kept, held = (
                connection.scalar(select(func.count()).where(table.c.observed_at >= since)) or 0
                for table in (price_points, quarantined_points)
            )
            return kept, held

    def load_cursor(self, name: str) -> str | None:
        """Return the stored watermark of a reader."""
        with self._engine.connect() as connection:
            return connection.scalar(select(reader_cursors.c.cursor).where(reader_cursors.c.name == name))

    def store_cursor(self, name: str, cursor: str) -> None:
        """Move the watermark of a reader."""
        with money_transaction(self._engine) as connection:
            insert = insert_into(connection, reader_cursors).values(name=name, cursor=cursor)
            moved = insert.on_conflict_do_update(index_elements=["name"], set_={"cursor": insert.excluded.cursor})
            connection.execute(moved)


def _with_description_id(frame: pl.DataFrame) -> pl.DataFrame:
    """Add a hash of the text columns that stays the same over versions and machines."""
    texts = frame.select(TEXTS).unique()
    ids = [_description_id(row) for row in texts.iter_rows()]
    texts = texts.with_columns(pl.Series("description_id", ids, dtype=pl.Int64))
    return frame.join(texts, on=TEXTS, how="left", nulls_equal=True)


def _description_id(texts: tuple[str | None, ...]) -> int:
    return int.from_bytes(hashlib.sha256(repr(texts).encode()).digest()[:8], "big", signed=True)


def batched(keys: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    """Yield the keys in pieces of at most `size`."""
    for start in range(0, len(keys), size):
        yield keys[start : start + size]


def _keep_newest(insert: Any) -> Any:
    changed = {name: insert.excluded[name] for name in OFFER_COLUMNS if name != "offer_key"}
    newer = insert.excluded.observed_at > offers.c.observed_at
    return insert.on_conflict_do_update(index_elements=["offer_key"], set_=changed, where=newer)


def _load_readings(connection: Connection, condition: ColumnElement[bool]) -> pl.DataFrame:
    columns = stored_columns(connection, [price_points.c[name] for name in READING_SCHEMA])
    query = select(*columns).where(condition).order_by(price_points.c.observed_at)
    return read_frame(connection, query, READING_SCHEMA)


def _described(connection: Connection, readings: pl.DataFrame) -> pl.DataFrame:
    """Add the texts to readings, each read once: an offer has 26,000 readings in 90 days, and one or two texts."""
    columns = [offer_descriptions.c[name] for name in TEXT_SCHEMA]
    texts = [
        read_frame(connection, select(*columns).where(offer_descriptions.c.offer_key.in_(some)), TEXT_SCHEMA)
        for some in batched(readings["offer_key"].unique().sort().to_list(), KEYS_A_QUERY)
    ]
    known = pl.concat([pl.DataFrame(schema=TEXT_SCHEMA), *texts])
    return readings.join(known, on=DESCRIBED_BY, how="inner", maintain_order="left").select(list(POINT_SCHEMA))


def _load_offers(connection: Connection, condition: ColumnElement[bool]) -> pl.DataFrame:
    described = and_(*(offer_descriptions.c[name] == offers.c[name] for name in DESCRIBED_BY))
    columns = [offers.c[name] if name in offers.c else offer_descriptions.c[name] for name in POINT_SCHEMA]
    query = (
        select(*stored_columns(connection, columns))
        .select_from(offers.join(offer_descriptions, described))
        .where(condition)
        .order_by(offers.c.observed_at)
    )
    return read_frame(connection, query, POINT_SCHEMA)
