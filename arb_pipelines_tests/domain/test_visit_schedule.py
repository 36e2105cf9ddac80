"""Which pages a visit reads: overdue first, then where a change is likeliest; nobody starves."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from arb_pipelines.domain.visit_schedule import (
    HOT_WEIGHT,
    PageFacts,
    change_rate,
    page_value,
    rank_pages,
)
from arb_pipelines_tests.fakes.clock import START

TICK = timedelta(minutes=5)


def page(url: str, minutes_ago: float | None, reads: int = 100, changes: int = 0, is_hot: bool = False) -> PageFacts:
    read_at = None if minutes_ago is None else START - timedelta(minutes=minutes_ago)
    return PageFacts(url, read_at, None, reads, changes, is_hot)


def test_the_staler_the_more_changing_and_the_hot_come_first() -> None:
    assert rank_pages([page("new", 5), page("old", 60)], START, 1) == ["old"]
    assert rank_pages([page("calm", 60), page("moving", 60, changes=50)], START, 1) == ["moving"]
    assert rank_pages([page("cold", 30), page("hot", 30, is_hot=True)], START, 1) == ["hot"]
    assert rank_pages([page("hot and just read", 0, is_hot=True), page("cold", 5)], START, 1) == ["cold"]


def test_a_page_never_read_comes_before_all_and_an_overdue_one_before_a_hot_one() -> None:
    pages = [page("hot", 60, changes=90, is_hot=True), page("overdue", 24 * 60), page("unseen", None, 0)]
    assert rank_pages(pages, START, 3) == ["unseen", "overdue", "hot"]
    assert rank_pages(pages, START, 1, max_staleness=timedelta(days=9)) == ["unseen"]


def test_the_budget_bounds_and_each_page_comes_once() -> None:
    twice = [page("a", 60), page("b", 50), page("a", 1)]
    assert rank_pages(twice, START, 9) == ["a", "b"]
    assert rank_pages(twice, START, 0) == []
    assert rank_pages([], START, 5) == []


def test_the_order_given_breaks_ties() -> None:
    assert rank_pages([page(url, None, 0) for url in "cab"], START, 3) == ["c", "a", "b"]


@given(st.lists(st.tuples(st.integers(0, 20), st.booleans()), min_size=2, max_size=25))
def test_no_page_starves(drawn: list[tuple[int, bool]]) -> None:
    """With one page a tick and a limit that the budget can keep, no page waits longer than the limit."""
    limit = TICK * len(drawn)
    facts = {f"p{n}": PageFacts(f"p{n}", START, None, 20, changes, hot) for n, (changes, hot) in enumerate(drawn)}
    now: datetime = START
    for _ in range(4 * len(drawn)):
        now += TICK
        (url,) = rank_pages(list(facts.values()), now, 1, max_staleness=limit)
        old = facts[url]
        facts[url] = PageFacts(url, now, None, old.reads + 1, old.changes, old.is_hot)
        assert all(now - f.last_read_at < 2 * limit for f in facts.values() if f.last_read_at)


def test_a_moving_page_gets_more_of_the_visits_than_a_calm_one() -> None:
    facts = {"moving": page("moving", 5, 40, 30), **{f"calm{n}": page(f"calm{n}", 5, 400, 0) for n in range(9)}}
    reads = dict.fromkeys(facts, 0)
    now = START
    for _ in range(200):
        now += TICK
        (url,) = rank_pages(list(facts.values()), now, 1)
        reads[url] += 1
        old = facts[url]
        facts[url] = PageFacts(url, now, None, old.reads + 1, old.changes + (url == "moving"), False)
    assert reads["moving"] > 3 * max(count for url, count in reads.items() if url != "moving")
    assert min(reads.values()) > 0


@given(minutes=st.floats(-100, 1e6), reads=st.integers(0, 10**6), changes=st.integers(0, 10**6), hot=st.booleans())
def test_values_and_rates_stay_in_range(minutes: float, reads: int, changes: int, hot: bool) -> None:
    facts = page("p", minutes, reads, changes, hot)
    assert 0 < change_rate(facts) <= 1
    assert 0 <= page_value(facts, START, TICK) <= HOT_WEIGHT * max(0.0, minutes / 5 + 1)
