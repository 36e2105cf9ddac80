"""Approving: the best first, up to the policy's number; a person once an opportunity."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from arb_pipelines.adapters.sql.books import SqlBooks, open_books
from arb_pipelines.domain.allocation import AllocationRules, Sizing
from arb_pipelines.domain.approval import Approval, ApprovalPolicy
from arb_pipelines.domain.spend_limit import Refusal
from arb_pipelines.services.approvals import approve_by_person, approve_open
from arb_pipelines_tests.contracts.trade_records import approval, opportunity, usd
from arb_pipelines_tests.fakes.books import InMemoryBooks
from arb_pipelines_tests.fakes.clock import START, SettableClock

HOUR = timedelta(hours=1)
POLICY = ApprovalPolicy("paper", usd(5_000), 2, timedelta(minutes=30))


@pytest.fixture
def sql_books(sqlite_url: str) -> Iterator[SqlBooks]:
    """Real books: two people's signatures and what is out are kept nowhere else."""
    opened = open_books(sqlite_url, now=SettableClock().now)
    yield opened
    opened.close()


def books_with(*profits: str) -> InMemoryBooks:
    """Return books with an opportunity for each profit a day."""
    books = InMemoryBooks()
    found = [opportunity(number, profit_per_day=Decimal(profit)) for number, profit in enumerate(profits, 1)]
    books.opportunities.store(found, [])
    return books


def test_the_best_profit_a_day_is_approved_first() -> None:
    """The policy's number of open approvals is the end of it."""
    books = books_with("1.00", "3.00", "2.00")
    approved, left = approve_open(books, POLICY, SettableClock())
    assert [one.opportunity_id for one in approved] == ["opportunity-2", "opportunity-3"]
    assert [(one.opportunity.opportunity_id, one.refusal.code) for one in left] == [
        ("opportunity-1", "policy_max_open")
    ]


def test_open_approvals_of_earlier_runs_count() -> None:
    """Running again approves nothing more until one is used or expires."""
    books, clock = books_with("1.00", "3.00", "2.00"), SettableClock()
    approve_open(books, POLICY, clock)
    assert approve_open(books, POLICY, clock)[0] == []
    clock.advance(minutes=31)
    assert [one.opportunity_id for one in approve_open(books, POLICY, clock)[0]] == ["opportunity-1"]


def test_two_runs_at_once_approve_no_more_than_the_policy_allows(sql_books: SqlBooks) -> None:
    """Another run that counted the same room fills it first."""
    sql_books.opportunities.store([opportunity(number) for number in range(1, 5)], [])
    rival = sql_books.approvals

    class Overtaken:
        def count_open(self, now: datetime) -> int:
            room = rival.count_open(now)
            for number in (3, 4):
                rival.insert(approval(opportunity(number)))
            return room

        def __getattr__(self, name: str) -> Any:
            return getattr(rival, name)

    sql_books.approvals = Overtaken()  # type: ignore[assignment]
    approved, left = approve_open(sql_books, POLICY, SettableClock())
    assert (approved, rival.count_open(START)) == ([], POLICY.max_open)
    assert {one.refusal.code for one in left} == {"already_approved"}


def test_what_is_too_dear_is_left_and_leaves_room() -> None:
    """It does not use up the policy's number."""
    books = books_with("1.00")
    books.opportunities.store([opportunity(9, landed_cost=usd(6_000), profit_per_day=Decimal(9))], [])
    approved, left = approve_open(books, POLICY, SettableClock())
    assert [one.opportunity_id for one in approved] == ["opportunity-1"]
    assert [one.refusal.code for one in left] == ["policy_amount"]


def sized(books: SqlBooks, bankroll: int) -> tuple[int, list[str]]:
    """Return how many were approved with so much money, and why the others were left."""
    rules = AllocationRules(product_share=Decimal("0.10"))
    approved, left = approve_open(books, POLICY, SettableClock(), Sizing(usd(bankroll), rules))
    assert all("product is the bound" in one.refusal.detail for one in left)
    return len(approved), [one.refusal.code for one in left]


def test_money_is_divided_before_it_is_approved(sql_books: SqlBooks) -> None:
    """A tenth of the bankroll in one product: 25.00 is one unit at 20.00; what is approved counts the next time."""
    found = [opportunity(number, sold_within_horizon=0.9) for number in (1, 2)]
    sql_books.opportunities.store(found, [])
    assert sized(sql_books, 25_000) == (1, ["policy_no_share"])
    assert sized(sql_books, 25_000) == (0, ["policy_no_share"])
    assert sized(sql_books, 50_000) == (1, [])


def by_person(
    books: InMemoryBooks | SqlBooks, opportunity_id: str = "opportunity-1", **given: Any
) -> Approval | Refusal:
    terms = {"ceiling": usd(2_500), "quantity": 1, "by": "desk", "clock": SettableClock(), "valid_for": HOUR}
    return approve_by_person(books, opportunity_id, **(terms | given))


def test_above_the_amount_two_people_approve(sql_books: SqlBooks) -> None:
    """Ceiling x quantity counts; at the amount itself one is enough."""
    sql_books.opportunities.store([opportunity(1), opportunity(2)], [])
    above = {"quantity": 2, "two_person_above": usd(4_999)}
    first = by_person(sql_books, **above)
    assert isinstance(first, Refusal)
    assert first.code == "one_more_person"
    again, other = by_person(sql_books, **above), by_person(sql_books, by="other", **(above | {"quantity": 3}))
    assert isinstance(again, Refusal)
    assert isinstance(other, Refusal)
    assert (again.code, other.code) == ("same_person", "terms_differ")
    both = by_person(sql_books, by="other", **above)
    assert isinstance(both, Approval)
    assert (both.approved_by, both.quantity) == ("person:other", 2)
    alone = by_person(sql_books, "opportunity-2", quantity=2, two_person_above=usd(5_000))
    assert isinstance(alone, Approval)
    assert sql_books.broken_invariants() == {}


def test_a_preset_that_only_watches_approves_nothing() -> None:
    """Not even for a person."""
    refusal = by_person(books_with("1.00"), watch_only=True)
    assert isinstance(refusal, Refusal)
    assert refusal.code == "watch_only"


def test_a_person_approves_once() -> None:
    """A second approval of the same opportunity is refused."""
    books = books_with("1.00")
    assert isinstance(by_person(books), Approval)
    again = by_person(books)
    assert isinstance(again, Refusal)
    assert again.code == "already_approved"


def test_an_unknown_opportunity_is_refused() -> None:
    """With the id that was asked for."""
    refusal = by_person(books_with("1.00"), "nothing")
    assert isinstance(refusal, Refusal)
    assert refusal.code == "no_such_opportunity"
    assert "nothing" in refusal.detail
