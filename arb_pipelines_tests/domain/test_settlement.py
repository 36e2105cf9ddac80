"""Through which day the books are compared with what outlets took."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from arb_pipelines.domain.settlement import DAY, reconciled_days, reconciled_through
from arb_pipelines_tests.domain.test_order import ORDER
from arb_pipelines_tests.fakes.clock import START

TOLD = replace(ORDER, fee_estimated=False)
NOW = START + timedelta(days=5)


def test_an_estimate_holds_the_date_back() -> None:
    """To the day before it, whatever was settled since."""
    later = replace(ORDER, ordered_at=START + timedelta(days=3))
    newest = replace(TOLD, ordered_at=START + timedelta(days=4))
    assert reconciled_through([TOLD, later, newest], "x", NOW) == START.date() + 2 * DAY


def test_without_an_estimate_it_is_yesterday() -> None:
    """Today is not over."""
    assert reconciled_through([TOLD], "x", NOW) == NOW.date() - DAY


def test_each_outlet_has_its_own_date() -> None:
    """One where nothing was sold has none."""
    other = replace(ORDER, outlet="y")
    assert reconciled_days([TOLD, other], NOW) == {"x": NOW.date() - DAY, "y": START.date() - DAY}
    assert reconciled_through([TOLD], "y", NOW) is None
