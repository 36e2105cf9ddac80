"""Approving: the best first, up to the policy's number; a person once an opportunity."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from arb_pipelines.domain.approval import Approval, ApprovalPolicy
from arb_pipelines.domain.spend_limit import Refusal
from arb_pipelines.services.approvals import approve_by_person, approve_open
from arb_pipelines_tests.contracts.trade_records import opportunity, usd
from arb_pipelines_tests.fakes.books import InMemoryBooks
from arb_pipelines_tests.fakes.clock import SettableClock

POLICY = ApprovalPolicy("paper", usd(5_000), 2, timedelta(minutes=30))


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


def test_what_is_too_dear_is_left_and_leaves_room() -> None:
    """It does not use up the policy's number."""
    books = books_with("1.00")
    books.opportunities.store([opportunity(9, landed_cost=usd(6_000), profit_per_day=Decimal(9))], [])
    approved, left = approve_open(books, POLICY, SettableClock())
    assert [one.opportunity_id for one in approved] == ["opportunity-1"]
    assert [one.refusal.code for one in left] == ["policy_amount"]


def by_person(books: InMemoryBooks, opportunity_id: str = "opportunity-1") -> Approval | Refusal:
    return approve_by_person(
        books,
        opportunity_id,
        ceiling=usd(2_500),
        quantity=1,
        by="desk",
        clock=SettableClock(),
        valid_for=timedelta(hours=1),
    )


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
