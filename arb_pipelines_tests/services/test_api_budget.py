"""The budget that clients spend through."""

from __future__ import annotations

import pytest

from arb_pipelines.domain.api_budget import ApiLimits, BudgetRefusedError, Pool
from arb_pipelines.services.api_budget import ApiBudget
from arb_pipelines_tests.fakes.books import InMemoryBooks
from arb_pipelines_tests.fakes.clock import START, SettableClock

LIMITS = {"meter": ApiLimits("meter", "tokens", most_a_call=5, most_a_day=10)}


def refusal(budget: ApiBudget, api: str, units: int) -> str:
    with pytest.raises(BudgetRefusedError) as told:
        budget.reserve(api, "product", units)
    return told.value.refusal.code


def test_what_is_settled_or_given_back_makes_room() -> None:
    books = InMemoryBooks()
    budget = ApiBudget(books, LIMITS, SettableClock())
    first, second = budget.reserve("meter", "product", 5), budget.reserve("meter", "product", 5)
    assert first.charge_id != second.charge_id
    assert refusal(budget, "meter", 1) == "api_day_cap"
    budget.settle(first, 2, Pool(7, 1.0, START))
    budget.release(second)
    third = budget.reserve("meter", "product", 5)
    budget.settle(third, None)
    assert books.api_budgets.usage(LIMITS["meter"], "product", START).day == 7
    assert books.api_budgets.pools["meter"].left == 7


def test_an_interface_without_a_budget_is_never_called() -> None:
    budget = ApiBudget(InMemoryBooks(), LIMITS, SettableClock())
    assert refusal(budget, "another", 1) == "api_without_budget"
    assert refusal(budget, "meter", 6) == "api_call_cap"
