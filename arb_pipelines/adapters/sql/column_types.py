"""Column types that keep a value exactly on both databases.

What belongs here: the mapping of Python values to columns where SQLite and PostgreSQL differ.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, DateTime, Dialect, Integer, String
from sqlalchemy.types import TypeDecorator, TypeEngine

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

# SQLite numbers its rows only in a column declared INTEGER.
RowNumber = BigInteger().with_variant(Integer(), "sqlite")


def driver_time(value: Any) -> datetime:
    """Return what a driver gives for a `UtcTime` that is no null: whole microseconds, or a time of any offset."""
    if isinstance(value, int):
        return EPOCH + timedelta(0, 0, value)
    at: datetime = value.astimezone(UTC)
    return at


class UtcTime(TypeDecorator[datetime]):
    """An aware UTC time to the microsecond: whole microseconds since 1970 on SQLite, timestamptz on PostgreSQL.

    SQLite has no time type and its text form would sort wrongly beside another precision. A naive time is refused
    with `ValueError`, because it cannot be known which clock it was read from.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return the column type of one database."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(BigInteger())
        return dialect.type_descriptor(DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Turn a time into what the database keeps."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time in the books must be aware UTC, got the naive {value.isoformat()}")
        if dialect.name == "sqlite":
            return (value - EPOCH) // MICROSECOND
        return value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Turn what the database keeps into an aware UTC time."""
        return None if value is None else driver_time(value)


class ExactDecimal(TypeDecorator[Decimal]):
    """A ratio as decimal text: SQLite's NUMERIC would pass it through a float."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> str | None:
        """Turn a Decimal into its text."""
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Decimal | None:
        """Turn the text back into the same Decimal."""
        return None if value is None else Decimal(value)
