"""When an order is late, and what it brought."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from arb_pipelines.domain.order import HANDLING, TRANSITIONS, WARNED_BEFORE, Order, OrderState
from arb_pipelines_tests.contracts.trade_records import usd
from arb_pipelines_tests.fakes.clock import START

ORDER = Order("o", "x", "o", "1", "s", "p", 1, usd(5_000), usd(700), True, usd(2_000), OrderState.NEW, START)


def test_an_order_is_due_before_it_is_late() -> None:
    """By the outlet's own date, else after the usual handling time."""
    due_at = START + HANDLING - WARNED_BEFORE
    assert not ORDER.is_due(due_at - timedelta(seconds=1))
    assert ORDER.is_due(due_at)
    sooner = replace(ORDER, ship_by=START + timedelta(hours=1))
    assert (sooner.must_ship_by, sooner.is_due(START)) == (START + timedelta(hours=1), True)


def test_what_has_left_is_never_due() -> None:
    """The carrier has it, or the outlet knows."""
    later = START + timedelta(days=9)
    due = {state for state in OrderState if replace(ORDER, state=state).is_due(later)}
    assert due == {OrderState.NEW, OrderState.PICKED, OrderState.PACKED}


def test_a_parcel_that_left_does_not_come_back_by_itself() -> None:
    """Every state has its rule, and none leads back from the carrier."""
    assert set(TRANSITIONS) == set(OrderState)
    assert TRANSITIONS[OrderState.DISPATCHED] == {OrderState.SHIPPED}
    assert TRANSITIONS[OrderState.SHIPPED] == frozenset()


def test_the_label_lowers_the_profit() -> None:
    """Revenue less fee, cost and label."""
    assert (ORDER.profit, replace(ORDER, postage=usd(450)).profit) == (usd(2_300), usd(1_850))
