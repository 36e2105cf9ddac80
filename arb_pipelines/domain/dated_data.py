"""Dated data files: reading them, and choosing the one in force on a day.

What belongs here: what fee schedules, fulfilment cards, shipping cards and exchange rates have in common. Rates
and amounts are strings in the files, because a TOML float is already inexact. The shipped files are package data;
an operator adds or replaces files in a folder of their own.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from importlib import resources
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol, TypeVar

from arb_pipelines.domain.money import Money, MoneyError

Table = Mapping[str, Any]


class DatedDataError(ValueError):
    """A data file that cannot be used: a field is missing or wrong, or dates overlap or leave a gap."""


class Dated(Protocol):
    """Data that is in force between two dates, both inclusive."""

    @property
    def id(self) -> str:
        """The id of the data."""

    @property
    def effective_from(self) -> date:
        """The first day."""

    @property
    def effective_to(self) -> date | None:
        """The last day; None while it is still in force."""


D = TypeVar("D", bound=Dated)
P = TypeVar("P")


def load_tables(folder: str, own: Path | None) -> list[tuple[str, Table]]:
    """Return (file name, parsed TOML) of `domain/data/<folder>` and of an operator's folder.

    An operator's file with the id of a shipped one replaces it.

    Raises:
        DatedDataError: not TOML, no id, an id twice among equals, or the operator's folder does not exist:
            a mistyped setting must not look like "no files".
    """
    root = resources.files("arb_pipelines.domain") / "data" / folder
    shipped = [(entry.name, entry.read_text("utf-8")) for entry in root.iterdir() if entry.name.endswith(".toml")]
    tables = _by_id(shipped)
    if own is not None:
        if not own.is_dir():
            raise DatedDataError(f"no such folder of data files: {own}")
        tables |= _by_id([(path.name, path.read_text("utf-8")) for path in own.glob("*.toml")])
    return sorted(tables.values(), key=lambda item: item[0])


def _by_id(files: Iterable[tuple[str, str]]) -> dict[str, tuple[str, Table]]:
    found: dict[str, tuple[str, Table]] = {}
    for name, text in files:
        try:
            table = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise DatedDataError(f"{name} is not TOML: {error}") from error
        if not isinstance(table.get("id"), str):
            raise DatedDataError(f"{name}: the field 'id' is missing")
        if table["id"] in found:
            raise DatedDataError(f"{name} and {found[table['id']][0]} have the same id {table['id']!r}")
        found[table["id"]] = (name, table)
    return found


def parse_each(tables: Iterable[tuple[str, Table]], parse: Callable[[Table], P]) -> Iterator[P]:
    """Yield the parsed form of each table.

    Raises:
        DatedDataError: a field is missing or wrong; the message names the file and the field.
    """
    for name, table in tables:
        try:
            yield parse(table)
        except KeyError as error:
            raise DatedDataError(f"{name}: the field {error} is missing") from error
        except (TypeError, ValueError, AttributeError) as error:
            raise DatedDataError(f"{name}: {error}") from error


def in_order(dated: Sequence[D]) -> list[D]:
    """Return the data of one series by date, each ending the day before the next begins.

    Raises:
        DatedDataError: two overlap, days between two are missing, or one ends before it begins.
    """
    ordered = sorted(dated, key=lambda item: item.effective_from)
    for item in ordered:
        if item.effective_to is not None and item.effective_to < item.effective_from:
            raise DatedDataError(f"{item.id} ends on {item.effective_to}, before it begins")
    for earlier, later in pairwise(ordered):
        ends = earlier.effective_to
        day_before = later.effective_from - timedelta(days=1)
        if ends is None or ends > day_before:
            raise DatedDataError(f"{earlier.id} and {later.id} overlap: end the first on {day_before}")
        if ends < day_before:
            raise DatedDataError(f"no data between {earlier.id} (to {ends}) and {later.id}: close the gap")
    return ordered


def in_force(ordered: Sequence[D], on: date) -> D | None:
    """Return the one of `ordered` that is in force on a day, or None where none is."""
    for item in reversed(ordered):
        if item.effective_from <= on:
            return item if item.effective_to is None or on <= item.effective_to else None
    return None


def is_plain_date(value: object) -> bool:
    """Return whether a value is a date without a time of day."""
    return isinstance(value, date) and not isinstance(value, datetime)


def day(value: Any) -> date:
    """Return a TOML date.

    Raises:
        DatedDataError: text, or a date with a time.
    """
    if not is_plain_date(value):
        raise DatedDataError(f"not a plain date: {value!r}")
    found: date = value
    return found


def number(text: Any) -> Decimal:
    """Return a decimal from its text; never negative.

    Raises:
        DatedDataError: not text, not a finite number, or negative.
    """
    if not isinstance(text, str):
        raise DatedDataError(f'write {text!r} as text, such as "0.30"')
    try:
        value = Decimal(text)
    except InvalidOperation as error:
        raise DatedDataError(f"not a number: {text!r}") from error
    if not value.is_finite() or value < 0:
        raise DatedDataError(f"not a finite number from zero up: {text!r}")
    return value


def minor(text: Any, currency: str) -> int:
    """Return an amount in minor units from its text; never negative, never rounded.

    Raises:
        DatedDataError: not such an amount.
    """
    try:
        return Money.exact(number(text), currency).minor
    except MoneyError as error:
        raise DatedDataError(str(error)) from error
