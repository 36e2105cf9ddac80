"""The arithmetic of charges: exact against a second opinion, continuous where it should be."""

from __future__ import annotations

from decimal import Decimal
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arb_pipelines.domain.fees_charges import OWN_TERMS, AmountCharge, Base, PortionCharge, StepCharge, Tier, ppm_of
from arb_pipelines.domain.money import Money
from arb_pipelines_tests.fakes.fee_schedules import RandomSale, random_sale

SEEDS = st.integers(0, 10**9)
RATES = st.integers(0, 450_000)


@st.composite
def tier_lists(draw):
    bounds = sorted(draw(st.sets(st.integers(1, 100_000), max_size=4)))
    return [Tier(bound, draw(RATES)) for bound in bounds] + [Tier(None, draw(RATES))]


@settings(max_examples=300, deadline=None)
@given(SEEDS, st.integers(0, 20_000))
def test_the_kernel_agrees_with_exact_fractions(seed, price):
    sale = random_sale(Random(seed))
    assert sale.curve().fee(price) == sale.fee_by_fractions(price)


@settings(max_examples=200, deadline=None)
@given(SEEDS, st.integers(0, 20_000))
def test_lines_sum_to_the_total_and_the_quote_to_the_payment(seed, price):
    sale = random_sale(Random(seed))
    curve = sale.curve()
    quote = curve.quote(Money(price, "USD"))
    assert sum(line.amount.minor for line in quote.lines) == quote.total_fee.minor == curve.fee(price)
    assert quote.net == quote.price + quote.shipping - quote.total_fee
    assert quote.net.minor == curve.net(price)
    assert all(line.amount.minor >= 0 for line in quote.lines)
    assert quote.record().total == quote.total_fee


@settings(max_examples=150, deadline=None)
@given(SEEDS, st.integers(0, 20_000), st.integers(1, 300_000))
def test_a_higher_rate_never_raises_net(seed, price, more):
    sale = random_sale(Random(seed))
    dearer = {**sale.table, "categories": {"most": dict(sale.table["categories"]["most"])}}
    dearer["categories"]["most"]["tiers"] = [
        {**tier, "rate": str(Decimal(tier["rate"]) + Decimal(more) / 1_000_000)}
        for tier in sale.table["categories"]["most"]["tiers"]
    ]
    raised = RandomSale(dearer, sale.shipping, sale.tax_rate, sale.options)
    assert raised.curve().net(price) <= sale.curve().net(price)


@given(tier_lists(), st.integers(0, 120_000))
def test_portion_tiers_are_continuous(tiers, amount):
    charge = PortionCharge("fee", "r", Base.PRICE, tiers, OWN_TERMS)
    rise = charge.minor((amount + 1, 0, 0)) - charge.minor((amount, 0, 0))
    assert rise in (0, 1)
    assert charge.steps == ()


@given(tier_lists(), st.integers(0, 120_000))
def test_steps_are_the_only_places_where_a_stepped_rate_jumps(tiers, amount):
    charge = StepCharge("fee", "r", Base.PRICE, tiers, OWN_TERMS)
    rise = charge.minor((amount + 1, 0, 0)) - charge.minor((amount, 0, 0))
    assert rise in (0, 1) or amount + 1 in charge.steps


def test_steps_do_jump_and_portions_do_not():
    tiers = [Tier(500_000, 150_000), Tier(None, 90_000)]
    step, portion = (kind("fee", "r", Base.TOTAL, tiers, OWN_TERMS) for kind in (StepCharge, PortionCharge))
    assert [step.minor((0, 0, amount)) for amount in (500_000, 500_001)] == [75_000, 45_000]
    assert [portion.minor((0, 0, amount)) for amount in (500_000, 500_001)] == [75_000, 75_000]


@given(tier_lists(), st.integers(0, 120_000), st.integers(0, 500))
def test_the_parts_of_portions_lose_no_cent(tiers, amount, minimum):
    charge = PortionCharge("fee", "r", Base.PRICE, tiers, OWN_TERMS, minimum)
    lines = charge.lines((amount, amount, amount), "USD")
    assert sum(line.amount.minor for line in lines) == charge.minor((amount, amount, amount)) >= minimum


@pytest.mark.parametrize("rate", ["-0.1", "1.1", "nan", "0.0000001"])
def test_rates_are_fractions_of_at_most_six_decimals(rate):
    with pytest.raises(ValueError, match="rate"):
        ppm_of(Decimal(rate))


def test_a_stepped_amount_needs_one_amount_more_than_bounds():
    with pytest.raises(ValueError, match="one amount more"):
        AmountCharge("fee", "r", [1, 2], OWN_TERMS)
