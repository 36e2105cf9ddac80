"""Orders and parcels at Amazon, held against Amazon's published models."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from arb_pipelines.domain.outlet import OutletRefusedError
from arb_pipelines_tests.adapters.marketplaces.amazon.account import NOW, an_amazon_order, an_order, open_amazon
from arb_pipelines_tests.contracts.vendor_faults import NoAnswer


def test_orders_are_read_page_by_page_also_over_an_empty_one() -> None:
    amazon = open_amazon()
    pages = [([an_amazon_order("222-2222222-2222222")], "t1"), ([], "t2"), ([an_amazon_order()], None)]
    for orders, token in pages:
        amazon.vendor.reply_next(
            "searchOrders", {"orders": orders, **({"pagination": {"nextToken": token}} if token else {})}
        )
    found = amazon.seller.fetch_orders(datetime(2026, 5, 1, tzinfo=UTC))
    assert sorted(line.outlet_order_id for line in found) == ["111-1111111-1111111", "222-2222222-2222222"]
    asked = [exchange.values for exchange in amazon.vendor.exchanges if exchange.operation == "searchOrders"]
    assert [values.get("paginationToken") for values in asked] == [None, "t1", "t2"]
    assert {values["lastUpdatedAfter"] for values in asked} == {"2026-05-01T00:00:00.000Z"}
    assert {tuple(values["fulfilledBy"]) for values in asked} == {("MERCHANT",)}
    assert "BUYER" not in asked[0]["includedData"]
    assert "RECIPIENT" not in asked[0]["includedData"]


def test_pages_that_go_round_in_a_circle_are_refused() -> None:
    amazon = open_amazon()
    amazon.vendor.reply("searchOrders", {"orders": [], "pagination": {"nextToken": "t"}})
    with pytest.raises(ValueError, match="circle"):
        amazon.seller.fetch_orders(None)


def test_a_shipment_is_confirmed_once_for_each_number() -> None:
    amazon = open_amazon()
    amazon.vendor.reply("getOrder", {"order": an_amazon_order()})
    amazon.vendor.fail_next(NoAnswer(), operation="confirmShipment")
    with pytest.raises(ConnectionError):
        amazon.seller.confirm_shipment(an_order(), "9400111", NOW)
    amazon.vendor.reply("confirmShipment", None)
    amazon.seller.confirm_shipment(an_order(), "9400111", NOW)
    first, second = amazon.vendor.bodies("confirmShipment")
    assert first == second
    package = first["packageDetail"]
    assert int(package["packageReferenceId"]) > 0
    assert (package["carrierCode"], package["shipDate"]) == ("USPS", "2026-05-04T12:00:00.000Z")
    sent = [
        {
            "packageReferenceId": "1",
            "trackingNumber": "9400111",
            "packageItems": [{"orderItemId": "12345678901234", "quantity": 1}],
        }
    ]
    amazon.vendor.reply("getOrder", {"order": {**an_amazon_order(), "packages": sent}})
    amazon.seller.confirm_shipment(an_order(), "9400111", NOW)
    assert amazon.vendor.operations["confirmShipment"] == 2
    amazon.seller.confirm_shipment(an_order(), "another", NOW)
    assert amazon.vendor.operations["confirmShipment"] == 3


def test_a_carrier_that_amazon_does_not_know_is_named() -> None:
    amazon = open_amazon(carrier="Northbeam Post")
    amazon.vendor.reply("getOrder", {"order": an_amazon_order()})
    amazon.vendor.reply("confirmShipment", None)
    amazon.seller.confirm_shipment(an_order(), "1", NOW)
    package = amazon.vendor.bodies("confirmShipment")[0]["packageDetail"]
    assert (package["carrierCode"], package["carrierName"]) == ("Other", "Northbeam Post")
    amazon.vendor.reply("confirmShipment", {"errors": [{"code": "Invalid Input", "message": "no"}]}, status=400)
    with pytest.raises(OutletRefusedError) as refused:
        amazon.seller.confirm_shipment(an_order(), "1", NOW)
    assert refused.value.code == "outlet_invalid_input"


def test_one_order_is_read_like_those_of_a_search() -> None:
    amazon = open_amazon()
    amazon.vendor.reply("getOrder", {"order": an_amazon_order()})
    [line] = amazon.seller.fetch_order("111-1111111-1111111")
    assert (line.outlet_order_id, line.sku, line.item_price.text) == ("111-1111111-1111111", "LOT-1", "10.00")
    asked = amazon.vendor.exchanges[-1].values["includedData"]
    assert "BUYER" not in asked
    amazon.vendor.reply("getOrder", {"order": an_amazon_order(status="CANCELLED")})
    assert amazon.seller.fetch_order("111-1111111-1111111") == []
    amazon.vendor.reply("getOrder", {"errors": [{"code": "NotFound", "message": "none"}]}, status=404)
    with pytest.raises(OutletRefusedError):
        amazon.seller.fetch_order("111-1111111-1111111")


def test_what_was_cancelled() -> None:
    """A line of an order or all of it; an order that goes on tells nothing."""
    amazon = open_amazon()
    executed = {"cancellationExecution": {"cancelledBy": "BUYER"}}
    found = [
        an_amazon_order(),
        an_amazon_order("222-2222222-2222222", status="CANCELLED"),
        an_amazon_order("333-3333333-3333333", cancellation=executed),
    ]
    amazon.vendor.reply("searchOrders", {"orders": found})
    told = amazon.seller.fetch_returns(NOW)
    assert [one.outlet_order_id for one in told] == ["222-2222222-2222222", "333-3333333-3333333"]
    assert all(one.is_cancelled and one.refund is None for one in told)
