"""Selling: what goes on the wire, and that nothing sold is brought back."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest

from arb_pipelines.adapters.marketplaces.sandbox.listing_document import inventory_item, offer_document
from arb_pipelines.adapters.marketplaces.sandbox.seller import SandboxSeller
from arb_pipelines.domain.outlet import OutletRefusedError
from arb_pipelines_tests.contracts.trade_records import approval, listing, lot, opportunity, purchase, usd
from arb_pipelines_tests.fakes.clock import START

LISTING = replace(listing(lot(purchase(approval(opportunity())))), gtin="9526517000001", brand="Kett", mpn="K1")
PUBLISHED = {"offerId": "5", "status": "PUBLISHED", "listing": {"listingId": "11", "listingStatus": "OUT_OF_STOCK"}}
Respond = Callable[[httpx.Request], httpx.Response]


class Channel:
    """Answers by method and path, and remembers what was asked; token requests apart."""

    def __init__(self, answers: dict[str, httpx.Response]) -> None:
        self.answers = answers
        self.sent: list[tuple[str, str]] = []
        self.tokens = 0
        self.refuse_tokens = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/token"):
            self.tokens += 1
            return httpx.Response(200, json={"access_token": f"t{self.tokens}", "expires_in": 7200})
        if self.refuse_tokens:
            self.refuse_tokens -= 1
            return httpx.Response(401, json={"errors": [{"errorId": 1001}]})
        name = f"{request.method} {request.url.path.rstrip('/').rpartition('/')[2]}"
        self.sent.append((name, request.content.decode()))
        return self.answers[name]

    def seller(self) -> SandboxSeller:
        return SandboxSeller("http://channel.example", "id", "s", "r", transport=httpx.MockTransport(self))


def answer(status: int = 200, **body: Any) -> httpx.Response:
    return httpx.Response(status, json=body)


def test_a_new_sku_is_put_offered_and_published() -> None:
    """In this order."""
    channel = Channel(
        {
            "GET offer": answer(404),
            f"PUT {LISTING.sku}": httpx.Response(201),
            "POST offer": answer(201, offerId="5"),
            "POST publish": answer(listingId="11"),
        }
    )
    assert channel.seller().list_item(LISTING) == "11"
    assert [name for name, _ in channel.sent] == ["GET offer", f"PUT {LISTING.sku}", "POST offer", "POST publish"]


def test_a_published_sku_is_left_as_it_is() -> None:
    """Even when it is sold out: writing its quantity again would sell a unit that is gone."""
    channel = Channel({"GET offer": answer(offers=[PUBLISHED])})
    assert channel.seller().list_item(LISTING) == "11"
    assert [name for name, _ in channel.sent] == ["GET offer"]


def test_an_offer_without_a_listing_is_replaced_and_published() -> None:
    """What an earlier run left behind."""
    channel = Channel(
        {
            "GET offer": answer(offers=[{"offerId": "5", "status": "UNPUBLISHED"}]),
            f"PUT {LISTING.sku}": httpx.Response(204),
            "PUT 5": answer(offerId="5"),
            "POST publish": answer(listingId="12"),
        }
    )
    assert channel.seller().list_item(LISTING) == "12"


def test_a_refused_token_is_fetched_again_once() -> None:
    """The request was not done, so it may be sent again."""
    channel = Channel({"GET offer": answer(offers=[PUBLISHED])})
    channel.refuse_tokens = 1
    assert channel.seller().list_item(LISTING) == "11"
    assert channel.tokens == 2
    channel.refuse_tokens = 99
    with pytest.raises(OutletRefusedError, match="401"):
        channel.seller().list_item(LISTING)


def test_a_price_update_leaves_the_quantity_alone() -> None:
    """Only the price is on the wire."""
    channel = Channel(
        {
            "GET offer": answer(offers=[PUBLISHED]),
            "POST bulk_update_price_quantity": answer(responses=[{"offerId": "5", "statusCode": 200}]),
        }
    )
    channel.seller().update_price(LISTING.sku, usd(4_321))
    sent = json.loads(channel.sent[-1][1])
    assert sent == {
        "requests": [{"sku": LISTING.sku, "offers": [{"offerId": "5", "price": {"value": "43.21", "currency": "USD"}}]}]
    }


@pytest.mark.parametrize(
    "reply, error",
    [
        (answer(207, responses=[{"statusCode": 400, "errors": [{"errorId": 25003}]}]), OutletRefusedError),
        (answer(200, responses=[]), ValueError),
        (answer(200), ValueError),
    ],
)
def test_a_price_that_was_not_set_is_an_error(reply: httpx.Response, error: type[Exception]) -> None:
    """A 200 around a failed part is no success."""
    channel = Channel({"GET offer": answer(offers=[PUBLISHED])})
    channel.answers["POST bulk_update_price_quantity"] = reply
    with pytest.raises(error):
        channel.seller().update_price(LISTING.sku, usd(1))


def test_only_live_listings_have_a_price() -> None:
    """Sold out and unknown ones are left out."""
    price = {"pricingSummary": {"price": {"value": "50.00", "currency": "USD"}}}
    live = {**PUBLISHED, **price, "listing": {"listingId": "11", "listingStatus": "ACTIVE"}}
    assert Channel({"GET offer": answer(offers=[live])}).seller().fetch_prices(["a"]) == {"a": usd(5_000)}
    assert Channel({"GET offer": answer(offers=[PUBLISHED])}).seller().fetch_prices(["a"]) == {}
    assert Channel({"GET offer": answer(404)}).seller().fetch_prices(["a"]) == {}


def test_pages_are_read_to_the_end() -> None:
    """As long as the channel names a next one."""
    pages = iter([answer(orders=[], next="more"), answer(orders=[], next="more"), answer(orders=[])])
    asked: list[str] = []

    def respond(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/token"):
            return answer(access_token="t", expires_in=7200)
        asked.append(request.url.params["offset"])
        return next(pages)

    seller = SandboxSeller("http://channel.example", "id", "s", "r", transport=httpx.MockTransport(respond))
    assert seller.fetch_orders(START) == []
    assert asked == ["0", "200", "400"]


def test_the_same_shipment_again_is_fine() -> None:
    """A conflict means that the channel knows it."""
    from arb_pipelines_tests.reports.test_profit_and_loss import order

    channel = Channel({})
    channel.answers["POST shipping_fulfillment"] = answer(409, errors=[{"errorId": 32300}])
    channel.seller().confirm_shipment(order(1, 0, 5_000, 672, 2_000), "SBX1", START)
    channel.answers["POST shipping_fulfillment"] = answer(400, errors=[{"errorId": 32200}])
    with pytest.raises(OutletRefusedError):
        channel.seller().confirm_shipment(order(1, 0, 5_000, 672, 2_000), "SBX1", START)


@pytest.mark.parametrize(
    "gtin, field, number",
    [
        ("9526517000001", "ean", "9526517000001"),
        ("09526517000001", "ean", "9526517000001"),
        ("00012345678905", "upc", "012345678905"),
        ("012345678905", "ean", "012345678905"),
        ("9789999900001", "isbn", "9789999900001"),
    ],
)
def test_a_gtin_stands_under_its_own_name(gtin: str, field: str, number: str) -> None:
    """Buyers find the product by it."""
    assert inventory_item(replace(LISTING, gtin=gtin))["product"][field] == [number]


def test_a_listing_on_the_wire() -> None:
    """Title cut, price as decimal text, the category that the channel has."""
    item = inventory_item(replace(LISTING, title="K" * 100, condition="very_good"))
    assert (len(item["product"]["title"]), item["condition"]) == (80, "USED_VERY_GOOD")
    offer = offer_document(replace(LISTING, category="Books"))
    assert (offer["categoryId"], offer["pricingSummary"]["price"]["value"]) == ("90002", "50.00")
    assert offer_document(LISTING)["categoryId"] == "90001"


def test_a_condition_that_the_channel_lacks_is_refused() -> None:
    """Never rounded to a better one."""
    with pytest.raises(OutletRefusedError, match="seller_refurbished"):
        inventory_item(replace(LISTING, condition="seller_refurbished"))
