"""Outlets are asked before anything is bought or listed; what was not answered stays refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from arb_pipelines.domain.eligibility import Permission, refuse_ineligible
from arb_pipelines.domain.offer import Offer
from arb_pipelines.domain.ports import RestrictionsSource
from arb_pipelines.domain.purchase import claim_of
from arb_pipelines.services.eligibility import refresh_eligibility, subjects_of
from arb_pipelines_tests.contracts.trade_records import approval, lot, opportunity, usd
from arb_pipelines_tests.fakes.books import InMemoryBooks
from arb_pipelines_tests.fakes.clock import START, SettableClock

GTIN = "04006381333931"
SUBJECTS = [("product-1", "new"), ("product-1", "used_good"), ("product-2", "new")]


class Outlet:
    """Says what it was told to say and notes what it was asked."""

    outlet = "outlet-1"

    def __init__(self, *says: Permission | Exception) -> None:
        self.says = list(says)
        self.asked: list[tuple[str, str]] = []

    def fetch_permission(self, gtin: str, condition: str) -> Permission:
        self.asked.append((gtin, condition))
        said = self.says[min(len(self.asked), len(self.says)) - 1]
        if isinstance(said, Exception):
            raise said
        return said


@pytest.fixture
def books() -> InMemoryBooks:
    """Two products, of which one has a GTIN."""
    opened = InMemoryBooks()
    opened.products.rows = [{"product_id": "product-1", "gtin": GTIN}, {"product_id": "product-2", "gtin": None}]
    return opened


def allowed(books: InMemoryBooks, clock: SettableClock, product: str = "product-1", condition: str = "new") -> bool:
    found = books.eligibility.load().get((product, condition, "outlet-1"))
    return refuse_ineligible(found, "outlet-1", clock.now()) is None


def test_each_condition_is_asked_by_gtin_and_kept(books: InMemoryBooks, clock: SettableClock) -> None:
    outlet = Outlet(Permission.ALLOWED, Permission.APPROVAL_REQUIRED)
    assert isinstance(outlet, RestrictionsSource)
    (update,) = refresh_eligibility(books, [outlet], SUBJECTS, clock)
    assert outlet.asked == [(GTIN, "new"), (GTIN, "used_good")]
    assert update.summary() == {
        "outlet-1_allowed": 1,
        "outlet-1_approval_required": 1,
        "outlet-1_unidentified": 1,
        "outlet-1_unread": 0,
    }
    assert allowed(books, clock)
    assert not allowed(books, clock, condition="used_good")
    assert not allowed(books, clock, "product-2")


def test_a_yes_is_asked_again_before_it_runs_out_and_a_no_revokes_it(
    books: InMemoryBooks, clock: SettableClock
) -> None:
    outlet = Outlet(Permission.ALLOWED, Permission.UNKNOWN)
    refresh_eligibility(books, [outlet], SUBJECTS[:1], clock)
    clock.advance(hours=11)
    refresh_eligibility(books, [outlet], SUBJECTS[:1], clock)
    assert len(outlet.asked) == 1
    clock.advance(hours=1)
    refresh_eligibility(books, [outlet], SUBJECTS[:1], clock)
    assert len(outlet.asked) == 2
    assert not allowed(books, clock)


def test_an_outlet_that_is_away_is_left_and_its_old_answer_runs_out(books: InMemoryBooks, clock: SettableClock) -> None:
    refresh_eligibility(books, [Outlet(Permission.ALLOWED)], SUBJECTS[:1], clock)
    clock.advance(hours=13)
    away = Outlet(ConnectionError("no answer"))
    (update,) = refresh_eligibility(books, [away], SUBJECTS, clock)
    assert (len(away.asked), update.unread, update.error) == (1, 1, "no answer")
    assert allowed(books, clock)
    clock.advance(hours=12)
    assert not allowed(books, clock)


def test_an_answer_that_cannot_be_read_costs_itself_alone(books: InMemoryBooks, clock: SettableClock) -> None:
    (update,) = refresh_eligibility(books, [Outlet(ValueError("odd"), Permission.ALLOWED)], SUBJECTS, clock)
    assert (update.unread, update.answers) == (1, {"allowed": 1})
    assert not allowed(books, clock)


def test_no_more_is_asked_than_the_outlet_answers_in_a_run(books: InMemoryBooks, clock: SettableClock) -> None:
    outlet = Outlet(Permission.ALLOWED)
    refresh_eligibility(books, [outlet], SUBJECTS, clock, most=1)
    assert len(outlet.asked) == 1


def test_without_an_outlet_that_restricts_nothing_is_read(clock: SettableClock) -> None:
    assert refresh_eligibility(InMemoryBooks(), [], SUBJECTS, clock) == []


class Offered:
    """What the shops offer now: a matched product twice, one of unknown condition, one that is not matched."""

    def load_offers(self, since: datetime) -> list[Offer]:
        known = Offer(
            "o1", "shop-1", "u", "S1", "A kettle", None, "product-1", "gtin", usd(100), None, None, "new", since, "s1"
        )
        return [known, replace(known, condition=None), replace(known, product_id=None), known]


def test_stock_is_asked_before_offers_and_each_subject_once(books: InMemoryBooks) -> None:
    purchase = claim_of(approval(opportunity(1), START), "pu-1", START)
    bought = lot(purchase, product_id="product-2")
    books.inventory.rows[bought.lot_id] = bought
    books.opportunities = Offered()  # type: ignore[assignment]  # only this call is made
    assert subjects_of(books, START) == [("product-2", "new"), ("product-1", "new")]
