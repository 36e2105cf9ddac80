"""Listing at the channel: items, offers, publishing, revising, withdrawing."""

from __future__ import annotations

from typing import Any

import pytest

from arb_pipelines.sandbox.catalogue import Product
from arb_pipelines.sandbox.running import WorldServer
from arb_pipelines_tests.sandbox.conftest import Seller

OFFER = "/sell/inventory/v1/offer"
BULK = "/sell/inventory/v1/bulk_update_price_quantity"


@pytest.fixture
def product(server: WorldServer) -> Product:
    return server.world.products[0]


def _error_id(answer: Any) -> int:
    return answer.json()["errors"][0]["errorId"]


def test_an_item_is_created_and_then_replaced(seller: Seller, product: Product) -> None:
    assert seller.put_item("A-1", product).status_code == 201
    assert seller.put_item("A-1", product, quantity=4).status_code == 204
    item = seller.call("GET", "/sell/inventory/v1/inventory_item/A-1").json()
    assert item["availability"]["shipToLocationAvailability"]["quantity"] == 4
    assert item["sku"] == "A-1"


def test_publishing_twice_makes_one_listing(seller: Seller, product: Product) -> None:
    offer_id = seller.list_item("A-1", product, "50.00")
    first = seller.call("POST", f"{OFFER}/{offer_id}/publish").json()["listingId"]
    second = seller.call("POST", f"{OFFER}/{offer_id}/publish").json()["listingId"]
    assert first == second
    assert seller.advance(0)["active_listings"] == 1


def test_withdrawing_ends_the_listing_and_publishing_makes_a_new_one(seller: Seller, product: Product) -> None:
    offer_id = seller.list_item("A-1", product, "50.00")
    withdrawn = seller.call("POST", f"{OFFER}/{offer_id}/withdraw").json()["listingId"]
    assert seller.call("GET", f"{OFFER}/{offer_id}").json()["status"] == "UNPUBLISHED"
    assert _error_id(seller.call("POST", f"{OFFER}/{offer_id}/withdraw")) == 25713
    assert seller.call("POST", f"{OFFER}/{offer_id}/publish").json()["listingId"] != withdrawn


def test_a_sku_has_one_offer(seller: Seller, product: Product) -> None:
    offer_id = seller.list_item("A-1", product, "50.00")
    again = seller.call("POST", OFFER, seller.offer_body("A-1", product, "60.00"))
    assert (again.status_code, _error_id(again)) == (400, 25002)
    assert again.json()["errors"][0]["parameters"] == [{"name": "offerId", "value": offer_id}]
    found = seller.call("GET", OFFER, sku="A-1").json()["offers"]
    assert [(o["offerId"], o["pricingSummary"]["price"]["value"]) for o in found] == [(offer_id, "50.00")]


@pytest.mark.parametrize(
    ("changed", "error_id"),
    [
        ({"pricingSummary": None}, 25003),
        ({"availableQuantity": 0}, 25004),
        ({"categoryId": "1"}, 25005),
        ({"listingPolicies": None}, 25007),
        ({"merchantLocationKey": "elsewhere"}, 25012),
    ],
)
def test_an_incomplete_offer_is_not_published(
    seller: Seller, product: Product, changed: dict[str, Any], error_id: int
) -> None:
    seller.put_item("A-1", product)
    body = {**seller.offer_body("A-1", product, "50.00"), **changed}
    offer_id = seller.call("POST", OFFER, body).json()["offerId"]
    refused = seller.call("POST", f"{OFFER}/{offer_id}/publish")
    assert (refused.status_code, _error_id(refused)) == (400, error_id)
    assert seller.advance(0)["active_listings"] == 0


@pytest.mark.parametrize(
    ("changed", "error_id"),
    [({"sku": "B-9"}, 25702), ({"marketplaceId": "EBAY_XX"}, 25709), ({"format": "AUCTION"}, 25709)],
)
def test_an_offer_needs_an_item_marketplace_and_format(
    seller: Seller, product: Product, changed: dict[str, Any], error_id: int
) -> None:
    seller.put_item("A-1", product)
    refused = seller.call("POST", OFFER, {**seller.offer_body("A-1", product, "50.00"), **changed})
    assert (refused.status_code, _error_id(refused)) == (400, error_id)


@pytest.mark.parametrize("price", ["0.00", "-1.00", "1e3", "12.345", 12.5, "NaN"])
def test_a_price_is_positive_decimal_text(seller: Seller, product: Product, price: Any) -> None:
    seller.put_item("A-1", product)
    assert _error_id(seller.call("POST", OFFER, seller.offer_body("A-1", product, price))) == 25003


def test_bulk_update_reports_each_part(seller: Seller, product: Product) -> None:
    offer_id = seller.list_item("A-1", product, "50.00")
    price = {"value": "45.00", "currency": "USD"}
    good = {"offerId": offer_id, "price": price}
    assert seller.call("POST", BULK, {"requests": [{"sku": "A-1", "offers": [good]}]}).status_code == 200
    mixed = seller.call("POST", BULK, {"requests": [{"offers": [good, {"offerId": "1", "price": price}]}]})
    assert mixed.status_code == 207
    assert [part["statusCode"] for part in mixed.json()["responses"]] == [200, 404]
    assert seller.call("GET", f"{OFFER}/{offer_id}").json()["pricingSummary"]["price"] == price


def test_bulk_update_changes_stock(seller: Seller, product: Product) -> None:
    offer_id = seller.list_item("A-1", product, "50.00")
    request = {"sku": "A-1", "shipToLocationAvailability": {"quantity": 0}}
    assert seller.call("POST", BULK, {"requests": [request]}).status_code == 200
    assert seller.call("GET", f"{OFFER}/{offer_id}").json()["listing"]["listingStatus"] == "OUT_OF_STOCK"


def test_update_offer_keeps_sku_and_marketplace(seller: Seller, product: Product) -> None:
    offer_id = seller.list_item("A-1", product, "50.00")
    body = seller.offer_body("other", product, "40.00")
    assert seller.call("PUT", f"{OFFER}/{offer_id}", body).json() == {"offerId": offer_id}
    offer = seller.call("GET", f"{OFFER}/{offer_id}").json()
    assert (offer["sku"], offer["pricingSummary"]["price"]["value"]) == ("A-1", "40.00")


def test_deleting_an_item_takes_its_offer_along(seller: Seller, product: Product) -> None:
    offer_id = seller.list_item("A-1", product, "50.00")
    assert seller.call("DELETE", "/sell/inventory/v1/inventory_item/A-1").status_code == 204
    assert seller.call("GET", f"{OFFER}/{offer_id}").status_code == 404
    assert seller.call("GET", OFFER, sku="A-1").status_code == 404
