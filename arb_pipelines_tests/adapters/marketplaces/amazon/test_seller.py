"""Listing, pricing, withdrawing and shipping on Amazon, held against Amazon's published models."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from arb_pipelines.domain.money import Money
from arb_pipelines.domain.outlet import OutletRefusedError
from arb_pipelines_tests.adapters.marketplaces.amazon.account import (
    ASIN,
    NOW,
    STORE,
    a_listing,
    an_amazon_order,
    catalogue_item,
    catalogue_page,
    live_listing,
    open_amazon,
    submission,
)
from arb_pipelines_tests.contracts.vendor_faults import Truncated

ERROR = {"code": "90220", "message": "'size' is required", "severity": "ERROR", "categories": ["MISSING_ATTRIBUTE"]}
WARNING = {"code": "1", "message": "a hint", "severity": "WARNING", "categories": []}


def usd(text: str) -> Money:
    """Return an amount in dollars."""
    return Money.of(text, "USD")


def test_an_offer_is_checked_previewed_and_put_up() -> None:
    amazon = open_amazon()
    assert amazon.seller.list_item(a_listing()) == ASIN
    assert amazon.used == [
        "getListingsItem",
        "searchCatalogItems",
        "getListingsRestrictions",
        "getDefinitionsProductType",
        "putListingsItem",
        "putListingsItem",
    ]
    preview, real = [each for each in amazon.vendor.exchanges if each.operation == "putListingsItem"]
    assert preview.values["mode"] == "VALIDATION_PREVIEW"
    assert "mode" not in real.values
    assert preview.body == real.body
    assert real.body["requirements"] == "LISTING_OFFER_ONLY"
    attributes = real.body["attributes"]
    assert attributes["fulfillment_availability"] == [{"fulfillment_channel_code": "DEFAULT", "quantity": 2}]
    assert attributes["purchasable_offer"][0]["our_price"] == [{"schedule": [{"value_with_tax": 19.99}]}]
    assert attributes["merchant_suggested_asin"] == [{"value": ASIN, "marketplace_id": STORE}]


def test_a_sku_that_amazon_has_is_never_written_again() -> None:
    amazon = open_amazon()
    amazon.seller.list_item(a_listing())
    amazon.listed["LOT-1"]["fulfillmentAvailability"][0]["quantity"] = 0  # sold meanwhile
    assert amazon.seller.list_item(a_listing()) == ASIN
    assert amazon.vendor.operations["putListingsItem"] == 2
    assert amazon.listed["LOT-1"]["fulfillmentAvailability"][0]["quantity"] == 0


def test_a_put_without_an_answer_is_not_sent_again_and_found_again() -> None:
    amazon = open_amazon()
    amazon.vendor.reply_next("putListingsItem", {**submission("LOT-1", "VALID"), "identifiers": []})
    amazon.vendor.fail_next(Truncated(), operation="putListingsItem")  # the preview, asked again
    amazon.vendor.fail_next(Truncated(), operation="putListingsItem")
    with pytest.raises(ValueError, match="no JSON"):
        amazon.seller.list_item(a_listing())
    amazon = open_amazon()
    amazon.vendor.reply("putListingsItem", lambda exchange: _lose_real(amazon, exchange))
    with pytest.raises(ConnectionError):
        amazon.seller.list_item(a_listing())
    assert amazon.vendor.operations["putListingsItem"] == 2
    assert amazon.seller.list_item(a_listing()) == ASIN
    assert amazon.vendor.operations["putListingsItem"] == 2


@pytest.mark.parametrize(
    ("sku", "status", "sold"), [("LOT-1", "UNSHIPPED", 1), ("LOT-1", "PENDING", 1), ("A", "SHIPPED", 0)]
)
def test_a_listing_tried_before_is_not_put_up_again_once_it_sold(sku: str, status: str, sold: int) -> None:
    amazon = open_amazon()
    product = {"asin": ASIN, "sellerSku": sku}
    amazon.vendor.reply("searchOrders", {"orders": [an_amazon_order(status=status, product=product)]})
    drafted = a_listing(listed_at=NOW - timedelta(hours=1))
    if sold:
        with pytest.raises(OutletRefusedError) as refused:
            amazon.seller.list_item(drafted)
        assert refused.value.code == "sold_meanwhile"
    else:
        assert amazon.seller.list_item(drafted) == ASIN
    assert amazon.vendor.operations["searchOrders"] == 1
    assert bool(amazon.listed) is not bool(sold)


def _lose_real(amazon: Any, exchange: Any) -> Any:
    """Answer the preview, and lose the answer of the real one, which was done."""
    if "mode" in exchange.values:
        return submission("LOT-1", "VALID")
    amazon.listed["LOT-1"] = live_listing("LOT-1", exchange.body["attributes"])
    return 503, {"errors": [{"code": "Unavailable", "message": "later"}]}


@pytest.mark.parametrize(
    ("listing", "code"),
    [
        (a_listing(condition="for_parts"), "condition_not_sold"),
        (a_listing(condition="used"), "condition_not_sold"),
        (a_listing(condition="nonsense"), "condition_not_sold"),
        (a_listing(condition="seller_refurbished"), "approval_required"),
        (a_listing(gtin=None), "no_gtin"),
        (a_listing(gtin="123"), "gtin_invalid"),
        (a_listing(quantity=0), "no_stock"),
        (a_listing("A,B"), "sku_not_allowed"),
        (a_listing("A" * 41), "sku_not_allowed"),
        (a_listing(price="0"), "price_not_allowed"),
    ],
)
def test_what_amazon_cannot_take_is_refused_before_anything_is_put_up(listing: Any, code: str) -> None:
    amazon = open_amazon()
    with pytest.raises(OutletRefusedError) as refused:
        amazon.seller.list_item(listing)
    assert refused.value.code == code
    assert "putListingsItem" not in amazon.used


@pytest.mark.parametrize(
    ("operation", "answer", "code"),
    [
        ("searchCatalogItems", catalogue_page([]), "not_in_catalogue"),
        ("searchCatalogItems", catalogue_page([catalogue_item(gtin="4006381333931")]), "not_in_catalogue"),
        ("searchCatalogItems", catalogue_page([catalogue_item(), catalogue_item("B0SECOND01")]), "product_ambiguous"),
        ("searchCatalogItems", catalogue_page([catalogue_item(product_type=None)]), "product_type_unknown"),
        ("putListingsItem", submission("LOT-1", "INVALID", [WARNING, ERROR]), "outlet_90220"),
        ("putListingsItem", submission("LOT-1", "ACCEPTED"), "outlet_invalid"),
    ],
)
def test_what_amazon_says_no_to_is_not_put_up(operation: str, answer: dict[str, Any], code: str) -> None:
    amazon = open_amazon()
    amazon.vendor.reply(operation, answer)
    with pytest.raises(OutletRefusedError) as refused:
        amazon.seller.list_item(a_listing())
    assert refused.value.code == code
    assert amazon.vendor.operations["putListingsItem"] <= 1


def test_a_preview_that_would_join_another_page_stops_the_listing() -> None:
    amazon = open_amazon()
    other = {**submission("LOT-1", "VALID"), "identifiers": [{"marketplaceId": STORE, "asin": "B0ANOTHER0"}]}
    amazon.vendor.reply("putListingsItem", other)
    with pytest.raises(OutletRefusedError, match="B0ANOTHER0"):
        amazon.seller.list_item(a_listing())
    assert amazon.vendor.operations["putListingsItem"] == 1


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("APPROVAL_REQUIRED", "approval_required"),
        ("NOT_ELIGIBLE", "not_eligible"),
        ("ASIN_NOT_FOUND", "eligibility_unknown"),
    ],
)
def test_a_restricted_product_is_not_listed(reason: str, code: str) -> None:
    amazon = open_amazon()
    restriction = {"marketplaceId": STORE, "reasons": [{"message": "no", "reasonCode": reason}]}
    amazon.vendor.reply("getListingsRestrictions", {"restrictions": [restriction]})
    with pytest.raises(OutletRefusedError) as refused:
        amazon.seller.list_item(a_listing())
    assert refused.value.code == code
    assert "putListingsItem" not in amazon.used


def test_a_listing_that_amazon_still_works_on_waits_and_one_that_failed_is_refused() -> None:
    amazon = open_amazon()
    amazon.listed["LOT-1"] = {"sku": "LOT-1", "summaries": []}
    with pytest.raises(ConnectionError, match="still works"):
        amazon.seller.list_item(a_listing())
    with pytest.raises(ConnectionError, match="still works"):
        amazon.seller.update_price("LOT-1", usd("5.00"))
    amazon.listed["LOT-1"] = {"sku": "LOT-1", "summaries": [], "issues": [WARNING, ERROR]}
    with pytest.raises(OutletRefusedError, match="could not be put up"):
        amazon.seller.list_item(a_listing())
    assert [issue.code for issue in amazon.seller.fetch_problems("LOT-1")] == ["90220"]
    assert amazon.seller.fetch_problems("NONE") == ()


def test_a_price_is_set_without_the_quantity() -> None:
    amazon = open_amazon()
    amazon.seller.list_item(a_listing())
    amazon.seller.update_price("LOT-1", usd("12.00"))
    (body,) = amazon.vendor.bodies("patchListingsItem")
    assert [patch["path"] for patch in body["patches"]] == ["/attributes/purchasable_offer"]
    assert amazon.seller.fetch_prices(["LOT-1", "OTHER"]) == {"LOT-1": usd("12.00")}


def test_prices_are_read_in_parts_and_only_of_what_can_be_bought() -> None:
    amazon = open_amazon()
    skus = [f"LOT-{number}" for number in range(45)]
    for sku in skus:
        amazon.seller.listings.put(sku, {"productType": "LUGGAGE", "attributes": _attributes()})
    amazon.listed["LOT-3"]["summaries"][0]["status"] = ["DISCOVERABLE"]
    amazon.listed["LOT-4"]["summaries"][0]["marketplaceId"] = "A2EUQ1WTGCTBG2"
    del amazon.listed["LOT-5"]["offers"]
    found = amazon.seller.fetch_prices(skus)
    assert set(skus) - set(found) == {"LOT-3", "LOT-4", "LOT-5"}
    assert amazon.vendor.operations["searchListingsItems"] == 3
    assert amazon.seller.fetch_prices([]) == {}


def _attributes() -> dict[str, Any]:
    offer = {"currency": "USD", "our_price": [{"schedule": [{"value_with_tax": 5}]}]}
    return {"purchasable_offer": [offer], "fulfillment_availability": [{"quantity": 1}]}


def test_a_price_that_is_refused_or_nobody_lists_is_an_error() -> None:
    amazon = open_amazon()
    with pytest.raises(OutletRefusedError, match="no listing"):
        amazon.seller.update_price("LOT-1", usd("5.00"))
    amazon.seller.list_item(a_listing())
    with pytest.raises(OutletRefusedError, match="no price in USD"):
        amazon.seller.update_price("LOT-1", Money.of("5.00", "EUR"))
    amazon.vendor.reply("patchListingsItem", submission("LOT-1", "INVALID", [ERROR]))
    with pytest.raises(OutletRefusedError) as refused:
        amazon.seller.update_price("LOT-1", usd("5.00"))
    assert refused.value.code == "outlet_90220"
    amazon.vendor.reply("patchListingsItem", submission("ANOTHER"))
    with pytest.raises(ValueError, match="another SKU"):
        amazon.seller.update_price("LOT-1", usd("5.00"))


@pytest.mark.parametrize(("wanted", "left"), [(5, 3), (3, 3), (2, 2), (0, 0), (-1, 0)])
def test_a_quantity_is_only_ever_lowered(wanted: int, left: int) -> None:
    amazon = open_amazon()
    amazon.seller.list_item(a_listing(quantity=3))
    amazon.seller.lower_quantity("LOT-1", wanted)
    assert amazon.listed["LOT-1"]["fulfillmentAvailability"][0]["quantity"] == left
    assert ("patchListingsItem" in amazon.used) is (left != 3)
    del amazon.listed["LOT-1"]["fulfillmentAvailability"]
    with pytest.raises(OutletRefusedError) as refused:
        amazon.seller.lower_quantity("LOT-1", 1)
    assert refused.value.code == "quantity_unknown"


def test_a_listing_is_withdrawn_and_one_that_is_gone_is_fine() -> None:
    amazon = open_amazon()
    amazon.seller.list_item(a_listing())
    amazon.seller.withdraw("LOT-1")
    amazon.seller.withdraw("LOT-1")
    assert amazon.listed == {}
    amazon.vendor.reply("deleteListingsItem", submission("LOT-1", "INVALID", [ERROR]))
    with pytest.raises(OutletRefusedError):
        amazon.seller.withdraw("LOT-1")


def test_amazon_tells_nobody_what_others_sold() -> None:
    amazon = open_amazon()
    with pytest.raises(OutletRefusedError) as refused:
        amazon.seller.fetch_sold_prices(None)
    assert refused.value.code == "not_supported"
    assert amazon.used == []
