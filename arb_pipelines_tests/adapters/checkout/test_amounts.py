"""Amounts, quantities and times of a checkout; what could mean two things is nothing."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from arb_pipelines.adapters.checkout.amounts import read_money, read_quantity, read_time
from arb_pipelines.domain.money import Money

SIGNS = {"$": "USD", "€": "EUR", "CA$": "CAD", "kr": "SEK", "¥": "JPY"}


@pytest.mark.parametrize(
    "text, mark, expected",
    [
        ("Total $1,234.50", ".", Money.of("1234.50", "USD")),
        ("1.234,50 €", ",", Money.of("1234.50", "EUR")),
        ("1 234,50 kr", ",", Money.of("1234.50", "SEK")),
        ("CA$ 12.00", ".", Money.of("12.00", "CAD")),
        ("$0.00", ".", Money.of("0", "USD")),
        ("¥1200", ".", Money.of("1200", "JPY")),
        ("$12", ".", Money.of("12", "USD")),
        ("12.00", ".", None),
        ("Free", ".", None),
        ("", ".", None),
        ("$12.00 $15.00", ".", None),
        ("$12.00 - $15.00", ".", None),
        ("-$12.00", ".", None),
        ("A$ 12.00", ".", None),
        ("$12.00 AUD", ".", None),
        ("$12.00 or €11.00", ".", None),
        ("$1,23", ".", None),
        ("1.234 €", ".", None),
        ("$12.345", ".", None),
        ("¥12.50", ".", None),
        ("told later", ".", None),
    ],
)
def test_money(text: str, mark: str, expected: Money | None) -> None:
    assert read_money(text, SIGNS, mark) == expected


@pytest.mark.parametrize("text, expected", [("2", 2), ("Qty: 3", 3), ("2 of 5", None), ("", None), ("two", None)])
def test_quantity(text: str, expected: int | None) -> None:
    assert read_quantity(text) == expected


@pytest.mark.parametrize(
    "text, time_format, expected",
    [
        ("2026-05-01T14:00:00+02:00", None, datetime(2026, 5, 1, 12, tzinfo=UTC)),
        ("01.05.2026 12:00 +0000", "%d.%m.%Y %H:%M %z", datetime(2026, 5, 1, 12, tzinfo=UTC)),
        ("2026-05-01T14:00:00", None, None),
        ("yesterday", None, None),
    ],
)
def test_time(text: str, time_format: str | None, expected: datetime | None) -> None:
    assert read_time(text, time_format) == expected
