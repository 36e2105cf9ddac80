"""A sold unit is followed back to its decision; what was promised is held against what came."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from arb_pipelines.domain.inventory import sku_for_lot
from arb_pipelines.reports.deal_profits import compare_deals
from arb_pipelines.reports.trade_data import load_trade_data
from arb_pipelines.services import returns
from arb_pipelines.services.outcomes_of_deals import load_deal_outcomes, sum_up
from arb_pipelines_tests.contracts.trade_records import opportunity, outlet_order, usd
from arb_pipelines_tests.fakes.clock import START
from arb_pipelines_tests.services.selling_desk import SellingDesk

DAY = timedelta(days=1)


def desk_that_sold(record: dict[str, object], number: int = 1) -> SellingDesk:
    """Return books with one delivered lot whose unit was sold a day later."""
    desk = SellingDesk(lots=1)
    kept = desk.books.opportunities.found
    kept.update({key: replace(one, record=record) for key, one in kept.items()})
    desk.list_all()
    (lot,) = desk.books.inventory.load()
    assert lot.sku == sku_for_lot(lot.lot_id)
    desk.books.orders.import_order(outlet_order(lot.sku, number, START + DAY), usd(100), fee_estimated=False)
    return desk


def test_a_sale_is_followed_back() -> None:
    desk = desk_that_sold({"prediction": {"middle": "48.00"}, "selection": {"middle": "50.00"}})
    (found,) = load_deal_outcomes(desk.books, START + 2 * DAY)
    decision, (order,) = opportunity(1), desk.books.orders.load()
    assert (found.opportunity_id, found.source) == (decision.opportunity_id, decision.site)
    assert found.predicted == usd(5_000)
    assert found.ask == decision.item_price
    assert found.value == order.revenue
    assert found.profit == order.profit
    assert sum_up([found], "USD").realised_share == (
        Decimal(order.profit.minor) / decision.expected_profit.minor
    ).quantize(Decimal("0.001"))


def test_without_a_correction_the_prediction_stands() -> None:
    desk = desk_that_sold({"prediction": {"middle": "48.00"}, "selection": None})
    (found,) = load_deal_outcomes(desk.books, START + 2 * DAY)
    assert found.predicted == usd(4_800)


def test_the_future_and_the_unknown_are_left_out() -> None:
    desk = desk_that_sold({"prediction": {"middle": "48.00"}})
    assert load_deal_outcomes(desk.books, START + DAY) == []
    assert load_deal_outcomes(desk_that_sold({}).books, START + 2 * DAY) == []
    assert load_deal_outcomes(SellingDesk().books, START) == []


def test_nothing_promised_is_no_share() -> None:
    told = sum_up([], "USD")
    assert told.realised_share is None
    assert told.metadata()["realised_over_predicted_margin"] == "no deal has sold yet"


def test_what_a_lot_sold_under_an_earlier_sku_counts_and_its_promise_only_once() -> None:
    """Sold, sent back, restocked, offered under a second SKU and sold again."""
    desk = desk_that_sold({"prediction": {"middle": "48.00"}})
    (first,) = desk.books.orders.load()
    desk.clock.advance(days=2)
    case = returns.open_return(desk.books, first.order_id, 1, "why", desk.clock)
    returns.receive(desk.books, case.return_id, desk.clock)
    returns.refund(desk.books, case.return_id, first.revenue, usd(60), desk.clock)
    returns.inspect(desk.books, case.return_id, sellable=True, clock=desk.clock)
    desk.list_all()
    (lot,) = desk.lots()
    assert lot.sku != first.sku
    desk.books.orders.import_order(outlet_order(lot.sku, 2, START + 3 * DAY), usd(100), fee_estimated=False)
    before, after = load_deal_outcomes(desk.books, START + 4 * DAY)
    assert (before.opportunity_id, before.restocked) == (after.opportunity_id, 1)
    assert (before.realised_minor, after.realised_minor) == (-40, after.profit.minor)
    told = sum_up([before, after], "USD")
    assert told.predicted_profit_minor == opportunity(1).expected_profit.minor
    assert (told.realised_profit_minor, told.losing) == (after.profit.minor - 40, 1)
    data = load_trade_data(desk.books, "USD", START + 5 * DAY)
    (row,) = compare_deals(data, START).to_dicts()
    assert (row["units_sold"], row["estimated_profit_minor"]) == (2, told.predicted_profit_minor)
    assert row["realised_profit_minor"] == told.realised_profit_minor
    assert desk.books.broken_invariants() == {}
