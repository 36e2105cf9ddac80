"""Reading the fields of a vendor's JSON strictly: each is there and of its type, or the document is refused.

What belongs here: what every vendor's `parse.py` needs. Nothing is guessed: text is not taken for a number, an
amount without a currency is none, a time without a zone is none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from arb_pipelines.adapters.http.answers import UnreadableAnswerError
from arb_pipelines.domain.money import Money, MoneyError

LONGEST_AMOUNT_TEXT = 40


def read_object(value: Any, what: str) -> Mapping[str, Any]:
    """Return a JSON object.

    Raises:
        UnreadableAnswerError: it is something else.
    """
    if not isinstance(value, dict):
        raise UnreadableAnswerError(f"{what} is not a JSON object")
    return value


def read_part(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return the object inside another; one that is missing or null is empty.

    Raises:
        UnreadableAnswerError: it is something else.
    """
    value = body.get(name)
    return {} if value is None else read_object(value, name)


def read_objects(body: Mapping[str, Any], name: str, *, may_miss: bool = False) -> list[Mapping[str, Any]]:
    """Return a list of objects; with `may_miss` one that is missing is empty.

    Raises:
        UnreadableAnswerError: it is no list, or something in it is no object.
    """
    value = body.get(name)
    if value is None and may_miss:
        return []
    if not isinstance(value, list):
        raise UnreadableAnswerError(f"{name} is not a list")
    return [read_object(each, name) for each in value]


def read_text(body: Mapping[str, Any], name: str) -> str:
    """Return a text that is not empty.

    Raises:
        UnreadableAnswerError: it is missing, empty or no text.
    """
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise UnreadableAnswerError(f"{name} is missing")
    return value


def read_optional_text(body: Mapping[str, Any], name: str) -> str | None:
    """Return a text, None where it is missing or empty.

    Raises:
        UnreadableAnswerError: it is no text.
    """
    return None if body.get(name) in (None, "") else read_text(body, name)


def read_count(body: Mapping[str, Any], name: str, *, least: int = 0) -> int:
    """Return a whole number of at least `least`.

    Raises:
        UnreadableAnswerError: it is missing, smaller or no whole number.
    """
    value = body.get(name)
    if type(value) is not int or value < least:
        raise UnreadableAnswerError(f"{name} is {value!r:.40}, not a whole number from {least}")
    return value


def read_money(value: Any, name: str) -> Money:
    """Return an amount of the form `{"value": "12.99", "currency": "USD"}`.

    Raises:
        UnreadableAnswerError: a part is missing, the amount is below zero or has too many digits.
    """
    body = read_object(value, name)
    return read_amount(body.get("value"), read_text(body, "currency"), name)


def read_amount(value: Any, currency: str, name: str) -> Money:
    """Return an amount given as decimal text, as a whole number or as a `Decimal`.

    Raises:
        UnreadableAnswerError: it is something else, below zero, or has more digits than the currency.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise UnreadableAnswerError(f"{name} is no amount")
    if isinstance(value, str) and (len(value) > LONGEST_AMOUNT_TEXT or not value.isascii() or "_" in value):
        raise UnreadableAnswerError(f"{name} is no amount")
    try:
        money = Money.exact(value, currency)
    except MoneyError as error:
        raise UnreadableAnswerError(f"{name}: {error}") from error
    if money.minor < 0:
        raise UnreadableAnswerError(f"{name} is {money}, below zero")
    return money


def sum_money(amounts: Sequence[Money], currency: str) -> Money:
    """Return the sum of amounts in one currency.

    Raises:
        UnreadableAnswerError: one is in another currency.
    """
    try:
        return sum(amounts, Money.zero(currency))
    except MoneyError as error:
        raise UnreadableAnswerError(f"amounts in two currencies: {error}") from error


def read_time(value: Any, name: str) -> datetime:
    """Return an ISO 8601 time with a zone as UTC.

    Raises:
        UnreadableAnswerError: it is no time or has no zone.
    """
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (TypeError, ValueError, OverflowError) as error:
        raise UnreadableAnswerError(f"{name} is {value!r:.40}, not a time") from error
    raise UnreadableAnswerError(f"{name} is {value!r:.40}, a time without a zone")


def write_money(money: Money) -> dict[str, str]:
    """Return an amount of the form `{"value": "12.99", "currency": "USD"}`."""
    return {"value": money.text, "currency": money.currency}


def write_time(moment: datetime) -> str:
    """Return a time in UTC to the millisecond, e.g. `2026-02-21T08:25:43.511Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
