"""Visits keep what they asked of the shop, and are found by period."""

from __future__ import annotations

from datetime import timedelta

from arb_pipelines.adapters.sql.books import SqlBooks
from arb_pipelines.domain.manners import VisitManners
from arb_pipelines.domain.site import SiteVisit, VisitOutcome
from arb_pipelines_tests.fakes.clock import START


def visit(site: str, minute: int, manners: VisitManners | None) -> SiteVisit:
    at = START + timedelta(minutes=minute)
    return SiteVisit(site, f"t{minute}", at, at, VisitOutcome.OK, None, 3, 3, 9, 5, unchanged=2, manners=manners)


def test_manners_survive_and_may_be_missing(books: SqlBooks) -> None:
    counted = visit("a", 0, VisitManners(requests=4, delay_ms=5_000, shortest_gap_ms=5_001))
    uncounted = visit("b", 0, None)
    books.visits.record([counted, uncounted])
    assert books.visits.load_tick("t0") == [counted, uncounted]


def test_visits_of_a_period_by_site_and_time(books: SqlBooks) -> None:
    visits = [visit(site, minute, None) for site in ("b", "a") for minute in (10, 5, 0)]
    books.visits.record(visits)
    found = books.visits.load_between(START, START + timedelta(minutes=10))
    assert [(one.site, one.tick_id) for one in found] == [("a", "t0"), ("a", "t5"), ("b", "t0"), ("b", "t5")]
