"""Whole frames in and out of a table, without one Python object a value where that can be helped.

What belongs here: bulk insert and frame reads for both databases; which columns and conflicts, the caller says.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import polars as pl
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    DateTime,
    String,
    Table,
    bindparam,
    column,
    func,
    literal,
    select,
    text,
    type_coerce,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import TypeEngine

from arb_pipelines.adapters.sql.column_types import UtcTime
from arb_pipelines.adapters.sql.engine import CACHE_KB
from arb_pipelines.domain.market_stores import ArrowFrame

COPY_FROM_ROWS = 2_000  # a temporary table and COPY pay from here on; fewer rows go as one JSON text
ROWS_AT_ONCE = 50_000  # that are Python objects at one time
# What a writing SQLite keeps in memory: a random key lands on a page of its own, and pages that do not fit are written
# again and again (200,000 rows: 29.8 s in the statement with SQLite's 2 MB, 15.0 s with room).
CACHE_KB_A_ROW, CACHE_MOST_KB = 4, 2_000_000
ARRIVING = "arriving_rows"


def insert_into(connection: Connection, table: Table) -> Any:
    """Return the INSERT of the connection's database; both know ON CONFLICT by the same methods."""
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)


def fields_for(table: Table, record: object) -> dict[str, Any]:
    """Return the fields of a record that a table has columns for; the caller adds money and words."""
    return {column.name: getattr(record, column.name) for column in table.c if hasattr(record, column.name)}


def skip_known(insert: Any) -> Any:
    """Let an INSERT leave rows alone whose key is already kept."""
    return insert.on_conflict_do_nothing()


def as_frame(arrow: ArrowFrame, schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """Return the columns of `schema` from any Arrow frame, in its types.

    NUL characters are taken out of texts: PostgreSQL cannot keep them, and both databases must keep the same.

    Raises:
        polars.exceptions.ColumnNotFoundError: a column is missing.
    """
    frame = pl.DataFrame(arrow)
    columns = [pl.col(name).cast(kind) for name, kind in schema.items()]
    return frame.select(columns).with_columns(pl.col(pl.String).str.replace_all("\x00", "", literal=True))


def insert_frame(
    connection: Connection, table: Table, frame: pl.DataFrame, conflict: Callable[[Any], Any] = skip_known
) -> int:
    """Insert a frame whose columns are named as the table's; return how many rows were inserted or updated.

    Args:
        connection: inside a transaction.
        table: the target.
        frame: rows sorted by the key of the conflict, so that two writers wait for each other in one order.
        conflict: what to add to the INSERT for keys that are already kept.
    """
    if frame.is_empty():
        return 0
    if connection.dialect.name == "sqlite":
        return _insert_many(connection, table, frame, conflict)
    if frame.height < COPY_FROM_ROWS:
        return _insert_json(connection, table, frame, conflict)
    return _insert_copied(connection, table, frame, conflict)


def _insert_many(connection: Connection, table: Table, frame: pl.DataFrame, conflict: Callable[[Any], Any]) -> int:
    insert = conflict(sqlite.insert(table).values({name: bindparam(name) for name in frame.columns}))
    compiled = insert.compile(dialect=connection.dialect)
    stored = frame.with_columns(pl.col(pl.Datetime("us", "UTC")).cast(pl.Int64)).select(compiled.positiontup)
    with _room_in_memory(connection, frame.height):
        parts = stored.iter_slices(ROWS_AT_ONCE)
        return sum(connection.exec_driver_sql(str(compiled), part.rows()).rowcount for part in parts)


@contextmanager
def _room_in_memory(connection: Connection, rows: int) -> Iterator[None]:
    """Let SQLite keep the pages of a large batch in memory until the batch is written."""
    wanted = min(rows * CACHE_KB_A_ROW, CACHE_MOST_KB)
    if wanted <= CACHE_KB:
        yield
        return
    connection.exec_driver_sql(f"PRAGMA cache_size = -{wanted}")
    try:
        yield
    finally:
        connection.exec_driver_sql(f"PRAGMA cache_size = -{CACHE_KB}")


def _insert_copied(connection: Connection, table: Table, frame: pl.DataFrame, conflict: Callable[[Any], Any]) -> int:
    """Insert through COPY into a temporary table, which knows no conflicts, and from there in the frame's order."""
    columns = ", ".join(f'"{name}" {_type_name(connection, table, name)}' for name in frame.columns)
    connection.exec_driver_sql(f"CREATE TEMPORARY TABLE {ARRIVING} ({columns}) ON COMMIT DROP")
    _copy(connection, f"COPY {ARRIVING} FROM STDIN (FORMAT csv)", _csv(frame))
    arrived: Any = select(*map(column, frame.columns)).select_from(text(ARRIVING))
    insert = postgresql.insert(table).from_select(frame.columns, arrived)
    inserted = connection.execute(conflict(insert)).rowcount
    connection.exec_driver_sql(f"DROP TABLE {ARRIVING}")
    return inserted


def _copy(connection: Connection, statement: str, rows: io.BytesIO) -> None:
    """Run a COPY, which only the driver knows, with errors of the same classes as every other statement has."""
    driver: Any = connection.connection.cursor()
    errors: Any = connection.dialect.loaded_dbapi.Error
    try:
        driver.copy_expert(statement, rows)
    except errors as error:
        raise DBAPIError.instance(statement, None, error, errors, dialect=connection.dialect) from error
    finally:
        driver.close()


def _csv(frame: pl.DataFrame) -> io.BytesIO:
    """Return rows as COPY reads them: every text in quotes, so that none is taken for a null or for the end."""
    plain = frame.with_columns(
        pl.col(pl.Datetime("us", "UTC")).dt.to_string("iso"),
        pl.when(pl.col(pl.Float64).is_finite()).then(pl.col(pl.Float64)),  # what is no number is null, as in JSON
    )
    rows = io.BytesIO()
    plain.write_csv(rows, include_header=False, quote_style="non_numeric")
    rows.seek(0)
    return rows


def _type_name(connection: Connection, table: Table, name: str) -> str:
    return _postgresql_type(table, name).compile(dialect=connection.dialect)


def _insert_json(connection: Connection, table: Table, frame: pl.DataFrame, conflict: Callable[[Any], Any]) -> int:
    """Insert by one JSON text that PostgreSQL takes apart: an exact row count, at twice the speed of arrays."""
    rows = frame.with_columns(pl.col(pl.Datetime("us", "UTC")).dt.to_string("iso")).write_json()
    columns = [column(name, _postgresql_type(table, name)) for name in frame.columns]
    records = func.json_to_recordset(literal(rows, String)).table_valued(*columns).render_derived(with_types=True)
    insert = postgresql.insert(table).from_select(frame.columns, select(*records.c))
    return connection.execute(conflict(insert)).rowcount


def _postgresql_type(table: Table, name: str) -> TypeEngine[Any]:
    kind = table.c[name].type
    return DateTime(timezone=True) if isinstance(kind, UtcTime) else kind


def stored_columns(connection: Connection, columns: Sequence[ColumnElement[Any]]) -> list[ColumnElement[Any]]:
    """Return the columns with times as the database keeps them, so that no Python code runs for each."""
    kept = BigInteger() if connection.dialect.name == "sqlite" else DateTime(timezone=True)
    return [type_coerce(c, kept).label(c.name) if isinstance(c.type, UtcTime) else c for c in columns]


def read_frame(connection: Connection, statement: Any, schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """Return the rows of a SELECT of `stored_columns`, in the order of `schema`."""
    sqlite_times = connection.dialect.name == "sqlite"
    parts = connection.execute(statement).partitions(ROWS_AT_ONCE)
    return pl.concat([pl.DataFrame(schema=dict(schema)), *(_frame(rows, schema, sqlite_times) for rows in parts)])


def _frame(rows: Sequence[Sequence[Any]], schema: Mapping[str, pl.DataType], sqlite_times: bool) -> pl.DataFrame:
    named = zip(schema.items(), zip(*rows, strict=True), strict=True)
    return pl.DataFrame([_series(name, kind, values, sqlite_times) for (name, kind), values in named])


def _series(name: str, kind: pl.DataType, values: Sequence[Any], sqlite_times: bool) -> pl.Series:
    if sqlite_times and isinstance(kind, pl.Datetime):
        return pl.Series(name, values, pl.Int64()).cast(kind)
    return pl.Series(name, values, kind)
