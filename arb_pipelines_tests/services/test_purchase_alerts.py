"""What the operator hears of a purchase run: what needs a person, once, and no ordinary refusal."""

from __future__ import annotations

import pytest

from arb_pipelines.domain.alert import Severity
from arb_pipelines.domain.purchase import PurchaseState
from arb_pipelines.services.purchase_alerts import SOON, URGENT, alert_outcomes
from arb_pipelines.services.purchasing import PurchaseOutcome
from arb_pipelines_tests.fakes.books import InMemoryBooks
from arb_pipelines_tests.fakes.clock import SettableClock


@pytest.mark.parametrize("code", [*URGENT, *SOON])
def test_what_needs_a_person_is_one_alert_however_often_it_is_seen(code: str, clock: SettableClock) -> None:
    books = InMemoryBooks()
    outcome = PurchaseOutcome("ap-1", "shop-1", code, "because")
    assert alert_outcomes(books, [outcome, outcome], clock) == 1
    (raised,) = books.alerts.load_open()
    assert (raised.alert.severity is Severity.CRITICAL, raised.times) == (code in URGENT, 2)
    assert "shop-1" in raised.alert.subject
    assert "ap-1" in raised.alert.detail


def test_each_uncertain_purchase_is_an_alert_of_its_own_with_its_explanation(clock: SettableClock) -> None:
    books = InMemoryBooks()
    told = [PurchaseOutcome("ap-1", "shop-1", "uncertain", "lost", f"pu-{n}", PurchaseState.UNCERTAIN) for n in (1, 2)]
    assert alert_outcomes(books, told, clock) == 2
    assert {"arb explain pu-1" in one.alert.detail for one in books.alerts.load_open()} == {True, False}


def test_an_ordinary_refusal_is_no_alert(clock: SettableClock) -> None:
    books = InMemoryBooks()
    ordinary = [PurchaseOutcome("ap-1", "shop-1", code, "x") for code in ("bought", "over_ceiling", "spend_limit")]
    assert alert_outcomes(books, ordinary, clock) == 0
    assert books.alerts.load_open() == []
