"""The rule of a metered interface's budget, case by case."""

from __future__ import annotations

from datetime import timedelta

import pytest

from arb_pipelines.domain.api_budget import ApiLimits, Pool, Rate, Usage, refuse_charge
from arb_pipelines_tests.fakes.clock import START

MINUTE = timedelta(minutes=1)
LIMITS = ApiLimits("meter", "tokens", 50, 100, pool_most=60, rates={"search": Rate(2, MINUTE), "*": Rate(9, MINUTE)})


@pytest.mark.parametrize(
    "wanted, usage, operation, code",
    [
        (50, Usage(), "product", None),
        (51, Usage(), "product", "api_call_cap"),
        (-1, Usage(), "product", "api_call_cap"),
        (10, Usage(day=90), "product", None),
        (10, Usage(day=91), "product", "api_day_cap"),
        (1, Usage(calls=2), "search", "api_rate"),
        (1, Usage(calls=2), "product", None),
        (1, Usage(calls=9), "product", "api_rate"),
        (10, Usage(pool=Pool(10, 0.0, START)), "product", None),
        (11, Usage(pool=Pool(10, 0.0, START)), "product", "api_pool_empty"),
        (5, Usage(pool=Pool(10, 0.0, START), since_pool=6), "product", "api_pool_empty"),
        (1, Usage(pool=Pool(-30, 0.0, START)), "product", "api_pool_empty"),
    ],
)
def test_what_is_refused(wanted: int, usage: Usage, operation: str, code: str | None) -> None:
    refusal = refuse_charge(LIMITS, usage, operation, wanted, START)
    assert (refusal.code if refusal else None) == code


def test_a_pool_fills_up_to_its_most() -> None:
    pool = Pool(10, 5.0, START)
    assert pool.left_at(START + 4 * MINUTE, 60) == 30.0
    assert pool.left_at(START + 400 * MINUTE, 60) == 60.0
    assert pool.left_at(START - 4 * MINUTE, 60) == 10.0
    assert Pool(90, 5.0, START).left_at(START + MINUTE, 60) == 90.0


def test_a_refusal_says_until_when() -> None:
    refusal = refuse_charge(LIMITS, Usage(pool=Pool(0, 5.0, START)), "product", 10, START)
    assert refusal is not None
    assert refusal.until == START + 2 * MINUTE
