"""Floors, best prices and cost limits, checked against every cent of hundreds of random schedules."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import partial
from math import ceil
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arb_pipelines.domain.fees import (
    FeeRefusal,
    Returns,
    SaleOptions,
    Targets,
    best_price,
    dead_zones,
    expected_net,
    floor_price,
    load_schedules,
    max_cost,
)
from arb_pipelines.domain.fees_returns import expected_flow, net_flow
from arb_pipelines.domain.money import Money
from arb_pipelines_tests.fakes.fee_schedules import random_sale

TOP = 2_000  # every jump of a random schedule lies below 15.00
LIMIT = Money(TOP, "USD")
SEEDS = st.integers(0, 10**9)


def usd(amount: str) -> Money:
    return Money.exact(amount, "USD")


def curve(channel, category, *, shipping="0", tax="0", **options):
    return load_schedules().curve(
        channel,
        category,
        shipping=usd(shipping),
        tax_rate=Decimal(tax),
        sold_on=date(2025, 3, 1),
        options=SaleOptions(**options),
    )


def random_returns(random: Random) -> Returns | None:
    if random.random() < 0.5:
        return None
    return Returns(Decimal(random.randint(0, 300)) / 1000, Money(random.randint(0, 400), "USD"), random.random() < 0.5)


def refused_as(question) -> str | None:
    """Return the code of a refusal, or None where there is an answer."""
    try:
        question()
    except FeeRefusal as refusal:
        return refusal.code
    return None


def test_the_floor_is_feasible_and_the_lowest_for_300_random_schedules():
    refused = 0
    for seed in range(300):
        random = Random(seed)
        fees, returns = random_sale(random).curve(), random_returns(random)
        cost = Money(random.randint(0, 1_100), "USD")
        roi = Decimal(random.randint(0, 120)) / 100
        target = ceil(cost.minor * (1 + Fraction(roi)))
        flow = expected_flow(fees, returns)
        nets = ((price, *flow(price)) for price in range(TOP + 1))
        lowest = next((price for price, gains, costs in nets if gains - costs >= target), None)
        ask = partial(floor_price, fees, cost, min_roi=roi, returns=returns, limit=LIMIT)
        if lowest is None:
            assert refused_as(ask) == "no_floor", f"seed {seed}"
            refused += 1
        else:
            assert ask().minor == lowest, f"seed {seed}"
    assert 0 < refused < 100


def test_the_best_price_is_the_best_of_every_cent_for_100_random_schedules():
    for seed in range(100):
        random = Random(seed)
        fees, returns = random_sale(random).curve(), random_returns(random)
        cap = random.randint(0, TOP)
        flow = expected_flow(fees, returns)
        nets = [flow(price).gains - flow(price).costs for price in range(cap + 1)]
        found = best_price(fees, Money(cap, "USD"), returns).minor
        assert found == nets.index(max(nets)), f"seed {seed}"


def test_max_cost_is_the_most_that_any_price_allows_for_100_random_schedules():
    for seed in range(100):
        random = Random(seed)
        fees, returns = random_sale(random).curve(), random_returns(random)
        cap, roi, margin = (
            random.randint(0, TOP),
            Fraction(random.randint(0, 90), 100),
            Fraction(random.randint(0, 30), 100),
        )
        profit = random.randint(0, 500)
        flow = expected_flow(fees, returns)

        def allowed(price, flow=flow, roi=roi, margin=margin, profit=profit):
            net = flow(price).gains - flow(price).costs
            return min(net // (1 + roi), net - profit, net - ceil(margin * price))

        most = max(allowed(price) for price in range(cap + 1))
        targets = Targets(Decimal(int(roi * 100)) / 100, Money(profit, "USD"), Decimal(int(margin * 100)) / 100)
        ask = partial(max_cost, fees, Money(cap, "USD"), targets, returns=returns)
        if most <= 0:
            assert refused_as(ask) == "not_worth_buying", f"seed {seed}"
            continue
        found = ask()
        assert found.cost.minor == most, f"seed {seed}"
        assert found.cost == min(money for _, money in found.bounds)
        assert allowed(found.price.minor) == most


@settings(max_examples=100, deadline=None)
@given(SEEDS, st.integers(1, 4_000), st.integers(0, 150))
def test_max_cost_at_the_floor_covers_the_cost_the_floor_was_for(seed, cost, roi_percent):
    random = Random(seed)
    fees, returns = random_sale(random).curve(), random_returns(random)
    roi, landed = Decimal(roi_percent) / 100, Money(cost, "USD")
    floor = floor_price(fees, landed, min_roi=roi, returns=returns)
    allowed = max_cost(fees, floor, Targets(roi=roi), returns=returns)
    assert allowed.cost >= landed
    assert floor_price(fees, allowed.cost, min_roi=roi, returns=returns) <= floor


@settings(max_examples=100, deadline=None)
@given(SEEDS, st.integers(0, TOP))
def test_expected_net_is_a_ledger_that_sums_to_what_the_search_used(seed, price):
    random = Random(seed)
    fees, returns = random_sale(random).curve(), random_returns(random)
    flow = expected_flow(fees, returns)(price)
    record = expected_net(fees, Money(price, "USD"), returns)
    assert record.total.minor == flow.gains - flow.costs == sum(line.amount.minor for line in record.lines)


def test_dead_zones_are_those_of_every_cent_for_100_random_schedules():
    for seed in range(100):
        fees = random_sale(Random(seed)).curve()
        nets = [fees.net(price) for price in range(TOP + 1)]
        expected, reached = [], 0
        for step in fees.steps():
            if reached < step <= TOP and nets[step] < nets[step - 1]:
                reached = next((p - 1 for p in range(step, TOP + 1) if nets[p] >= nets[step - 1]), TOP)
                expected.append((step, reached))
        assert [(zone.first.minor, zone.last.minor) for zone in dead_zones(fees, LIMIT)] == expected, f"seed {seed}"


@pytest.mark.parametrize(
    ("channel", "category", "zones"),
    [
        ("amazon_us", "grocery", [("15.01", "16.22")]),
        ("amazon_us", "beauty", [("10.01", "10.81")]),
        ("amazon_us", "baby", [("10.01", "10.81")]),
        ("amazon_us", "apparel", [("15.01", "15.82"), ("20.01", "21.68")]),
        ("amazon_us", "books", []),
        ("ebay_us", "most", [("10.01", "10.10")]),
    ],
)
def test_dead_zones_of_the_real_schedules(channel, category, zones):
    found = dead_zones(curve(channel, category))
    assert [(zone.first.text, zone.last.text) for zone in found] == zones


def test_athletic_shoes_net_more_above_their_step():
    shoes = curve("ebay_us", "athletic_shoes")
    assert (shoes.net(14_999), shoes.net(15_000)) == (12_919, 13_800)
    assert floor_price(shoes, usd("130.00")) == usd("150.00")


def test_a_cap_in_a_dead_zone_is_sold_below_it():
    grocery = curve("amazon_us", "grocery")
    assert best_price(grocery, usd("16.00")) == usd("15.00")
    found = max_cost(grocery, usd("16.00"), Targets(roi=Decimal("0.3")))
    assert (found.price, found.expected_net, found.cost) == (usd("15.00"), usd("13.80"), usd("10.61"))


def test_the_worked_example_of_a_book():
    """22.00, FBA at 12 oz, prep 0.25, inbound 0.45, 5 % returns: each bound rounded down from the exact cents."""
    book = curve("amazon_us", "books")
    returns = Returns(Decimal("0.05"), Money.zero("USD"))
    targets = Targets(Decimal("0.30"), usd("3.00"), Decimal("0.10"))
    found = max_cost(book, usd("22.00"), targets, returns=returns, extra=usd("5.00"))
    assert found.expected_net.text == "10.94"  # 22.00 - 3.30 - 1.80 - 5.00 - 1.10 + 0.17 - 0.03
    assert dict(found.bounds) == {"roi": usd("8.41"), "profit": usd("7.94"), "margin": usd("8.74")}
    assert (found.cost, found.decided_by) == (usd("7.94"), "profit")


def test_refund_administration_is_capped_and_the_fee_comes_back():
    watches = curve("amazon_us", "watches")
    assert watches.refunded_fee(100_000) == 16_000
    assert watches.refund_admin(100_000) == 500
    assert watches.refund_admin(1_000) == 32
    ebay = curve("ebay_us", "most", international=True)
    assert ebay.refunded_fee(10_000) == 1_360 + 165  # the per-order fee stays with eBay
    assert ebay.refund_admin(10_000) == 0


def test_a_channel_silent_on_refunds_is_refused_only_where_returns_are_expected():
    generic = curve("generic", "most", rate=Decimal("0.1"))
    never, some = Returns(Decimal(0), usd("1.00")), Returns(Decimal("0.05"), usd("1.00"))
    assert floor_price(generic, usd("9.00"), returns=never) == usd("10.00")
    with pytest.raises(FeeRefusal) as caught:
        floor_price(generic, usd("9.00"), returns=some)
    assert caught.value.code == "unknown_refund_rule"


@pytest.mark.parametrize(
    ("code", "ask"),
    [
        ("no_floor", lambda c: floor_price(c, usd("99999.00"), min_roi=Decimal(2))),
        ("no_floor", lambda c: floor_price(c, usd("10.00"), limit=usd("10.00"))),
        ("bad_rate", lambda c: floor_price(c, usd("10.00"), min_roi=Decimal("nan"))),
        ("bad_rate", lambda c: floor_price(c, usd("10.00"), min_roi=Decimal(-1))),
        ("bad_rate", lambda c: floor_price(c, usd("10.00"), min_roi=0.3)),
        ("bad_rate", lambda c: floor_price(c, usd("1.00"), returns=Returns(Decimal("1.01"), usd("0.00")))),
        ("negative_amount", lambda c: floor_price(c, Money(-1, "USD"))),
        ("wrong_currency", lambda c: floor_price(c, Money(1, "EUR"))),
        ("wrong_currency", lambda c: floor_price(c, usd("1.00"), extra=Money(1, "EUR"))),
        ("negative_amount", lambda c: floor_price(c, usd("1.00"), min_profit=Money(-1, "USD"))),
        ("no_target", lambda c: max_cost(c, usd("10.00"), Targets())),
        ("not_worth_buying", lambda c: max_cost(c, usd("1.00"), Targets(profit=usd("3.00")))),
        ("bad_rate", lambda c: max_cost(c, usd("1.00"), Targets(margin=Decimal(2)))),
        ("wrong_currency", lambda c: max_cost(c, Money(1, "EUR"), Targets(roi=Decimal(0)))),
        ("negative_amount", lambda c: best_price(c, Money(-1, "USD"))),
    ],
)
def test_what_has_no_certain_answer_is_refused(code, ask):
    with pytest.raises(FeeRefusal) as caught:
        ask(curve("ebay_us", "most"))
    assert caught.value.code == code


def test_floor_counts_profit_and_the_cost_of_selling():
    fees = curve("ebay_us", "most")
    plain = floor_price(fees, usd("8.00"), min_profit=usd("3.00"))
    assert fees.net(plain.minor) == 1_100
    dearer = floor_price(fees, usd("8.00"), min_profit=usd("3.00"), extra=usd("0.80"))
    assert fees.net(dearer.minor) == 1_180


def test_a_nearly_flat_net_is_still_searched_exactly():
    fees = curve("generic", "most", rate=Decimal("0.97"))
    found = floor_price(fees, usd("30.00"))
    assert fees.net(found.minor) >= 3_000
    flow = net_flow(fees)
    assert all(flow(price).gains - flow(price).costs < 3_000 for price in range(found.minor - 500, found.minor))
