"""Retries: three, further apart each time, never past the deadline, never where the answer is final."""

from __future__ import annotations

import pytest

from arb_pipelines.domain.retrying import RETRIES_A_VISIT, Attempt, retry_wait_s


def wait(
    reason: str = "http_503", retries: int = 0, draw: float = 0.0, visit: int = 0, left_s: float = 200
) -> float | None:
    return retry_wait_s(Attempt(reason, retries, visit, left_s, attempt_s=15), draw)


def test_three_tries_each_after_twice_the_wait() -> None:
    assert [wait(retries=number) for number in range(4)] == [1.0, 2.0, 4.0, None]


def test_the_draw_takes_away_up_to_half() -> None:
    assert wait(retries=2, draw=1.0) == 2.0
    assert wait(retries=2, draw=0.5) == 3.0


def test_a_timeout_is_tried_again_once() -> None:
    assert wait("timeout") == 1.0
    assert wait("timeout", retries=1) is None


@pytest.mark.parametrize(
    "reason", ["http_400", "http_401", "http_403", "http_404", "http_410", "http_429", "http_451", "http_501",
               "challenge", "robots_disallow", "ssrf_private_address", "tls_error", "too_large", "redirect_loop", ""]
)  # fmt: skip
def test_what_is_final_is_not_asked_again(reason: str) -> None:
    assert wait(reason) is None


def test_a_try_that_might_not_end_before_the_deadline_is_not_begun() -> None:
    assert wait(left_s=16.0) == 1.0
    assert wait(left_s=15.9) is None


def test_a_visit_has_a_budget_of_retries() -> None:
    assert wait(visit=RETRIES_A_VISIT - 1) == 1.0
    assert wait(visit=RETRIES_A_VISIT) is None
