"""Quantity is a hard gate; what cannot be told is None."""

from decimal import Decimal

import pytest

from arb_pipelines.domain.money import Money
from arb_pipelines.domain.pack_quantity import same_quantity, unit_price, unit_prices_fit


@pytest.mark.parametrize(
    ("left", "right", "same"), [(1, 1, True), (1, 2, False), (None, 1, None), (2, None, None), (0, 0, None)]
)
def test_quantity_gate(left, right, same):
    assert same_quantity(left, right) is same


def test_unit_price_keeps_fractions_of_a_cent():
    assert unit_price(Money(1000, "USD"), 3) == Decimal("333.3333")
    assert unit_price(Money(1000, "USD"), None) is None
    assert unit_price(Money(1000, "USD"), 0) is None


def test_unit_prices_of_the_same_thing_are_near():
    single, dozen = Money(500, "USD"), Money(5400, "USD")
    assert unit_prices_fit(single, 1, dozen, 12) is True
    assert unit_prices_fit(single, 1, dozen, 1) is False
    assert unit_prices_fit(single, 1, dozen, None) is None
    assert unit_prices_fit(single, 1, Money(5400, "EUR"), 12) is None
    assert unit_prices_fit(single, 1, Money(0, "USD"), 12) is None
