"""Several outlets may show the same units only where that was asked for, and the risk is told."""

from __future__ import annotations

from datetime import timedelta

import pytest

from arb_pipelines.domain.cross_listing import CrossListing, oversell_chance

RULE = CrossListing(1, timedelta(minutes=10))


@pytest.mark.parametrize("minutes, percent", [(1, 0.007), (5, 0.035), (15, 0.104), (30, 0.208)])
def test_the_chance_of_an_oversale(minutes: int, percent: float) -> None:
    """1 - exp(-delay / T), with ten days to sell."""
    chance = oversell_chance(timedelta(minutes=minutes), 10.0)
    assert chance * 100 == pytest.approx(percent, abs=0.0005)


def test_what_sells_at_once_is_surely_oversold() -> None:
    """No time to hear of it."""
    assert oversell_chance(timedelta(minutes=1), 0.0) == 1.0


@pytest.mark.parametrize(
    "units, outlets, days, code",
    [
        (1, 2, 10.0, "too_few_units"),
        (2, 1, 10.0, "one_outlet"),
        (2, 2, None, "days_unknown"),
        (2, 2, 0.0, "days_unknown"),
        (2, 2, 10.0, None),
    ],
)
def test_a_single_unit_is_never_shared(units: int, outlets: int, days: float | None, code: str | None) -> None:
    """Nor what is not known to sell slowly."""
    refusal = RULE.refuse(units, outlets, days)
    assert (refusal.code if refusal else None) == code


def test_the_buffer_stays_back() -> None:
    """All units held back are none to show."""
    refusal = CrossListing(3, timedelta(minutes=1)).refuse(3, 2, 10.0)
    assert refusal is not None
    assert refusal.code == "too_few_units"
    with pytest.raises(ValueError, match="holds back"):
        CrossListing(0, timedelta(minutes=1))
    with pytest.raises(ValueError, match="holds back"):
        CrossListing(1, timedelta(0))
