"""Money: exact, one currency at a time, half up, never from a float."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arb_pipelines.domain.money import Money, MoneyError


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("12.99", "USD", 1299),
        ("0.005", "USD", 1),
        ("-0.005", "USD", -1),
        ("0.0049", "USD", 0),
        (7, "USD", 700),
        (Decimal("1234.5"), "JPY", 1235),
        ("1.2345", "KWD", 1235),
    ],
)
def test_of_rounds_half_up_to_the_currencys_own_digits(amount, currency, minor):
    assert Money.of(amount, currency).minor == minor


@pytest.mark.parametrize("amount", [1.5, True, "nan", "inf", "-inf", "", "twelve", "1e40", None])
def test_of_refuses_what_is_no_finite_amount(amount):
    with pytest.raises(MoneyError):
        Money.of(amount, "USD")


@pytest.mark.parametrize("currency", ["usd", "US", "USDD", "U$D", "US1", "", None])
def test_a_currency_is_three_capital_letters(currency):
    with pytest.raises(MoneyError, match="ISO 4217"):
        Money(1, currency)


@pytest.mark.parametrize("minor", [1.0, True, Decimal(1), "1"])
def test_minor_units_are_an_int(minor):
    with pytest.raises(MoneyError, match="int"):
        Money(minor, "USD")


def test_exact_refuses_to_round():
    assert Money.exact("12.990", "USD") == Money(1299, "USD")
    with pytest.raises(MoneyError, match="more digits"):
        Money.exact("12.999", "USD")


def test_two_currencies_never_meet():
    dollar, euro = Money(1, "USD"), Money(1, "EUR")
    for combine in (
        lambda: dollar + euro,
        lambda: dollar - euro,
        lambda: dollar < euro,
        lambda: dollar >= euro,
    ):
        with pytest.raises(MoneyError, match="cannot combine"):
            combine()
    assert dollar != euro


def test_multiplying_is_for_quantities_and_share_for_rates():
    assert Money(125, "USD") * 3 == Money(375, "USD")
    with pytest.raises(MoneyError, match="share"):
        Money(125, "USD") * Decimal("0.5")
    for rate in (0.5, Decimal("nan"), 1):
        with pytest.raises(MoneyError, match="rate"):
            Money(125, "USD").share(rate)


def test_text_carries_the_currencys_digits():
    assert [Money(5, code).text for code in ("USD", "JPY", "KWD")] == ["0.05", "5", "0.005"]
    assert str(Money(-1299, "USD")) == "-12.99 USD"


@given(st.integers(-(10**12), 10**12), st.sampled_from(["USD", "JPY", "KWD"]))
def test_text_reads_back(minor, currency):
    money = Money(minor, currency)
    assert Money.exact(money.text, currency) == money


@given(st.integers(-(10**9), 10**9), st.decimals("-2", "2", places=30))
def test_share_is_half_up_however_fine_the_rate(minor, rate):
    exact = minor * rate.as_integer_ratio()[0] / Decimal(1)
    assert exact.is_finite()
    numerator, denominator = rate.as_integer_ratio()
    shared = Money(minor, "USD").share(rate).minor
    distance = abs(2 * (shared * denominator - minor * numerator))
    assert distance <= denominator
    if distance == denominator:
        assert abs(shared * denominator) > abs(minor * numerator)
