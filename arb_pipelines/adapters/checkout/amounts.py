"""Amounts, quantities and times as a shop's checkout writes them, read strictly.

What belongs here: text to value by the recipe's own rules. Text that could mean two things is None: at this place a
guess spends money.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from arb_pipelines.domain.money import Money, MoneyError

_NUMBER = re.compile(r"\d[\d.,'\u00a0\u202f ]*\d|\d")
_WHOLE = re.compile(r"\D*(\d{1,4})\D*")


def read_money(text: str, currencies: Mapping[str, str], decimal_mark: str) -> Money | None:
    """Return the one amount that `text` states with a currency sign that the recipe knows, else None.

    Args:
        text: such as `Total $1,234.50`.
        currencies: signs or codes to ISO 4217, such as `{"$": "USD"}`; the longest that occurs counts.
        decimal_mark: `.` or `,`.
    """
    numbers = _NUMBER.findall(text)
    signs = sorted((sign for sign in currencies if sign in text), key=len, reverse=True)
    rest = text.replace(signs[0], " ") if signs else text
    if len(numbers) != 1 or not signs or "-" in text or "\u2212" in text or _has_other_sign(rest, signs[0]):
        return None
    group = "," if decimal_mark == "." else "."
    pattern = (
        rf"\d{{1,3}}(?:[{group}'\u00a0\u202f ]\d{{3}})*(?:[{decimal_mark}]\d{{1,3}})?|\d+(?:[{decimal_mark}]\d{{1,3}})?"
    )
    if not re.fullmatch(pattern, numbers[0]):
        return None
    plain = re.sub(rf"[{group}'\u00a0\u202f ]", "", numbers[0]).replace(decimal_mark, ".")
    try:
        return Money.exact(plain, currencies[signs[0]])
    except MoneyError:
        return None


def _has_other_sign(rest: str, known: str) -> bool:
    """Whether another currency is named beside the known sign: `CA$`, `$ 5 AUD`."""
    signs = {char for char in rest if char in "$€£¥₹"}
    codes = re.findall(r"\b[A-Z]{2,3}\b", rest)
    return (
        bool(signs)
        or any(code in _CODES for code in codes)
        or (known == "$" and bool(re.search(r"\b(CA|A|US|C)\b", rest)))
    )


_CODES = frozenset(
    ("USD", "EUR", "GBP", "CAD", "AUD", "NZD", "JPY", "CNY", "CHF", "SEK", "NOK", "DKK", "PLN", "INR", "MXN", "BRL")
)


def read_quantity(text: str) -> int | None:
    """Return the one whole number of `text`, else None."""
    found = _WHOLE.fullmatch(text.strip())
    return int(found[1]) if found else None


def read_time(text: str, time_format: str | None) -> datetime | None:
    """Return a moment as aware UTC; without `time_format` it must be ISO 8601. One without a zone is None."""
    try:
        moment = datetime.strptime(text.strip(), time_format) if time_format else datetime.fromisoformat(text.strip())  # noqa: DTZ007 - a moment without a zone is refused in the next line
    except ValueError:
        return None
    return None if moment.tzinfo is None else moment.astimezone(UTC)
