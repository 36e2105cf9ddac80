"""Landed cost: every part a line, nothing unknown counted as nothing, limits that hold however a shop rounds."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arb_pipelines.domain.landed_cost import CostRefusal, PurchaseTerms, landed_cost, shelf_limit
from arb_pipelines.domain.money import Money


def usd(amount: str) -> Money:
    return Money.exact(amount, "USD")


FREE = PurchaseTerms(tax_rate=Decimal(0), shipping_in=usd("0.00"))
FULL = PurchaseTerms(
    tax_rate=Decimal("0.08"),
    shipping_in=usd("4.00"),
    discount=usd("2.00"),
    coupon=usd("3.00"),
    payment_rate=Decimal("0.02"),
    prep=usd("0.25"),
    inbound=usd("0.45"),
    cashback=usd("1.00"),
    cashback_paid=True,
)


def test_every_part_is_a_line():
    record = landed_cost(usd("25.00"), FULL)
    assert [(line.rule, line.amount.text) for line in record.lines] == [
        ("purchase.shelf", "25.00"),
        ("purchase.discount", "-2.00"),
        ("purchase.coupon", "-3.00"),
        ("purchase.tax", "1.60"),  # 8 % of 20.00
        ("purchase.shipping_in", "4.00"),
        ("purchase.payment", "0.51"),  # 2 % of 25.60
        ("purchase.prep", "0.25"),
        ("purchase.inbound", "0.45"),
        ("purchase.cashback", "-1.00"),
    ]
    assert record.total == usd("25.81")


def test_recovered_tax_is_paid_and_comes_back():
    terms = replace(FREE, tax_rate=Decimal("0.08"), tax_recoverable=True)
    assert landed_cost(usd("25.00"), terms).total == usd("25.00")


def test_tax_on_shipping_and_a_buyers_premium():
    terms = replace(FREE, tax_rate=Decimal("0.10"), shipping_in=usd("5.00"), shipping_taxed=True)
    assert landed_cost(usd("10.00"), terms).total == usd("16.50")
    auction = replace(FREE, tax_rate=Decimal("0.10"), premium_rate=Decimal("0.20"))
    assert landed_cost(usd("10.00"), auction).total == usd("13.20")


def test_promised_cashback_does_not_count():
    record = landed_cost(usd("25.00"), replace(FREE, cashback=usd("5.00")))
    assert record.total == usd("25.00")
    assert "promised, not paid" in record.notes[0]


@pytest.mark.parametrize(
    ("code", "terms"),
    [
        ("unknown_tax", replace(FREE, tax_rate=None)),
        ("unknown_shipping", replace(FREE, shipping_in=None)),
        ("wrong_currency", replace(FREE, shipping_in=Money(1, "EUR"))),
        ("wrong_currency", replace(FREE, prep=Money(1, "EUR"))),
        ("negative_amount", replace(FREE, coupon=Money(-1, "USD"))),
        ("bad_rate", replace(FREE, tax_rate=Decimal("nan"))),
        ("bad_rate", replace(FREE, tax_rate=Decimal(8))),
        ("bad_rate", replace(FREE, payment_rate=Decimal("-0.01"))),
        ("discount_above_price", replace(FREE, discount=usd("10.01"))),
    ],
)
def test_uncertain_costs_are_refused(code, terms):
    with pytest.raises(CostRefusal) as caught:
        landed_cost(usd("10.00"), terms)
    assert caught.value.code == code


def test_a_negative_shelf_price_is_refused():
    with pytest.raises(CostRefusal, match="shelf price"):
        landed_cost(Money(-1, "USD"), FREE)


def test_shelf_limit_of_the_worked_example():
    assert shelf_limit(usd("7.88"), replace(FREE, tax_rate=Decimal("0.08"))) == usd("7.29")


def test_no_shelf_price_is_low_enough():
    with pytest.raises(CostRefusal) as caught:
        shelf_limit(usd("3.00"), FULL)
    assert caught.value.code == "no_shelf_limit"


rates = st.integers(0, 250).map(lambda ppt: Decimal(ppt) / 1000)
cents = st.integers(0, 800).map(lambda minor: Money(minor, "USD"))


@given(st.integers(900, 100_000), rates, rates, cents, st.booleans())
def test_the_limit_is_within_the_cost_and_a_few_cents_of_the_most(minor, tax, premium, shipping, recoverable):
    terms = PurchaseTerms(tax, shipping, tax_recoverable=recoverable, premium_rate=premium)
    most = Money(minor, "USD")
    limit = shelf_limit(most, terms)
    assert landed_cost(limit, terms).total <= most
    assert landed_cost(limit + Money(4, "USD"), terms).total > most
