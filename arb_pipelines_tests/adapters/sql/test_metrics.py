"""Figures for a monitoring system are those of the books, on both databases."""

from __future__ import annotations

from datetime import timedelta

from arb_pipelines.adapters.sql.books import SqlBooks
from arb_pipelines.adapters.sql.metrics import load_metrics
from arb_pipelines.domain.site import SiteVisit, VisitOutcome
from arb_pipelines.domain.spend_limit import Action, ActionState
from arb_pipelines_tests.contracts.trade_records import buy
from arb_pipelines_tests.fakes.clock import START


def test_the_figures_of_a_small_trade(books: SqlBooks, books_url: str) -> None:
    books.migrate()
    now = START + timedelta(hours=2)
    buy(books)
    books.switches.put(Action.BUY, ActionState.HALTED, "test", "the operator", START)
    visits = [("shop-1", VisitOutcome.OK, 90), ("shop-2", VisitOutcome.FAILED, 30), ("shop-3", VisitOutcome.OK, 20)]
    books.visits.record(
        [
            SiteVisit(site, "tick", now - timedelta(minutes=ago), now, outcome, None, 1, 1, 1, None)
            for site, outcome, ago in visits
        ]
    )
    found = {(one.name, *one.labels.values()): one.value for one in load_metrics(books_url, now)}
    assert found["arb_purchases", "bought"] == 1
    assert found["arb_opportunities",] == 1
    assert found["arb_switch_active", "buy"] == 0
    assert found["arb_visits_last_hour", "ok"] == 1
    assert found["arb_visits_last_hour", "failed"] == 1
    assert found["arb_last_visit_age_seconds",] == 20 * 60
    assert ("arb_alerts_open", "urgent") not in found


def test_what_is_not_known_is_left_out(books: SqlBooks, books_url: str) -> None:
    books.migrate()
    names = {one.name for one in load_metrics(books_url, START)}
    assert "arb_offers" in names
    assert "arb_last_visit_age_seconds" not in names
