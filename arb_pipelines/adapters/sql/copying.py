"""Moving whole books to another database: table by table, in batches that can be taken up again, compared at the end.

What belongs here: reading from one engine and writing to another. Each batch and the note of how far it came are one
transaction in the target, so a copy that was killed goes on behind its last batch and no row comes twice.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Connection,
    Engine,
    MetaData,
    String,
    Table,
    delete,
    func,
    inspect,
    literal_column,
    select,
    text,
)

from arb_pipelines.adapters.sql.books import open_books
from arb_pipelines.adapters.sql.engine import build_engine, money_transaction
from arb_pipelines.adapters.sql.frames import insert_into
from arb_pipelines.adapters.sql.tables import metadata

BATCH = 10_000
MIGRATED = {"book_mode"}  # has a row as soon as books are opened

# Of the copy alone, never part of the books: dropped when the copy has been compared.
_notes = MetaData()
progress = Table(
    "storage_copy_progress",
    _notes,
    Column("table_name", String, primary_key=True),
    Column("source", String, nullable=False),
    Column("last_row", BigInteger, nullable=False),
    Column("rows", BigInteger, nullable=False),
)


class CopyError(RuntimeError):
    """The books cannot be copied; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class TableDigest:
    """How many rows a table has, and the sum of their hashes: equal for equal rows in any order on any database."""

    rows: int
    digest: str


def copied_tables() -> list[Table]:
    """Return every table of the books, referred ones first, with JSON read so that an SQL null stays one."""
    plain = MetaData()
    tables = [table.to_metadata(plain) for table in metadata.sorted_tables]
    for table in tables:
        for column in table.c:
            if isinstance(column.type, JSON):
                column.type = JSON(none_as_null=True)
    return tables


def digest_table(connection: Connection, table: Table) -> TableDigest:
    """Return count and digest of a table, read as a stream."""
    rows, total = 0, 0
    found = connection.execution_options(yield_per=BATCH).execute(select(*table.c))
    for part in found.partitions():
        rows += len(part)
        for row in part:
            told = json.dumps(list(row), default=str, sort_keys=True, ensure_ascii=False)
            total += int.from_bytes(hashlib.sha256(told.encode("utf-8", "surrogatepass")).digest()[:16], "big")
    return TableDigest(rows, f"{total % 2**128:032x}")


def count_rows(connection: Connection) -> dict[str, int]:
    """Return the rows of every table of the books that is there."""
    known = set(inspect(connection).get_table_names())
    return {
        table.name: int(connection.scalar(select(func.count()).select_from(table)) or 0)
        for table in metadata.sorted_tables
        if table.name in known
    }


class BooksCopy:
    """One copy of SQLite books into another database."""

    def __init__(self, source_url: str, target_url: str, mode: str) -> None:
        """Open both ends.

        Args:
            source_url: the SQLite books, which nobody may write to meanwhile.
            target_url: an empty PostgreSQL database, or the target of this copy when it was killed.
            mode: of the books.

        Raises:
            CopyError: the source is no SQLite database, or there is none.
        """
        self._source = build_engine(source_url)
        self._target = build_engine(target_url)
        self._target_url = target_url
        self._mode = mode
        self._name = str(self._source.url.database)
        if self._source.dialect.name != "sqlite" or self._target.url == self._source.url:
            raise CopyError("only embedded SQLite books are copied, into another database")
        if not Path(self._name).is_file():
            raise CopyError(f"there are no books at {self._name}: check ARB_HOME and ARB_MODE")

    def close(self) -> None:
        """Close both ends."""
        self._source.dispose()
        self._target.dispose()

    def prepare(self) -> dict[str, int]:
        """Make the target's tables and return the rows there are to copy, by table.

        Raises:
            CopyError: the target holds other books, or the two are of different versions of the tables.
        """
        self._refuse_other_books()
        target = open_books(self._target_url, mode=self._mode)
        try:
            target.migrate()
        finally:
            target.close()
        with money_transaction(self._target) as connection:
            _notes.create_all(connection)
        versions = {_version(engine) for engine in (self._source, self._target)}
        if len(versions) > 1:
            raise CopyError("the books are of another version of the tables: run `arb migrate` on them first")
        with self._source.connect() as connection:
            return count_rows(connection)

    def run(self, tell: Callable[[str, int], None]) -> None:
        """Copy what is not yet copied; `tell(table, rows)` is called after each batch and once for rows found there."""
        for table in copied_tables():
            after, rows = self._progress_of(table)
            tell(table.name, rows)
            for last_row, batch in self._batches(table, after):
                rows += len(batch)
                self._write(table, batch, last_row, rows)
                tell(table.name, len(batch))
        self._number_on()

    def compare(self) -> dict[str, tuple[TableDigest, TableDigest]]:
        """Return source's and target's digest of each table that differs ({} = an exact copy)."""
        different = {}
        with self._source.connect() as source, self._target.connect() as target:
            for table in copied_tables():
                pair = digest_table(source, table), digest_table(target, table)
                if pair[0] != pair[1]:
                    different[table.name] = pair
        return different

    def finish(self) -> None:
        """Take the notes of the copy out of the target: from now on it is books like any other."""
        with money_transaction(self._target) as connection:
            _notes.drop_all(connection)

    def forget_cursors(self) -> None:
        """Let readers of the raw store begin anew: a cursor of one store means nothing to another."""
        with money_transaction(self._target) as connection:
            connection.execute(delete(metadata.tables["reader_cursors"]))

    def _refuse_other_books(self) -> None:
        with self._target.connect() as connection:
            known = set(inspect(connection).get_table_names())
            if progress.name in known:
                sources = set(connection.scalars(select(progress.c.source)))
                if sources <= {self._name}:
                    return
                raise CopyError("the target holds an unfinished copy of other books: give an empty database")
            filled = [
                table.name
                for table in metadata.sorted_tables
                if table.name in known - MIGRATED and connection.execute(select(table).limit(1)).first()
            ]
        if filled:
            raise CopyError(f"the target holds other books ({', '.join(filled[:3])} ...): give an empty database")

    def _progress_of(self, table: Table) -> tuple[int, int]:
        with self._target.connect() as connection:
            row = connection.execute(
                select(progress.c.last_row, progress.c.rows).where(progress.c.table_name == table.name)
            ).first()
        return (row.last_row, row.rows) if row else (-1, 0)

    def _batches(self, table: Table, after: int) -> Iterator[tuple[int, list[dict[str, object]]]]:
        number = literal_column("rowid", BigInteger).label("row_number")
        while True:
            query = select(number, *table.c).where(literal_column("rowid") > after).order_by(number).limit(BATCH)
            with self._source.connect() as connection:
                found = [dict(row) for row in connection.execute(query).mappings()]
            if not found:
                return
            after = [int(row.pop("row_number")) for row in found][-1]
            yield after, found

    def _write(self, table: Table, batch: list[dict[str, object]], last_row: int, rows: int) -> None:
        note = {"table_name": table.name, "source": self._name, "last_row": last_row, "rows": rows}
        with money_transaction(self._target) as connection:
            insert = insert_into(connection, table)
            # The target's own row of the mode is the source's row.
            connection.execute(insert.on_conflict_do_nothing() if table.name in MIGRATED else insert, batch)
            kept = insert_into(connection, progress).values(note)
            connection.execute(kept.on_conflict_do_update(index_elements=["table_name"], set_=note))

    def _number_on(self) -> None:
        """Let PostgreSQL number new rows behind the copied ones."""
        with money_transaction(self._target) as connection:
            if connection.dialect.name != "postgresql":
                return
            for table in copied_tables():
                column = table.autoincrement_column
                if column is None or not isinstance(column.type, BigInteger):
                    continue
                connection.execute(
                    text(
                        f"SELECT setval(pg_get_serial_sequence('{table.name}', '{column.name}'), max({column.name}))"  # noqa: S608 - names of our own tables
                        f" FROM {table.name} HAVING max({column.name}) IS NOT NULL"
                    )
                )


def _version(engine: Engine) -> str:
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return "none"
        return str(connection.scalar(text("SELECT version_num FROM alembic_version")))
