"""Sites: what each class permits, and which are due."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from arb_pipelines.domain.site import Site, SiteClass, due_sites, tick_id_at, tick_moment
from arb_pipelines_tests.fakes.clock import START

PERMITTED = Site("a", "", "", SiteClass.PERMITTED)


@pytest.mark.parametrize("site_class", SiteClass)
def test_only_three_classes_are_fetched_and_bought_from(site_class: SiteClass) -> None:
    """Restricted and forbidden sites are left alone."""
    allowed = site_class in (SiteClass.API_LICENSED, SiteClass.PERMITTED, SiteClass.PUBLIC_UNSPECIFIED)
    assert site_class.may_fetch is allowed
    assert site_class.may_buy is allowed


def test_a_site_that_says_nothing_is_restricted() -> None:
    """Unknown is not permission."""
    assert Site("a", "", "").site_class is SiteClass.RESTRICTED
    assert due_sites([Site("a", "", "")], {}, START) == []


def test_due_by_interval_with_a_second_of_jitter() -> None:
    """A tick that fires a moment early does not skip the site."""
    for seconds, due in ((298, False), (299, True), (300, True)):
        last = START - timedelta(seconds=seconds)
        assert (due_sites([PERMITTED], {"a": last}, START) == [PERMITTED]) is due


def test_the_longest_waiting_comes_first() -> None:
    """A site that was never visited before all."""
    sites = [replace(PERMITTED, key=key) for key in ("a", "b", "c")]
    last = {"a": START - timedelta(hours=1), "b": START - timedelta(hours=2)}
    assert [site.key for site in due_sites(sites, last, START)] == ["c", "b", "a"]


def test_a_disabled_site_is_never_due() -> None:
    """However long it waited."""
    assert due_sites([replace(PERMITTED, enabled=False)], {}, START) == []


def test_a_tick_id_tells_when_it_began() -> None:
    """To the second, in UTC; an id of another form tells nothing."""
    assert tick_moment(tick_id_at(START)) == START.replace(microsecond=0)
    assert tick_moment(tick_id_at(START, prefix="manual")) == START.replace(microsecond=0)
    assert tick_moment("tick-1") is None
