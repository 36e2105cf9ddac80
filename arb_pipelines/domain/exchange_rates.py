"""Exchange rates as dated data: every conversion names its rate, its day and its source, and grows stale.

What belongs here: the rates of a day, their files, and converting an amount. A rate that is missing or older than
the limit is refused; nothing is ever converted at a guess.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cache
from math import floor
from pathlib import Path

from arb_pipelines.domain.dated_data import DatedDataError, Table, day, is_plain_date, load_tables, number, parse_each
from arb_pipelines.domain.decision_record import DecisionRefusal
from arb_pipelines.domain.money import MINOR_DIGITS, Money

MAX_AGE_DAYS = 4  # reference rates pause over a weekend and one holiday


class RateRefusal(DecisionRefusal):
    """A conversion that no rate of that day supports."""


@dataclass(frozen=True, slots=True)
class RateTable:
    """The rates of one day: units of each currency that one unit of `base` buys."""

    id: str
    base: str
    on: date
    source: str
    retrieved_on: date
    rates: Mapping[str, Decimal]

    def units(self, currency: str) -> Fraction | None:
        """Return how many units of `currency` one unit of the base buys, or None where the table is silent."""
        if currency == self.base:
            return Fraction(1)
        rate = self.rates.get(currency)
        return None if rate is None else Fraction(rate)


@dataclass(frozen=True, slots=True)
class Conversion:
    """An amount in another currency, and what it rests on. `rate` is units of the new currency for one old."""

    amount: Money
    original: Money
    rate: Decimal
    on: date | None
    table: str | None
    source: str | None


class ExchangeRates:
    """All known tables. Build it with `load_exchange_rates`."""

    def __init__(self, tables: Sequence[RateTable]) -> None:
        """Keep the tables, the latest first.

        Raises:
            DatedDataError: two tables of one base and day.
        """
        days = [(table.base, table.on) for table in tables]
        if len(set(days)) != len(days):
            raise DatedDataError("two exchange-rate tables have the same base and day")
        self._tables = sorted(tables, key=lambda table: table.on, reverse=True)

    def all(self) -> list[RateTable]:
        """Return every table, the latest first."""
        return list(self._tables)

    def convert(self, money: Money, currency: str, on: date, *, max_age_days: int = MAX_AGE_DAYS) -> Conversion:
        """Return `money` in `currency`, rounded half up (ties away from zero), at the latest rate up to a day.

        Raises:
            RateRefusal: `bad_date`, `unknown_rate` when no table up to the day has both currencies,
                `stale_rate` when the latest such table is older than `max_age_days`.
        """
        if not is_plain_date(on):
            raise RateRefusal("bad_date", f"a conversion needs a plain date, got {on!r}")
        if money.currency == currency:
            return Conversion(money, money, Decimal(1), None, None, None)
        for table in self._tables:
            old, new = table.units(money.currency), table.units(currency)
            if table.on > on or old is None or new is None:
                continue
            age = (on - table.on).days
            if age > max_age_days:
                raise RateRefusal(
                    "stale_rate",
                    f"the latest rate {money.currency} to {currency} is {age} days old on {on} ({table.id}), "
                    f"the limit is {max_age_days}: add a newer table",
                )
            return _conversion(money, currency, new / old, table)
        raise RateRefusal("unknown_rate", f"no rate {money.currency} to {currency} is known up to {on}: add a table")


def _conversion(money: Money, currency: str, rate: Fraction, table: RateTable) -> Conversion:
    scale = Fraction(10) ** (MINOR_DIGITS.get(currency, 2) - MINOR_DIGITS.get(money.currency, 2))
    rounded = floor(abs(money.minor) * rate * scale + Fraction(1, 2))
    amount = Money(rounded if money.minor >= 0 else -rounded, currency)
    shown = Decimal(rate.numerator) / Decimal(rate.denominator)
    return Conversion(amount, money, shown, table.on, table.id, table.source)


def parse_table(table: Table) -> RateTable:
    """Return the rates that one file holds.

    Raises:
        DatedDataError, KeyError, TypeError, ValueError: a field is wrong or missing.
    """
    rates = {code: number(text) for code, text in table["rates"].items()}
    for code in (table["base"], *rates):
        Money.zero(code)
    if not all(rates.values()):
        raise DatedDataError("a rate is never zero")
    return RateTable(table["id"], table["base"], day(table["on"]), table["source"], day(table["retrieved_on"]), rates)


@cache
def load_exchange_rates(folder: Path | None = None) -> ExchangeRates:
    """Return the shipped tables and those of an operator's folder, read once.

    Raises:
        DatedDataError: a file is not usable, or two tables share base and day.
    """
    return ExchangeRates(list(parse_each(load_tables("exchange_rates", folder), parse_table)))
