"""The books in memory pass the numbered contract cases of the SQL books, so that what is simulated is the real thing.

What belongs here: the choice of the cases. Those that open the database beside its books stay there; the rest of
contracts B and S, and the walk of contract I, run here with another `books`.
"""

from __future__ import annotations

import inspect
from types import ModuleType
from typing import Any

import pytest

from arb_pipelines_tests.contracts import (
    test_books_budgets,
    test_books_buying,
    test_books_invariants,
    test_books_people,
    test_books_returns,
    test_books_selling,
)
from arb_pipelines_tests.fakes.books import InMemoryBooks
from arb_pipelines_tests.fakes.clock import SettableClock

DATABASE_ONLY = {"open_more", "books_url"}
WITHOUT_MIGRATION = {"test_b37_migrating_again_changes_nothing"}
# A budget row remembers its last claim; in memory every limit is judged by the simulator at each claim instead.
WITHOUT_BUDGET_ROWS = {"test_b33_a_total_over_the_reservation_is_booked_and_reported"}


def cases(module: ModuleType) -> dict[str, Any]:
    """Return the module's tests that ask for nothing but books and a clock."""
    tests = {name: found for name, found in vars(module).items() if name.startswith("test_")}
    feasible = {name for name, test in tests.items() if not DATABASE_ONLY & set(inspect.signature(test).parameters)}
    return {name: tests[name] for name in feasible - WITHOUT_MIGRATION - WITHOUT_BUDGET_ROWS}


CASES = {
    name: case
    for module in (
        test_books_buying,
        test_books_selling,
        test_books_invariants,
        test_books_budgets,
        test_books_people,
        test_books_returns,
    )
    for name, case in sorted(cases(module).items())
    if name != "test_i02_every_invariant_has_its_violation"
}
globals().update(CASES)


@pytest.fixture
def clock() -> SettableClock:
    """A clock that stands still."""
    return SettableClock()


@pytest.fixture
def books(clock: SettableClock) -> InMemoryBooks:
    """Empty books in memory."""
    return InMemoryBooks(clock.now)


def test_most_of_the_contract_runs() -> None:
    """A case that is added there runs here too."""
    assert len(CASES) >= 50
