"""The pace of a site: never under its floor, slower at once, faster by halves, never faster for errors."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from arb_pipelines.domain.pacing import LONGEST_DELAY_S, delay_of_rate, next_delay_s

SECONDS = st.floats(0, 100)


def test_a_slow_answer_slows_at_once_and_fast_ones_speed_up_by_halves() -> None:
    assert next_delay_s(1.0, 1.0, 8.0, is_ok=True) == 8.0
    assert next_delay_s(8.0, 1.0, 0.0, is_ok=True) == 4.0
    assert next_delay_s(1.2, 1.0, 0.0, is_ok=True) == 1.0


def test_an_error_doubles_the_delay_however_fast_it_came() -> None:
    assert next_delay_s(5.0, 5.0, 0.001, is_ok=False) == 10.0
    assert next_delay_s(1.0, 1.0, None, is_ok=False) == 2.0


@given(current=SECONDS, floor=SECONDS, latency=st.none() | SECONDS, is_ok=st.booleans())
def test_bounds(current: float, floor: float, latency: float | None, is_ok: bool) -> None:
    delay = next_delay_s(current, floor, latency, is_ok)
    assert floor <= delay <= max(floor, LONGEST_DELAY_S)
    if not is_ok:
        assert delay >= min(current, max(floor, LONGEST_DELAY_S))


def test_a_request_rate_is_a_delay() -> None:
    assert delay_of_rate(1, 10) == 10
    assert delay_of_rate(4, 60) == 15
    assert delay_of_rate(0, 60) == 0
