"""Orders into the books once, shipments confirmed once."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from datetime import timedelta

import pytest

from arb_pipelines.domain.fees import load_schedules
from arb_pipelines.domain.listing import ListingState
from arb_pipelines.domain.order import OrderState
from arb_pipelines.domain.outlet import OutletTerms
from arb_pipelines.services.fulfilment import (
    Imported,
    Shipped,
    import_orders,
    ship_orders,
    tracking_number_for,
    wait_for_a_person,
)
from arb_pipelines_tests.contracts.trade_records import usd
from arb_pipelines_tests.fakes.dying import Death, Mortal, MortalBooks, WorkerKilled
from arb_pipelines_tests.services.selling_desk import TERMS, SellingDesk


def sold_desk(units: int = 1, fee: int | None = 672) -> SellingDesk:
    """Return a desk that sold `units` lots at 50.00."""
    desk = SellingDesk(lots=units)
    desk.list_all()
    for listing in desk.listings():
        desk.clock.advance(minutes=1)
        desk.outlet.sell(listing.sku, desk.clock.now(), fee=None if fee is None else usd(fee), tax=usd(350))
    return desk


def load(desk: SellingDesk, terms: OutletTerms = TERMS, death: Death | None = None) -> Imported:
    """Import, perhaps to the worker's death."""
    end = death or Death(0)
    outlet = Mortal(desk.outlet, end)
    return import_orders(MortalBooks(desk.books, end), outlet, load_schedules(), terms, desk.clock)


def ship(desk: SellingDesk, death: Death | None = None) -> Shipped:
    """Ship, perhaps to the worker's death."""
    end = death or Death(0)
    return ship_orders(MortalBooks(desk.books, end), Mortal(desk.outlet, end), tracking_number_for, desk.clock)


def test_an_order_is_imported_once() -> None:
    """Lot, listing and ledger move with it."""
    desk = sold_desk()
    (order,) = load(desk).imported
    assert (order.revenue, order.fee, order.cost_of_goods, order.fee_estimated) == (
        usd(5_000), usd(672), usd(2_000), False
    )  # fmt: skip
    assert order.profit == usd(2_328)
    assert load(desk).summary() == {"imported": 0, "settled": 0, "not_done": 0}
    assert [lot.on_hand for lot in desk.lots()] == [0]
    assert [listing.state for listing in desk.listings()] == [ListingState.SOLD]
    assert desk.books.broken_invariants() == {}


def test_an_untold_fee_is_estimated_and_says_so() -> None:
    """From the schedule, with the tax that the buyer really paid: 12 % of 53.50 + 0.30."""
    (order,) = load(sold_desk(fee=None)).imported
    assert (order.fee, order.fee_estimated) == (usd(672), True)


def test_an_unknown_fee_keeps_the_order_out_and_says_why() -> None:
    """Zero is not a fee."""
    desk = sold_desk(fee=None)
    terms = OutletTerms(fee_categories={"toys": "toys"})
    assert [left.code for left in load(desk, terms).not_done] == ["fee_unknown"]
    assert len(load(desk).imported) == 1


def test_late_orders_are_seen_within_the_overlap() -> None:
    """The window reaches back a day behind the newest known order."""
    desk = sold_desk(units=2)
    late = desk.outlet.orders.pop(0)
    load(desk)
    desk.clock.advance(hours=20)
    desk.outlet.orders.append(late)
    assert [order.outlet_order_id for order in load(desk).imported] == [late.outlet_order_id]


def test_an_order_that_could_not_be_imported_is_not_forgotten() -> None:
    """Newer orders move the window past it; an operator who mends the fee table days later must not lose the sale."""
    desk = sold_desk(units=2, fee=None)
    first, second = desk.outlet.orders
    desk.outlet.orders = [first]
    unknown = OutletTerms(fee_categories={"toys": "toys"})
    assert [left.code for left in load(desk, unknown).not_done] == ["fee_unknown"]
    desk.clock.advance(days=4)
    desk.outlet.orders += [replace(second, fee=usd(672), ordered_at=desk.clock.now())]
    assert len(load(desk, unknown).imported) == 1
    desk.clock.advance(days=4)
    assert [order.outlet_order_id for order in load(desk).imported] == [first.outlet_order_id]
    assert desk.books.alerts.load_open() == []


def test_an_order_from_the_future_does_not_hide_later_ones() -> None:
    """A wrong clock at the outlet must not move our window."""
    desk = sold_desk(units=2)
    first, second = desk.outlet.orders
    desk.outlet.orders = [replace(first, ordered_at=desk.clock.now() + timedelta(days=30))]
    load(desk)
    desk.outlet.orders.append(second)
    assert len(load(desk).imported) == 1


def test_what_we_do_not_have_is_an_alarm() -> None:
    """An unknown SKU, and a second sale of a unit that is gone."""
    desk = sold_desk()
    (order,) = desk.outlet.orders
    again = replace(order, outlet_order_id="order-8")
    desk.outlet.orders += [again, replace(order, outlet_order_id="order-9", sku="foreign")]
    done = load(desk)
    assert len(done.imported) == 1
    assert [(left.key, left.code) for left in done.not_done] == [
        ("order-8/1", "oversold"), ("order-9/1", "unknown_sku")
    ]  # fmt: skip


def test_an_unreachable_outlet_is_reported() -> None:
    """The next run reads the same window."""
    desk = sold_desk()
    desk.outlet.failing = {"fetch_orders"}
    assert [left.code for left in load(desk).not_done] == ["outlet_unreadable"]


def test_an_order_is_shipped_once_with_one_number() -> None:
    """And the books keep the number."""
    desk = sold_desk()
    load(desk)
    assert len(ship(desk).shipped) == 1
    assert ship(desk).summary() == {"shipped": 0, "not_done": 0}
    (order,) = desk.books.orders.load()
    assert (order.state, order.tracking_number) == (OrderState.SHIPPED, desk.outlet.shipments[order.order_id])


def test_orders_of_another_outlet_are_left_alone() -> None:
    """Its own seller ships them."""
    desk = sold_desk()
    load(desk)
    desk.outlet.outlet = "elsewhere"
    assert ship(desk).shipped == []


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_killed_at_any_call_nothing_is_lost_or_doubled(after: bool) -> None:
    """Import and shipment, each killed at each call, then done by healthy workers."""
    for at in range(1, 12):
        desk = sold_desk(units=2)
        for act in (load, ship):
            with contextlib.suppress(WorkerKilled):
                act(desk, death=Death(at, after))
        load(desk)
        ship(desk)
        orders = desk.books.orders.load()
        assert [order.state for order in orders] == [OrderState.SHIPPED] * 2
        assert desk.outlet.shipments == {order.order_id: tracking_number_for(order) for order in orders}
        assert desk.books.broken_invariants() == {}


def test_tracking_numbers_are_letters_and_digits_of_their_order() -> None:
    """The same order, the same number."""
    desk = sold_desk(units=2)
    numbers = {tracking_number_for(order) for order in load(desk).imported}
    assert len(numbers) == 2
    assert all(number.isalnum() for number in numbers)


def test_a_shipment_that_the_outlet_did_not_take_is_not_recorded() -> None:
    """The next run sends the same number again."""
    desk = sold_desk()
    load(desk)
    desk.outlet.failing = {"confirm_shipment"}
    assert [left.code for left in ship(desk).not_done] == ["outlet_unreadable"]
    assert [order.state for order in desk.books.orders.load()] == [OrderState.NEW]
    desk.outlet.failing = set()
    assert len(ship(desk).shipped) == 1


def test_a_fee_told_later_corrects_the_estimate() -> None:
    """Once, while the order is still in the overlap."""
    desk = sold_desk(fee=None)
    (order,) = load(desk).imported
    desk.outlet.orders[0] = replace(desk.outlet.orders[0], fee=usd(700))
    assert load(desk).settled == [order.order_id]
    assert load(desk).settled == []
    (settled,) = desk.books.orders.load()
    assert (settled.fee, settled.fee_estimated, settled.estimated_fee) == (usd(700), False, order.fee)
    assert desk.books.broken_invariants() == {}


def test_without_a_tracking_number_nothing_is_told() -> None:
    """Outside the sandbox only a person knows one; what he says is uploaded, at the time he sent it."""
    desk = sold_desk()
    (order,) = load(desk).imported
    done = ship_orders(desk.books, desk.outlet, wait_for_a_person, desk.clock)
    assert [left.code for left in done.not_done] == ["not_sent"]
    assert desk.outlet.shipments == {}
    sent_at = desk.clock.now()
    assert desk.books.orders.dispatch(order.order_id, "T1", "post", usd(450), sent_at)
    desk.clock.advance(hours=3)
    desk.outlet.failing = {"confirm_shipment"}
    assert ship_orders(desk.books, desk.outlet, wait_for_a_person, desk.clock).shipped == []
    desk.outlet.failing = set()
    assert ship_orders(desk.books, desk.outlet, wait_for_a_person, desk.clock).shipped == [order.order_id]
    (shipped,) = desk.books.orders.load()
    assert (shipped.state, shipped.tracking_number, shipped.shipped_at) == (OrderState.SHIPPED, "T1", sent_at)
    assert desk.outlet.shipments == {order.order_id: "T1"}
