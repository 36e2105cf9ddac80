"""The politeness report: every wish of a shop that was broken is found, and only those."""

from __future__ import annotations

from datetime import timedelta

from arb_pipelines.domain.manners import VisitManners
from arb_pipelines.domain.site import SiteVisit, VisitOutcome
from arb_pipelines.reports.politeness import PolitenessReport, build_report, render_markdown
from arb_pipelines_tests.fakes.clock import START

DAY = timedelta(days=1)


def visit(site: str, minute: int, manners: VisitManners | None, reason: str | None = None) -> SiteVisit:
    at = START + timedelta(minutes=minute)
    outcome = VisitOutcome.FAILED if reason else VisitOutcome.OK
    return SiteVisit(site, f"t{minute}", at, at, outcome, reason, 1, 1, 1_000_000, 50, manners=manners)


def report(*visits: SiteVisit) -> PolitenessReport:
    return build_report(visits, START, START + DAY)


def good(**changes: int) -> VisitManners:
    return VisitManners(**({"requests": 2, "delay_ms": 5_000, "peak_per_minute": 2} | changes))


def test_sums_by_site_and_over_all() -> None:
    told = report(visit("a", 0, good()), visit("a", 5, good(robots_refused=1, retries=3)), visit("b", 0, good()))
    assert [(site.site, site.requests, site.visits) for site in told.sites] == [("a", 4, 2), ("b", 2, 1)]
    assert told.sites[0].allowed_per_minute == 13
    assert (told.total.requests, told.total.retries, told.total.robots_refused) == (6, 3, 1)
    assert told.to_json()["polite"] is True
    assert told.to_json()["total"]["bytes_received"] == 3_000_000


def test_only_visits_of_the_period_count() -> None:
    told = report(visit("a", -1, good()), visit("a", 24 * 60, good()), visit("a", 3, good()))
    assert told.total.visits == 1


def test_what_breaks_a_wish() -> None:
    hasty = visit("hasty", 0, good(too_soon=1))
    crowded = visit("crowded", 0, good(peak_per_minute=14))
    back_early = [
        visit("early", 0, good(throttled=1, paused_s=600), "http_429"),
        visit("early", 5, good(requests=1)),
    ]
    told = report(hasty, crowded, *back_early, visit("kept", 0, good(requests=99)))
    assert {site.site for site in told.sites if not site.is_polite} == {"hasty", "crowded", "early"}
    assert told.sites[-1].site == "kept", "broken ones come first"
    assert told.total.early_returns == 1
    assert told.to_json()["polite"] is False


def test_a_visit_that_asked_nothing_or_came_later_is_no_early_return() -> None:
    rest = visit("a", 0, good(throttled=1, paused_s=600), "http_429")
    left_out = visit("a", 5, VisitManners(), "parked")
    told = report(rest, left_out, visit("a", 10, good()))
    (site,) = told.sites
    assert (site.early_returns, site.left_out, site.is_polite) == (0, 1, True)


def test_what_nobody_counted_is_said() -> None:
    (site,) = report(visit("a", 0, None, "no_result")).sites
    assert (site.uncounted, site.requests, site.allowed_per_minute) == (1, 0, None)


def test_the_table_has_a_row_a_site_and_the_total() -> None:
    table = render_markdown(report(visit("a", 0, good()), visit("b", 0, good(too_soon=2)))).splitlines()
    assert [line.split("|")[1].strip() for line in table] == ["site", "--", "b", "a", "all"]
    assert "BROKEN" in table[2]
    assert "1 of 2 sites broken" in table[-1]
    assert len({line.count("|") for line in table}) == 1
    assert len(render_markdown(report(*(visit(f"s{n}", 0, good()) for n in range(70)))).splitlines()) == 53
