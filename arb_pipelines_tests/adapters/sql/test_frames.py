"""Frames in bulk: more rows than one statement takes, and reads that use an index."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import polars as pl
import pytest
from sqlalchemy import Engine, event, text

from arb_pipelines.adapters.sql.books import SqlBooks
from arb_pipelines.adapters.sql.engine import build_engine
from arb_pipelines.adapters.sql.frames import POSTGRESQL_ROWS
from arb_pipelines_tests.contracts.trade_records import points
from arb_pipelines_tests.fakes.clock import START


def many(count: int, offers: int) -> pl.DataFrame:
    """Return readings of so many offers, a second apart."""
    plain = points({})
    frame = pl.concat([plain] * count).with_row_index("n")
    number = pl.col("n")
    return frame.select(
        scrape_id=number.cast(pl.String),
        offer_key="offer-" + (number % offers).cast(pl.String),
        **{name: pl.col(name) for name in plain.columns[2:-1]},
        observed_at=pl.col("observed_at") + pl.duration(seconds=number),
    )


def test_more_rows_than_a_statement_takes(books: SqlBooks) -> None:
    frame = many(POSTGRESQL_ROWS * 2 + 7, 50)
    assert books.price_history.insert(frame) == frame.height
    assert books.price_history.insert(frame) == 0
    assert books.price_history.load_between(START, START + timedelta(days=1)).equals(frame)
    assert books.price_history.load_latest(START).height == 50


@pytest.fixture
def plans(sqlite_url: str) -> Iterator[list[str]]:
    """The plan of every SELECT that SQLite runs from now on."""
    seen: list[str] = []

    def explain(_: Any, cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if statement.startswith("SELECT"):
            cursor.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
            seen.extend(row[3] for row in cursor.fetchall())

    event.listen(Engine, "before_cursor_execute", explain)
    yield seen
    event.remove(Engine, "before_cursor_execute", explain)


def test_what_is_offered_now_is_read_by_index(sqlite_url: str, plans: list[str]) -> None:
    from arb_pipelines.adapters.sql.books import open_books

    books = open_books(sqlite_url)
    books.price_history.insert(many(5_000, 1_000))
    recent = START + timedelta(seconds=4_990)
    plans.clear()
    assert books.price_history.load_latest(recent).height == 10
    assert len(books.opportunities.load_offers(recent)) == 10
    assert books.price_history.load_between(recent, START + timedelta(days=1)).height == 10
    books.close()
    assert any("ix_offers_observed_at" in plan for plan in plans)
    assert any("ix_price_points" in plan for plan in plans)
    scanned = [plan for plan in plans if plan.startswith("SCAN") and plan.split()[1] in {"offers", "price_points"}]
    assert scanned == []


@pytest.mark.postgres
def test_postgres_can_read_it_by_index(postgres_url: str) -> None:
    from arb_pipelines.adapters.sql.books import open_books

    books = open_books(postgres_url)
    books.price_history.insert(many(5_000, 5_000))
    books.close()
    engine = build_engine(postgres_url)
    with engine.connect() as connection:
        connection.execute(text("ANALYZE"))
        for table in ("offers", "price_points"):
            query = f"EXPLAIN SELECT * FROM {table} WHERE observed_at >= '{START + timedelta(seconds=4_990)}'"
            plan = " ".join(row[0] for row in connection.execute(text(query)))
            assert f"ix_{table}_observed_at" in plan
    engine.dispose()
