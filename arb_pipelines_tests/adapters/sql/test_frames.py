"""Frames in bulk: more rows than one statement takes, and reads that use an index."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from random import Random
from typing import Any

import polars as pl
import pytest
from sqlalchemy import Engine, event, text
from sqlalchemy.exc import DataError, IntegrityError

from arb_pipelines.adapters.sql import frames
from arb_pipelines.adapters.sql.books import SqlBooks, open_books
from arb_pipelines.adapters.sql.engine import CACHE_KB, build_engine, money_transaction
from arb_pipelines.adapters.sql.frames import COPY_FROM_ROWS, insert_frame
from arb_pipelines.adapters.sql.tables import price_points, sold_prices
from arb_pipelines.transforms.price_history import POINT_SCHEMA
from arb_pipelines_tests.conftest import PostgresBooks
from arb_pipelines_tests.contracts.trade_records import points
from arb_pipelines_tests.fakes.clock import START

HOSTILE = (
    "",
    " ",
    "\\N",
    "\\.",
    "\\",
    "\\\\",
    '"',
    '""',
    "'",
    ",",
    "\t",
    "\n",
    "\r\n",
    "a\n\\.\nb",
    "NULL",
    "null",
    "%s",
)
HOSTILE += ("\x00", "a\x00b", "\x01\x1f", "\u2028", "\ufeff", "é", "e\u0301", "😀", "{}", "$1", ";--", ":name", "\x7f")


def hostile(rows: int, seed: int) -> pl.DataFrame:
    """Return readings whose texts are made of what a format could take for something else."""
    chance = Random(seed)

    def word() -> str | None:
        return chance.choice([None, *HOSTILE, "".join(chance.choices(HOSTILE, k=3))])

    made = [
        {"scrape_id": f"{word() or ''}{number}", "offer_key": f"offer-{chance.randrange(20)}", "url": word() or ""}
        | {name: word() for name in ("title", "availability", "condition", "sku", "brand", "category")}
        | {"site": word() or "", "price_minor": chance.choice([0, -1, 2**63 - 1, 7]), "currency": "US\\"}
        | {"shipping_minor": chance.choice([None, 0, 5]), "observed_at": START + timedelta(microseconds=number)}
        for number in range(rows)
    ]
    return pl.DataFrame(made, schema=POINT_SCHEMA)


def all_rows(url: str) -> list[Any]:
    """Return every row of the price history's tables, in one order."""
    engine = build_engine(url)
    with engine.connect() as connection:
        tables = ("price_points", "offers", "offer_descriptions")
        kept = [sorted(connection.execute(text(f"SELECT * FROM {table}")).all(), key=repr) for table in tables]
    engine.dispose()
    return kept


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


def test_more_rows_than_a_statement_takes(books: SqlBooks, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = many(COPY_FROM_ROWS * 2 + 7, 50)
    assert books.price_history.insert(frame) == frame.height
    assert books.price_history.insert(frame) == 0
    monkeypatch.setattr(frames, "ROWS_AT_ONCE", 1_000)
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


@pytest.mark.parametrize("seed", range(3))
def test_hostile_texts_come_back_as_they_were(books: SqlBooks, seed: int) -> None:
    frame = hostile(COPY_FROM_ROWS + 5, seed)
    assert books.price_history.insert(frame) == frame.height
    kept = books.price_history.load_between(START, START + timedelta(days=1))
    assert kept.equals(frame.with_columns(pl.col(pl.String).str.replace_all("\x00", "", literal=True)))


@pytest.mark.postgres
def test_rows_that_were_copied_are_as_rows_that_came_as_json(
    postgres_books: PostgresBooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = hostile(900, 7)
    told = []
    for rows in (10**9, 1):
        monkeypatch.setattr(frames, "COPY_FROM_ROWS", rows)
        url = postgres_books.empty()
        kept = open_books(url)
        parts = (frame.head(500), frame.slice(300), frame.with_columns(price_minor=pl.lit(3)))
        told.append(([kept.price_history.insert(part) for part in parts], all_rows(url)))
        kept.close()
    assert told[0] == told[1]
    assert told[0][0] == [500, 400, 0]


@pytest.mark.postgres
def test_a_copied_number_that_is_none_is_null_as_in_json(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    days = [0.1 + 0.2, None, float("nan"), float("inf"), 1e-300, -0.0]
    plain = {"outlet": "o", "title": "t", "price_minor": 1, "currency": "USD", "sold_at": START}
    engine = build_engine(postgres_url)
    for rows, kind in ((10**9, "json"), (1, "copied")):
        monkeypatch.setattr(frames, "COPY_FROM_ROWS", rows)
        made = [plain | {"sale_id": f"{kind}-{number}", "days_to_sell": day} for number, day in enumerate(days)]
        with money_transaction(engine) as connection:
            assert insert_frame(connection, sold_prices, pl.DataFrame(made)) == len(days)
    with engine.connect() as connection:
        kept = connection.execute(text("SELECT days_to_sell FROM sold_prices ORDER BY sale_id")).scalars().all()
    engine.dispose()
    assert kept == [0.1 + 0.2, None, None, None, 1e-300, 0.0] * 2


@pytest.mark.postgres
@pytest.mark.parametrize("rows", [1, 10**9])
def test_a_row_that_the_table_refuses_is_refused_in_the_same_way(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    monkeypatch.setattr(frames, "COPY_FROM_ROWS", rows)
    books = open_books(postgres_url)
    with pytest.raises(DataError):
        books.price_history.insert(points({}, {"currency": "DOLLAR"}))
    with pytest.raises(IntegrityError):
        books.price_history.insert(points({}, {"offer_key": "offer-2", "price_minor": None}))
    assert books.price_history.load_latest(START).is_empty()
    assert books.price_history.insert(points({})) == 1
    books.close()


def test_a_large_batch_has_room_in_memory_only_while_it_is_written(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frames, "ROWS_AT_ONCE", 300)
    monkeypatch.setattr(frames, "CACHE_KB_A_ROW", CACHE_KB)
    frame = many(1_000, 7).with_columns(description_id=pl.lit(1)).select(price_points.c.keys())
    engine, seen = build_engine(sqlite_url), []
    event.listen(engine, "before_cursor_execute", lambda *call: seen.append(call[2]))
    with money_transaction(engine) as connection:
        assert insert_frame(connection, price_points, frame) == 1_000
        assert insert_frame(connection, price_points, frame.head(999)) == 0
        assert connection.exec_driver_sql("PRAGMA cache_size").scalar() == -CACHE_KB
    engine.dispose()
    assert f"PRAGMA cache_size = -{frames.CACHE_MOST_KB}" in seen
    assert sum(statement.startswith("INSERT") for statement in seen) == 8
