"""What an outlet lets us sell: only a fresh yes is a yes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from arb_pipelines.domain.eligibility import Eligibility, Permission, refuse_ineligible
from arb_pipelines_tests.fakes.clock import START


def answer(permission: Permission = Permission.ALLOWED, hours_ago: float = 1) -> Eligibility:
    return Eligibility("product-1", "new", "outlet-1", permission, START - timedelta(hours=hours_ago))


def test_a_fresh_yes_is_a_yes() -> None:
    assert refuse_ineligible(answer(), "outlet-1", START) is None
    assert refuse_ineligible(answer(hours_ago=24), "outlet-1", START) is None


@pytest.mark.parametrize(
    "found, code",
    [
        (None, "eligibility_unknown"),
        (answer(hours_ago=24.1), "eligibility_stale"),
        (answer(hours_ago=-1), "eligibility_stale"),
        (answer(Permission.APPROVAL_REQUIRED), "not_eligible"),
        (answer(Permission.NOT_ELIGIBLE), "not_eligible"),
        (answer(Permission.UNKNOWN), "eligibility_unknown"),
    ],
)
def test_everything_else_refuses(found: Eligibility | None, code: str) -> None:
    refusal = refuse_ineligible(found, "outlet-1", START)
    assert refusal is not None
    assert refusal.code == code
