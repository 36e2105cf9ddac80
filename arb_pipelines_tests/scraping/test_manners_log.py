"""What a visit asked of its site, counted by the moments its requests started."""

from __future__ import annotations

from arb_pipelines.domain.manners import VisitManners
from arb_pipelines.scraping.manners_log import MannersLog


def test_nothing_asked_is_nothing_counted() -> None:
    assert MannersLog().facts("a") == VisitManners()


def test_starts_gaps_and_peak() -> None:
    log = MannersLog()
    log.note_delay("a", 5.0)
    for at in (100.0, 105.0, 105.0, 109.0, 160.0):  # the same moment twice is one request
        log.note_start("a", at)
    facts = log.facts("a")
    assert (facts.requests, facts.peak_per_minute, facts.too_soon) == (4, 3, 1)
    assert (facts.shortest_gap_ms, facts.delay_ms) == (4_000, 5_000)
    assert log.facts("b").requests == 0


def test_a_delay_counts_from_when_it_was_asked_for() -> None:
    log = MannersLog()
    log.note_start("a", 1.0)
    log.note_start("a", 2.0)
    log.note_delay("a", 10.0)
    log.note_delay("a", 3.0)
    log.note_start("a", 12.0)
    assert (log.facts("a").too_soon, log.delay_s("a")) == (0, 10.0)


def test_a_timer_a_clock_tick_early_is_not_too_soon() -> None:
    log = MannersLog()
    log.note_delay("a", 1.0)
    for at in (1.0, 1.99, 2.9):
        log.note_start("a", at)
    assert log.facts("a").too_soon == 1


def test_rests_and_retries() -> None:
    log = MannersLog()
    assert [log.note_retry("a"), log.note_retry("a"), log.retries("a")] == [0, 1, 2]
    log.note_pause("a", 120.0, is_asked=True)
    log.note_pause("a", 60.0, is_asked=False)
    log.note_robots_refusal("a")
    facts = log.facts("a")
    assert (facts.retries, facts.throttled, facts.paused_s, facts.robots_refused) == (2, 1, 120, 1)
