"""The circuit of a shop: opens after failures in a row, rests longer each time, tries one page, closes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from arb_pipelines.domain.circuit_breaker import (
    LONGEST_OPEN,
    NOT_THE_SHOP,
    Circuit,
    CircuitState,
    after_visit,
    is_shops_fault,
    open_for,
)
from arb_pipelines_tests.fakes.clock import START

INTERVAL_S = 300.0


def failed(times: int, circuit: Circuit | None = None, reason: str = "http_503") -> Circuit:
    """Return the circuit after failed visits at START."""
    circuit = circuit or Circuit()
    for _ in range(times):
        circuit = after_visit(circuit, reason, START, INTERVAL_S)
    return circuit


def test_it_opens_with_the_third_failure_in_a_row() -> None:
    assert failed(2).state(START) is CircuitState.CLOSED
    opened = failed(3)
    assert opened.state(START) is CircuitState.OPEN
    assert opened.open_until == START + timedelta(seconds=900)
    assert opened.reason == "http_503"


def test_a_good_visit_between_starts_the_count_again() -> None:
    recovered = after_visit(failed(2), None, START, INTERVAL_S)
    assert recovered == Circuit()
    assert failed(2, recovered).state(START) is CircuitState.CLOSED


def test_after_its_time_one_failure_opens_it_for_twice_as_long() -> None:
    opened = failed(3)
    later = START + timedelta(seconds=900)
    assert opened.state(later) is CircuitState.HALF_OPEN
    again = after_visit(opened, "timeout", later, INTERVAL_S)
    assert again.open_until == later + timedelta(seconds=1_800)
    assert after_visit(opened, None, later, INTERVAL_S).state(later) is CircuitState.CLOSED


@pytest.mark.parametrize(
    "reason", ["http_403", "http_429", "http_500", "challenge", "timeout", "no_offers", "robots_5xx"]
)
def test_what_counts_against_the_shop(reason: str) -> None:
    assert failed(3, reason=reason).state(START) is CircuitState.OPEN


@pytest.mark.parametrize("reason", [*sorted(NOT_THE_SHOP), "class_restricted", "ssrf_private_address"])
def test_what_is_ours_changes_nothing(reason: str) -> None:
    before = failed(2)
    assert failed(5, before, reason) == before
    assert not is_shops_fault(reason)


def test_a_half_open_circuit_stays_so_when_the_probe_says_nothing_of_the_shop() -> None:
    later = START + timedelta(hours=1)
    assert after_visit(failed(3), "deadline", later, INTERVAL_S).state(later) is CircuitState.HALF_OPEN


def test_openings_grow_to_hours_and_no_further() -> None:
    lengths = [open_for(number, INTERVAL_S) for number in range(1, 60)]
    assert lengths[:4] == [timedelta(seconds=900 * 2**power) for power in range(4)]
    assert lengths == sorted(lengths)
    assert lengths[-1] == LONGEST_OPEN
    assert open_for(1, 1.0) == timedelta(minutes=1)
    assert open_for(9, 86_400.0) == timedelta(days=1)  # never sooner than the next visit would be
