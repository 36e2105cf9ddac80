"""Returns step by step, each step safe to repeat."""

from __future__ import annotations

import pytest

from arb_pipelines.domain.listing import ListingState
from arb_pipelines.domain.return_case import ReturnRefusedError, ReturnState
from arb_pipelines.services import returns
from arb_pipelines_tests.contracts.trade_records import usd
from arb_pipelines_tests.services.selling_desk import SellingDesk
from arb_pipelines_tests.services.test_fulfilment import load, sold_desk


def sold() -> tuple[SellingDesk, str]:
    desk = sold_desk()
    (order,) = load(desk).imported
    return desk, order.order_id


def test_a_return_goes_back_to_the_shelf_and_up_for_sale_again() -> None:
    """Under a new SKU, because the outlet leaves a SKU that it knows as it is."""
    desk, order_id = sold()
    case = returns.open_return(desk.books, order_id, 1, "does not fit", desk.clock, "5012")
    assert returns.open_return(desk.books, order_id, 1, "does not fit", desk.clock, "5012") == case
    assert returns.receive(desk.books, case.return_id, desk.clock).state is ReturnState.RECEIVED
    assert returns.receive(desk.books, case.return_id, desk.clock).state is ReturnState.RECEIVED
    assert desk.list_all().listed == []
    returns.inspect(desk.books, case.return_id, sellable=True, clock=desk.clock)
    assert returns.refund(desk.books, case.return_id, usd(5_000), usd(600), desk.clock).refunded_at is not None
    old, new = desk.listings()[0], desk.list_all().listed[0]
    assert new == f"{old.sku}-2"
    assert desk.outlet.units == {old.sku: 0, new: 1}
    assert [one.state for one in desk.listings()] == [ListingState.SOLD, ListingState.ACTIVE]
    assert desk.books.broken_invariants() == {}


def test_what_is_opened_is_not_sold_as_new() -> None:
    """It is written off, and nothing is listed."""
    desk, order_id = sold()
    case = returns.open_return(desk.books, order_id, 1, "opened", desk.clock)
    returns.receive(desk.books, case.return_id, desk.clock)
    returns.inspect(desk.books, case.return_id, sellable=False, clock=desk.clock)
    assert desk.list_all().listed == []
    assert [lot.on_hand for lot in desk.lots()] == [0]


def test_a_step_that_does_not_follow_is_refused() -> None:
    """What never arrived is not inspected; what is closed is not received."""
    desk, order_id = sold()
    case = returns.open_return(desk.books, order_id, 1, "why", desk.clock)
    with pytest.raises(ReturnRefusedError, match="only one that is received"):
        returns.inspect(desk.books, case.return_id, sellable=True, clock=desk.clock)
    assert returns.close(desk.books, case.return_id, desk.clock).state is ReturnState.CLOSED
    with pytest.raises(ReturnRefusedError, match="is closed"):
        returns.receive(desk.books, case.return_id, desk.clock)
    with pytest.raises(LookupError):
        returns.receive(desk.books, "none", desk.clock)


def test_a_refund_is_repeated_but_not_changed() -> None:
    """The same call again is fine, another amount is not."""
    desk, order_id = sold()
    case = returns.open_return(desk.books, order_id, 1, "why", desk.clock)
    first = returns.refund(desk.books, case.return_id, usd(1_000), usd(0), desk.clock)
    assert returns.refund(desk.books, case.return_id, usd(1_000), usd(0), desk.clock) == first
    with pytest.raises(ReturnRefusedError, match="already refunded"):
        returns.refund(desk.books, case.return_id, usd(999), usd(0), desk.clock)
