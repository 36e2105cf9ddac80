"""Exact money: integer minor units of one ISO 4217 currency, never a float.

What belongs here: the `Money` value, its arithmetic and its single named rounding rule (half up, as the
marketplaces round their fees). Fees, taxes and exchange rates live in their own modules.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

# Minor-unit digits that differ from two (ISO 4217). A currency that is not three capital letters is refused.
MINOR_DIGITS = {
    "BHD": 3,
    "CLP": 0,
    "ISK": 0,
    "JPY": 0,
    "JOD": 3,
    "KRW": 0,
    "KWD": 3,
    "OMR": 3,
    "TND": 3,
    "VND": 0,
}


_SEEN_CURRENCIES: set[str] = set()  # a quote makes six amounts: checking the letters once is a tenth of its time


class MoneyError(ValueError):
    """An amount or currency that cannot be used as money, or two currencies in one sum."""

    code = "bad_money"


def _check_currency(currency: str) -> None:
    """Refuse what cannot be an ISO 4217 code, and remember the others."""
    if not (
        isinstance(currency, str)
        and len(currency) == 3
        and currency.isascii()
        and currency.isalpha()
        and currency.isupper()
    ):
        raise MoneyError(f"not an ISO 4217 currency code: {currency!r}")
    _SEEN_CURRENCIES.add(currency)


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units (cents) of one currency.

    `Money.of("12.99", "USD")` reads a decimal; floats, NaN and infinities are refused with `MoneyError`.
    """

    minor: int
    currency: str

    def __post_init__(self) -> None:
        """Refuse anything that is not a whole number of minor units of a plausible currency."""
        if type(self.minor) is not int:
            raise MoneyError(f"minor units must be an int, got {type(self.minor).__name__}")
        if self.currency not in _SEEN_CURRENCIES:
            _check_currency(self.currency)

    @classmethod
    def of(cls, amount: Decimal | int | str, currency: str) -> Money:
        """Return `amount` major units, rounded half up to the minor unit."""
        if isinstance(amount, (float, bool)):
            raise MoneyError("money is never made from a float; pass a string or a Decimal")
        try:
            value = Decimal(amount)
        except (InvalidOperation, ValueError, TypeError) as error:
            raise MoneyError(f"not an amount: {amount!r}") from error
        if not value.is_finite():
            raise MoneyError(f"not a finite amount: {amount!r}")
        digits = MINOR_DIGITS.get(currency, 2)
        try:
            return cls(int(value.scaleb(digits).quantize(Decimal(1), ROUND_HALF_UP)), currency)
        except InvalidOperation as error:
            raise MoneyError(f"too large to be an amount: {amount!r}") from error

    @classmethod
    def exact(cls, amount: Decimal | int | str, currency: str) -> Money:
        """Return `amount` major units; refuse digits below the minor unit instead of rounding them away."""
        money = cls.of(amount, currency)
        if money.amount != Decimal(amount):
            raise MoneyError(f"{amount} has more digits than {currency} has minor units")
        return money

    @classmethod
    def zero(cls, currency: str) -> Money:
        """Return nothing at all of `currency`."""
        return cls(0, currency)

    @property
    def amount(self) -> Decimal:
        """The amount in major units, exact."""
        return Decimal(self.minor).scaleb(-MINOR_DIGITS.get(self.currency, 2))

    @property
    def text(self) -> str:
        """The amount as decimal text with the currency's own digits, e.g. `12.99`; what JSON carries."""
        return minor_text(self.minor, self.currency)

    def __str__(self) -> str:
        """Return e.g. `12.99 USD`."""
        return f"{self.text} {self.currency}"

    def _same(self, other: Money) -> None:
        if self.currency != other.currency:
            raise MoneyError(f"cannot combine {self.currency} with {other.currency}")

    def __add__(self, other: Money) -> Money:
        """Add money of the same currency."""
        self._same(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        """Subtract money of the same currency."""
        self._same(other)
        return Money(self.minor - other.minor, self.currency)

    def __neg__(self) -> Money:
        """Return the opposite amount."""
        return Money(-self.minor, self.currency)

    def __mul__(self, quantity: int) -> Money:
        """Multiply by a whole quantity."""
        if type(quantity) is not int:
            raise MoneyError("multiply money by a whole quantity; use `share` for a rate")
        return Money(self.minor * quantity, self.currency)

    def share(self, rate: Decimal) -> Money:
        """Return `rate` (e.g. Decimal("0.136")) of this amount, rounded half up (ties away from zero)."""
        if not isinstance(rate, Decimal) or not rate.is_finite():
            raise MoneyError(f"a rate is a finite Decimal, got {rate!r}")
        numerator, denominator = rate.as_integer_ratio()
        exact = self.minor * numerator
        rounded = (2 * abs(exact) + denominator) // (2 * denominator)
        return Money(rounded if exact >= 0 else -rounded, self.currency)

    def __lt__(self, other: Money) -> bool:
        """Compare money of the same currency."""
        self._same(other)
        return self.minor < other.minor

    def __le__(self, other: Money) -> bool:
        """Compare money of the same currency."""
        self._same(other)
        return self.minor <= other.minor

    def __gt__(self, other: Money) -> bool:
        """Compare money of the same currency."""
        self._same(other)
        return self.minor > other.minor

    def __ge__(self, other: Money) -> bool:
        """Compare money of the same currency."""
        self._same(other)
        return self.minor >= other.minor


def minor_text(minor: int, currency: str) -> str:
    """Return minor units as decimal text with the currency's own digits, e.g. `12.99`."""
    return minor_texts((minor,), currency)[0]


def minor_texts(minors: Iterable[int], currency: str) -> list[str]:
    """Return amounts in minor units as decimal text with the currency's own digits.

    Whole numbers all the way, and many at once: by way of Decimal it took three times as long, one by one twice as
    long, and one answer of the API holds 300.
    """
    digits = MINOR_DIGITS.get(currency, 2)
    if digits == 0:
        return [str(minor) for minor in minors]
    least, texts = 10**digits, []
    for minor in minors:
        text = str(minor)
        texts.append(f"{text[:-digits]}.{text[-digits:]}" if minor >= least else _small_text(minor, digits))
    return texts


def _small_text(minor: int, digits: int) -> str:
    text = str(abs(minor)).zfill(digits + 1)
    return f"{'-' if minor < 0 else ''}{text[:-digits]}.{text[-digits:]}"
