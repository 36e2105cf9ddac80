"""Dividing money: never above a cap, never more for a worse chance, best rate first."""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arb_pipelines.domain.allocation import (
    AllocationRules,
    Outcome,
    Share,
    allocate,
    kelly_fraction,
    outcomes_of,
    scopes_of,
)
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.opportunity import Opportunity
from arb_pipelines_tests.contracts.trade_records import opportunity, usd

RULES = AllocationRules()
WIDE = AllocationRules(
    **{f"{kind}_share": Decimal(1) for kind in ("kelly", "product", "brand", "site", "outlet", "category")},
    reserve_share=Decimal(0),
)
BANKROLL = usd(1_000_000)


def deal(number: int = 1, sold: float | None = 0.9, **changes: object) -> Opportunity:
    return opportunity(number, sold_within_horizon=sold, brand="acme", category="kitchen", **changes)


def test_kelly_of_a_fair_bet_at_two_to_one() -> None:
    """The textbook case: win twice the stake at 60 %, so 0.6 - 0.4 / 2 = 40 %."""
    assert kelly_fraction([Outcome(0.6, 2.0), Outcome(0.4, -1.0)]) == pytest.approx(0.4)
    assert kelly_fraction([Outcome(0.5, 1.0), Outcome(0.5, -1.0)]) == 0.0
    assert kelly_fraction([Outcome(1.0, 0.5)]) == pytest.approx(1.0)


@given(st.floats(0.01, 0.98), st.floats(0.05, 3.0), st.floats(0.05, 1.0))
def test_kelly_is_the_best_share(win: float, gain: float, loss: float) -> None:
    outcomes = [Outcome(win, gain), Outcome(1 - win, -loss)]

    def growth(share: float) -> float:
        return sum(one.probability * math.log(1 + share * one.gain) for one in outcomes)

    best = kelly_fraction(outcomes)
    assert 0 <= best <= 1
    for share in (best * 0.9, min(0.999, best * 1.1), 0.5, 0.0):
        assert growth(min(best, 0.999999)) >= growth(share) - 1e-6


def test_outcomes_are_all_that_may_happen() -> None:
    outcomes = outcomes_of(deal(), RULES)
    assert sum(one.probability for one in outcomes) == pytest.approx(1)
    assert [round(one.gain, 3) for one in outcomes] == [1.0, -0.5, -1.0]


def test_an_unknown_chance_of_a_sale_gets_nothing() -> None:
    assert allocate([deal(sold=None)], WIDE, BANKROLL, {}) == {"opportunity-1": Share(0, "kelly")}


def test_another_currency_gets_nothing() -> None:
    assert allocate([deal()], RULES, Money(10**6, "EUR"), {}) == {"opportunity-1": Share(0, "currency")}


def test_the_product_cap_binds_first() -> None:
    """5 % of 10,000.00 at 20.00 a unit."""
    assert allocate([deal()], RULES, BANKROLL, {}) == {"opportunity-1": Share(25, "product")}


def test_what_is_out_already_counts() -> None:
    exposed = {"product:product-1": 45_000}
    assert allocate([deal()], RULES, BANKROLL, exposed) == {"opportunity-1": Share(2, "product")}
    assert allocate([deal()], RULES, BANKROLL, {"total": 750_000})["opportunity-1"] == Share(0, "total")


def test_the_best_rate_is_served_first() -> None:
    """Same product, one cap: the faster money takes it all."""
    slow, fast = deal(1), deal(2, profit_per_day=Decimal("3.20"))
    shares = allocate([slow, fast], RULES, BANKROLL, {})
    assert [shares[f"opportunity-{number}"].units for number in (1, 2)] == [0, 25]


def test_things_of_unknown_brand_share_one_cap() -> None:
    rules = replace(WIDE, brand_share=Decimal("0.01"))
    found = [replace(deal(number), brand=None, product_id=f"product-{number}") for number in range(1, 4)]
    shares = allocate(found, rules, BANKROLL, {})
    assert sum(share.units for share in shares.values()) == 5


drawn_deals = st.lists(
    st.builds(
        lambda product, brand, site, cost, profit, sold: (product, brand, site, cost, profit, sold),
        st.integers(0, 3),
        st.sampled_from(["acme", "other", None]),
        st.integers(0, 2),
        st.integers(1, 90_000),
        st.integers(-500, 90_000),
        st.none() | st.floats(0, 1),
    ),
    max_size=12,
)


exposures = st.dictionaries(st.sampled_from(["total", "site:s0"]), st.integers(0, 10**6))


@given(drawn_deals, st.integers(1, 3_000_000), exposures)
def test_no_cap_is_ever_passed(drawn: list[tuple[object, ...]], bankroll: int, exposed: dict[str, int]) -> None:
    found = [made(number, *one) for number, one in enumerate(drawn)]
    shares = allocate(found, RULES, usd(bankroll), exposed)
    out = dict(exposed)
    for one in found:
        units = shares[one.opportunity_id].units
        assert units >= 0
        for scope in scopes_of(one.site, one.product_id, one.outlet, one.brand, one.category).values():
            out[scope] = out.get(scope, 0) + units * one.landed_cost.minor
    for scope, minor in out.items():
        kind = scope.partition(":")[0]
        share = 1 - RULES.reserve_share if kind == "total" else getattr(RULES, f"{kind}_share")
        assert minor <= max(int(share * bankroll), exposed.get(scope, 0))


def made(number: int, *drawn: object) -> Opportunity:
    product, brand, site, cost, profit, sold = drawn
    assert isinstance(cost, int)
    assert isinstance(profit, int)
    return opportunity(
        number,
        product_id=f"p{product}",
        brand=brand,
        site=f"s{site}",
        landed_cost=usd(cost),
        expected_profit=usd(profit),
        profit_per_day=Decimal(profit) / 1000,
        sold_within_horizon=sold,
    )


@given(st.floats(0, 1), st.floats(0, 1), st.integers(1, 10**6), st.integers(0, 10**6))
def test_a_better_chance_or_more_money_never_gets_less(sold: float, more: float, bankroll: int, added: int) -> None:
    def units(chance: float, money: int) -> int:
        return allocate([deal(sold=chance)], RULES, usd(money), {})["opportunity-1"].units

    low, high = sorted((sold, more))
    assert units(low, bankroll) <= units(high, bankroll) <= units(high, bankroll + added)


@given(st.floats(0.3, 1), st.decimals("0", "1", places=2), st.decimals("0", "1", places=2))
def test_a_wider_cap_never_gives_less(sold: float, one: Decimal, other: Decimal) -> None:
    narrow, wide = sorted((one, other))

    def units(share: Decimal) -> int:
        rules = replace(RULES, product_share=share)
        return allocate([deal(sold=sold)], rules, BANKROLL, {})["opportunity-1"].units

    assert units(narrow) <= units(wide)
