"""What a return changes, and what cannot be true of one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from arb_pipelines.domain.return_case import (
    INSPECTED,
    TRANSITIONS,
    ReturnCase,
    ReturnRefusedError,
    ReturnState,
    check_refund,
    units_left,
)
from arb_pipelines_tests.contracts.trade_records import usd
from arb_pipelines_tests.fakes.clock import START

CASE = ReturnCase("r", "o", 1, "why", ReturnState.RECEIVED, usd(2_000), START)


def test_only_an_inspection_ends_a_received_return() -> None:
    """Nothing is stock again without it."""
    assert TRANSITIONS[ReturnState.RECEIVED] == INSPECTED
    assert ReturnState.RESTOCKED not in TRANSITIONS[ReturnState.REQUESTED]


def test_what_a_return_changes_of_the_profit() -> None:
    """The refund less the fee that came back, and the cost of what can be sold again."""
    assert CASE.profit == usd(0)
    refunded = replace(CASE, refund=usd(5_000), fee_back=usd(500), refunded_at=START)
    assert refunded.profit == usd(-4_500)
    assert replace(refunded, state=ReturnState.RESTOCKED).profit == usd(-2_500)
    assert replace(refunded, state=ReturnState.WRITTEN_OFF).profit == usd(-4_500)


def test_units_that_did_not_come_back_after_all_can_come_back() -> None:
    """A closed case counts for nothing."""
    assert units_left(3, [CASE, replace(CASE, state=ReturnState.CLOSED), replace(CASE, units=2)]) == 0


@pytest.mark.parametrize("refund, fee_back", [(0, 0), (-1, 0), (3_001, 0), (100, -1), (100, 501)])
def test_a_refund_that_cannot_be_true(refund: int, fee_back: int) -> None:
    """Of an order of 50.00 with 20.00 refunded and 5.00 of its fee left."""
    with pytest.raises(ReturnRefusedError):
        check_refund(usd(refund), usd(fee_back), usd(5_000), usd(2_000), usd(500))
    check_refund(usd(3_000), usd(500), usd(5_000), usd(2_000), usd(500))
