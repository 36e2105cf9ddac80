"""The file of budgets: what is shipped, and what is wrong with a wrong one."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from arb_pipelines.domain.api_limits import ApiLimitsError, load_api_limits, parse_api_limits

GOOD: dict[str, Any] = {
    "unit": "tokens", "most_a_call": 1, "most_a_day": 5, "pool_most": 0, "rates": {"*": "2/60"}
}  # fmt: skip


def test_the_shipped_budgets() -> None:
    limits = load_api_limits()
    assert set(limits) == {"keepa", "bookscouter", "ebay_browse", "openai", "anthropic"}
    assert limits["keepa"].rates["*"].window == timedelta(seconds=60)
    assert limits["openai"].most_a_call <= 20_000
    assert limits["bookscouter"].pool_most is None


@pytest.mark.parametrize(
    "changes, said",
    [
        ({"most_a_cal": 1}, "has no 'most_a_cal'"),
        ({"most_a_call": 0}, "from 1 up"),
        ({"most_a_day": True}, "whole number"),
        ({"most_a_day": 0.5}, "whole number"),
        ({"rates": {"*": "often"}}, "calls/seconds"),
        ({"rates": {"*": 5}}, "calls/seconds"),
        ({"rates": []}, "must be a table"),
    ],
)
def test_a_wrong_budget_says_what_is_wrong(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ApiLimitsError) as told:
        parse_api_limits({"meter": {**GOOD, **changes}})
    assert said in str(told.value)


def test_a_budget_must_be_whole() -> None:
    with pytest.raises(ApiLimitsError, match="lacks 'most_a_day'"):
        parse_api_limits({"meter": {name: value for name, value in GOOD.items() if name != "most_a_day"}})
    with pytest.raises(ApiLimitsError, match="must be a table"):
        parse_api_limits({"meter": 5})


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ApiLimitsError, match=r"own\.toml cannot be read"):
        load_api_limits(tmp_path / "own.toml")
