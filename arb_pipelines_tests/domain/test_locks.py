"""Locks after losses: which sales set them, when they end, and what they bind."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arb_pipelines.domain.locks import LossRules, RiskLock, SaleResult, locks_after, refuse_locked
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.spend_limit import SpendKeys
from arb_pipelines_tests.contracts.trade_records import usd
from arb_pipelines_tests.fakes.clock import START

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
RULES = LossRules(capital=usd(100_000))


def sale(profit: int, hours_ago: float = 0, category: str | None = "kitchen") -> SaleResult:
    return SaleResult(category, usd(profit), START - timedelta(hours=hours_ago))


def codes(results: list[SaleResult], rules: LossRules = RULES, now: datetime = START) -> list[tuple[str, str]]:
    return [(lock.code, lock.scope) for lock in locks_after(results, rules, now)]


def test_three_losing_sales_in_a_row_cool_a_category_down() -> None:
    (lock,) = locks_after([sale(-1, 3), sale(-1, 2), sale(-1, 1)], RULES, START)
    assert (lock.code, lock.scope) == ("lock_cool_down", "category:kitchen")
    assert (lock.starts_at, lock.ends_at) == (START - HOUR, START + 47 * HOUR)


@pytest.mark.parametrize(
    "results",
    [
        [sale(-1, 2), sale(-1, 1)],
        [sale(-1, 3), sale(-1, 2), sale(0, 1.5), sale(-1, 1)],
        [sale(-1, 3), sale(-1, 2), sale(-1, 1, "garden")],
        [sale(-1, 52), sale(-1, 51), sale(-1, 50)],
    ],
)
def test_fewer_mixed_or_old_ones_do_not(results: list[SaleResult]) -> None:
    assert codes(results) == []


def test_losses_of_no_known_category_stop_everything() -> None:
    assert codes([sale(-1, hours, None) for hours in (3, 2, 1)]) == [("lock_cool_down", "total")]


def test_two_per_cent_of_the_capital_lost_in_a_day_stop_everything() -> None:
    (lock,) = locks_after([sale(-1_000, 20), sale(-1_000, 1)], RULES, START)
    assert (lock.code, lock.scope, lock.ends_at) == ("lock_daily_loss", "total", START + 23 * HOUR)
    assert codes([sale(-1_000, 30), sale(-1_999, 1)]) == []
    assert codes([sale(-2_500, 20), sale(501, 1)]) == [("lock_daily_loss", "total")]


def test_a_drawdown_stops_everything_for_a_week() -> None:
    gained_then_lost = [sale(9_000, 200, "a"), sale(-1_900, 150, "b"), *(sale(-1_900, 130 - 25 * n) for n in range(5))]
    assert ("lock_drawdown", "total") in codes(gained_then_lost)
    (lock,) = [one for one in locks_after(gained_then_lost, RULES, START) if one.code == "lock_drawdown"]
    assert lock.ends_at - lock.starts_at == timedelta(days=7)


def test_without_a_capital_only_the_cool_down_is_held() -> None:
    results = [sale(-50_000, 3), sale(-50_000, 2), sale(-50_000, 1)]
    assert codes(results, replace(RULES, capital=None)) == [("lock_cool_down", "category:kitchen")]


def test_another_currency_is_no_part_of_the_capital() -> None:
    assert codes([SaleResult("kitchen", Money(-90_000, "EUR"), START - HOUR)]) == []


@given(st.lists(st.tuples(st.integers(-5_000, 5_000), st.integers(0, 900)), max_size=30))
def test_every_lock_has_an_end_and_a_reason(drawn: list[tuple[int, int]]) -> None:
    results = [sale(profit, hours) for profit, hours in drawn]
    for lock in locks_after(results, RULES, START):
        assert lock.ends_at > max(START, lock.starts_at)
        assert lock.detail
        assert lock.code in {"lock_cool_down", "lock_daily_loss", "lock_drawdown"}


@pytest.mark.parametrize(
    "scope, keys, bound",
    [
        ("total", SpendKeys(), True),
        ("site:shop-1", SpendKeys(), True),
        ("site:shop-2", SpendKeys(), False),
        ("product:product-1", SpendKeys(), True),
        ("brand:acme", SpendKeys(brand="acme"), True),
        ("brand:acme", SpendKeys(brand="other"), False),
        ("brand:acme", SpendKeys(), True),
        ("outlet:o", SpendKeys(outlet="p"), False),
        ("what:ever", SpendKeys(), True),
    ],
)
def test_what_a_lock_binds(scope: str, keys: SpendKeys, bound: bool) -> None:
    """What is not known may be what is locked."""
    lock = RiskLock(scope, "lock_cool_down", "why", START - HOUR, START + HOUR)
    refusal = refuse_locked([lock], "shop-1", "product-1", keys, START)
    assert (refusal is not None) is bound


def test_the_longest_lock_is_the_reason() -> None:
    locks = [RiskLock("total", code, "why", START, START + hours * HOUR) for code, hours in (("a", 1), ("b", 2))]
    refusal = refuse_locked(locks, "shop-1", "product-1", SpendKeys(), START)
    assert refusal is not None
    assert (refusal.code, refusal.until) == ("b", START + 2 * HOUR)
    assert refuse_locked(locks, "shop-1", "product-1", SpendKeys(), START + 2 * HOUR) is None
