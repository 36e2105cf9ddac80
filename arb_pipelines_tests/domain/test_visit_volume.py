"""A site's usual volume, and the sites that fell below it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from arb_pipelines.domain.site import SiteVisit, VisitOutcome
from arb_pipelines.domain.visit_volume import find_low_volumes

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def visits(site: str, *offers: int) -> list[SiteVisit]:
    return [
        SiteVisit(site, f"t{n}", NOW + timedelta(minutes=n), NOW, VisitOutcome.OK, None, 9, count, 1, None)
        for n, count in enumerate(offers)
    ]


def test_less_than_half_of_the_median_is_low() -> None:
    seen = [*visits("fell", 10, 9, 10, 4), *visits("held", 10, 9, 10, 5), *visits("gone", 2, 2, 2, 0)]
    assert find_low_volumes(seen) == (3, ["fell", "gone"])
    assert find_low_volumes(reversed(seen)) == (3, ["fell", "gone"]), "the order of the rows means nothing"


def test_a_new_or_always_empty_site_is_not_judged() -> None:
    assert find_low_volumes([*visits("new", 10, 10, 0), *visits("empty", 0, 0, 0, 0)]) == (0, [])
    assert find_low_volumes([]) == (0, [])
