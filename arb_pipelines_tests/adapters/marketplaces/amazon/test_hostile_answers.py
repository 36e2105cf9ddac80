"""Answers that a ready-made client took for success: error pages, refusals, half a body, none at all."""

from __future__ import annotations

from typing import Any

import pytest

from arb_pipelines.domain.money import Money
from arb_pipelines.domain.outlet import OutletRefusedError
from arb_pipelines_tests.adapters.marketplaces.amazon.account import NOW, a_listing, an_order, open_amazon
from arb_pipelines_tests.contracts.vendor_faults import NoAnswer, Page, Status, Truncated


@pytest.mark.parametrize("status", [400, 403, 410])
def test_a_look_up_that_is_refused_does_not_mean_that_the_sku_is_free(status: int) -> None:
    amazon = open_amazon()
    amazon.vendor.reply("getListingsItem", {"errors": [{"code": "Unauthorized", "message": "no"}]}, status=status)
    for act in (lambda: amazon.seller.list_item(a_listing()), lambda: amazon.seller.fetch_problems("LOT-1")):
        with pytest.raises(OutletRefusedError, match=str(status)):
            act()
    assert "putListingsItem" not in amazon.used


@pytest.mark.parametrize("fault", [Status(503), Page(503), Page(200), Truncated(), NoAnswer(), Status(429)])
def test_no_bad_answer_is_ever_a_success(fault: Any) -> None:
    """A ready-made client took a page of status 503, a 403 and cut JSON for success."""
    amazon = open_amazon()
    amazon.seller.list_item(a_listing())
    for act in (
        lambda: amazon.seller.list_item(a_listing("LOT-2")),
        lambda: amazon.seller.update_price("LOT-1", Money.of("5.00", "USD")),
        lambda: amazon.seller.withdraw("LOT-1"),
        lambda: amazon.seller.fetch_prices(["LOT-1"]),
        lambda: amazon.seller.fetch_orders(NOW),
        lambda: amazon.seller.confirm_shipment(an_order(), "9400", NOW),
    ):
        amazon.vendor.fail_next(fault, times=3)
        with pytest.raises((ConnectionError, ValueError)):
            act()
        amazon.vendor.clear_faults()
    assert "LOT-2" not in amazon.listed


def test_a_refusal_in_json_and_errors_in_a_good_answer_are_refusals() -> None:
    amazon = open_amazon()
    errors = {"errors": [{"code": "Unauthorized", "message": "Access to requested resource is denied."}]}
    amazon.vendor.reply("searchOrders", errors, status=403)
    with pytest.raises(OutletRefusedError) as refused:
        amazon.seller.fetch_orders(NOW)
    assert refused.value.code == "outlet_unauthorized"
    amazon.vendor.reply("searchOrders", {"orders": [], **errors}, loose=True)
    with pytest.raises(OutletRefusedError):
        amazon.seller.fetch_orders(NOW)
