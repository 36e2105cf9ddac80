"""Selling on eBay: what goes on the wire, and that nothing sold is brought back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from arb_pipelines.adapters.http.answers import NoAnswerError, UnreadableAnswerError
from arb_pipelines.domain.outlet import OutletRefusedError
from arb_pipelines_tests.adapters.marketplaces.ebay.stand import (
    LISTING,
    SHOWN,
    offers,
    order,
    order_line,
    own_offer,
    page,
    sell,
)
from arb_pipelines_tests.contracts.trade_records import usd
from arb_pipelines_tests.contracts.vendor_faults import NoAnswer
from arb_pipelines_tests.contracts.vendor_transport import ContractTransport
from arb_pipelines_tests.fakes.clock import START

UNPUBLISHED = own_offer(status="UNPUBLISHED", listing=None)
REVISED = {"responses": [{"sku": LISTING.sku, "offerId": "5", "statusCode": 200}]}


@pytest.fixture
def vendor() -> ContractTransport:
    return ContractTransport("ebay")


def asked(vendor: ContractTransport) -> list[str]:
    return [exchange.operation for exchange in vendor.exchanges if exchange.operation != "oauthToken"]


def test_a_new_sku_is_put_offered_and_published(vendor: ContractTransport) -> None:
    """In this order, and each with what eBay wants to know."""
    vendor.reply("getOffers", {"errors": [{"errorId": 25713, "message": "not found"}]}, status=404)
    vendor.reply("createOrReplaceInventoryItem", None, status=204)
    vendor.reply("createOffer", {"offerId": "5"}, status=201)
    vendor.reply("publishOffer", {"listingId": "11"})
    assert sell(vendor).list_item(LISTING) == "11"
    assert asked(vendor) == ["getOffers", "createOrReplaceInventoryItem", "createOffer", "publishOffer"]
    offer = vendor.bodies("createOffer")[0]
    assert (offer["availableQuantity"], offer["pricingSummary"]["price"]) == (LISTING.quantity, SHOWN)
    assert (offer["categoryId"], offer["merchantLocationKey"]) == ("11450", "warehouse")


def test_a_published_sku_is_left_as_it_is(vendor: ContractTransport) -> None:
    """Even when it is sold out: writing its quantity again would sell a unit that is gone."""
    sold_out = {"listingId": "11", "listingStatus": "OUT_OF_STOCK", "soldQuantity": 3}
    vendor.reply("getOffers", offers(own_offer(listing=sold_out)))
    assert sell(vendor).list_item(LISTING) == "11"
    assert asked(vendor) == ["getOffers"]


def test_what_a_broken_run_left_behind_is_published(vendor: ContractTransport) -> None:
    """If no order names its SKU; its update knows no SKU, marketplace and format."""
    vendor.reply("getOffers", offers(UNPUBLISHED))
    vendor.reply("getOrders", page("orders", order(order_line(sku="another"))))
    vendor.reply("createOrReplaceInventoryItem", None, status=204)
    vendor.reply("updateOffer", {"offerId": "5"})
    vendor.reply("publishOffer", {"listingId": "12"})
    assert sell(vendor).list_item(LISTING) == "12"
    assert asked(vendor)[2:] == ["createOrReplaceInventoryItem", "updateOffer", "publishOffer"]


def test_a_listing_that_ended_because_it_sold_is_not_put_up_again(vendor: ContractTransport) -> None:
    """eBay shows it like one that was never published."""
    vendor.reply("getOffers", offers(UNPUBLISHED))
    vendor.reply("getOrders", page("orders", order()))
    with pytest.raises(OutletRefusedError) as caught:
        sell(vendor).list_item(LISTING)
    assert caught.value.code == "sold_meanwhile"
    assert asked(vendor) == ["getOffers", "getOrders"]


def test_an_answer_that_was_lost_makes_no_second_listing(vendor: ContractTransport) -> None:
    """The next call finds what the first one did."""
    vendor.reply_next("getOffers", {}, status=404)
    vendor.reply("createOffer", {"offerId": "5"}, status=201)
    vendor.fail_next(NoAnswer(), operation="publishOffer")
    seller = sell(vendor)
    with pytest.raises(NoAnswerError):
        seller.list_item(LISTING)
    vendor.reply("getOffers", offers(own_offer()))
    assert seller.list_item(LISTING) == "11"
    assert vendor.operations["publishOffer"] == 1


@pytest.mark.parametrize(
    "usages, code",
    [({"1000": None}, None), ({"3000": None}, "condition_not_allowed"), ({"1000": "RESTRICTED"}, "needs_approval")],
)
def test_a_condition_is_asked_for_before_anything_is_put(
    vendor: ContractTransport, usages: dict[str, str | None], code: str | None
) -> None:
    """In the category it goes to."""
    conditions = [{"conditionId": number, **({"usage": usage} if usage else {})} for number, usage in usages.items()]
    policy = {"categoryId": "11450", "itemConditions": conditions}
    vendor.reply("getItemConditionPolicies", {"itemConditionPolicies": [policy]})
    vendor.reply("getOffers", {}, status=404)
    vendor.reply("createOffer", {"offerId": "5"}, status=201)
    seller = sell(vendor, conditions=True)
    if code is None:
        assert seller.list_item(LISTING)
        return
    with pytest.raises(OutletRefusedError) as caught:
        seller.list_item(LISTING)
    assert (caught.value.code, asked(vendor)) == (code, ["getOffers", "getItemConditionPolicies"])


def test_a_price_update_leaves_the_quantity_alone(vendor: ContractTransport) -> None:
    """Only the price is on the wire."""
    vendor.reply("getOffers", offers(own_offer()))
    vendor.reply("bulkUpdatePriceQuantity", REVISED)
    sell(vendor).update_price(LISTING.sku, usd(4_321))
    change = {"offerId": "5", "price": {"value": "43.21", "currency": "USD"}}
    assert vendor.bodies("bulkUpdatePriceQuantity") == [{"requests": [{"sku": LISTING.sku, "offers": [change]}]}]


FAILED = {"sku": LISTING.sku, "statusCode": 400, "errors": [{"errorId": 25003, "message": "bad price"}]}


@pytest.mark.parametrize(
    "status, reply, error",
    [
        (207, {"responses": [FAILED]}, OutletRefusedError),
        (200, {"responses": [FAILED]}, OutletRefusedError),
        (200, {"responses": [{"sku": LISTING.sku}]}, OutletRefusedError),
        (200, {"responses": []}, UnreadableAnswerError),
        (200, {}, UnreadableAnswerError),
        (400, {"errors": [{"errorId": 25001}]}, OutletRefusedError),
    ],
)
def test_a_price_that_was_not_set_is_an_error(
    vendor: ContractTransport, status: int, reply: dict[str, Any], error: type[Exception]
) -> None:
    """A 200 around a failed part is no success."""
    vendor.reply("getOffers", offers(own_offer()))
    vendor.reply("bulkUpdatePriceQuantity", reply, status=status)
    with pytest.raises(error):
        sell(vendor).update_price(LISTING.sku, usd(100))


def test_the_251st_revision_of_a_day_is_refused(vendor: ContractTransport) -> None:
    """eBay would block the listing for the rest of the day."""
    now_s = [0.0]
    vendor.reply("getOffers", offers(own_offer()))
    vendor.reply("bulkUpdatePriceQuantity", REVISED)
    seller = sell(vendor, clock_s=lambda: now_s[0])
    for _ in range(250):
        seller._revisions.take("11")
    with pytest.raises(OutletRefusedError) as caught:
        seller.update_price(LISTING.sku, usd(100))
    assert (caught.value.code, vendor.operations["bulkUpdatePriceQuantity"]) == ("revision_limit", 0)
    now_s[0] = 86_401.0
    seller.update_price(LISTING.sku, usd(100))


@pytest.mark.parametrize("quantity", [3, 4, -1])
def test_a_quantity_only_goes_down(vendor: ContractTransport, quantity: int) -> None:
    """What is missing may have been sold."""
    vendor.reply("getOffers", offers(own_offer()))
    with pytest.raises(OutletRefusedError) as caught:
        sell(vendor).lower_quantity(LISTING.sku, quantity)
    assert caught.value.code == "would_add_stock"


def test_what_is_sold_while_a_quantity_is_lowered_is_taken_off(vendor: ContractTransport) -> None:
    """eBay knows no "if nothing was sold meanwhile"."""
    vendor.reply_next("getOffers", offers(own_offer()))
    sold_one = {"listingId": "11", "listingStatus": "ACTIVE", "soldQuantity": 1}
    vendor.reply_next("getOffers", offers(own_offer(availableQuantity=2, listing=sold_one)))
    vendor.reply("bulkUpdatePriceQuantity", REVISED)
    sell(vendor).lower_quantity(LISTING.sku, 2)
    sent = [body["requests"][0]["offers"][0]["availableQuantity"] for body in vendor.bodies("bulkUpdatePriceQuantity")]
    assert sent == [2, 1]


def test_only_live_listings_have_a_price(vendor: ContractTransport) -> None:
    """Sold out, ended and unknown ones are left out."""
    seller = sell(vendor)
    vendor.reply("getOffers", offers(own_offer()))
    assert seller.fetch_prices([LISTING.sku]) == {LISTING.sku: usd(5_000)}
    sold_out = own_offer(listing={"listingId": "11", "listingStatus": "OUT_OF_STOCK"})
    for reply, status in [(offers(sold_out), 200), (offers(UNPUBLISHED), 200), (offers(), 200), ({}, 404)]:
        vendor.reply("getOffers", reply, status=status)
        assert seller.fetch_prices([LISTING.sku]) == {}
    vendor.reply("getOffers", offers(own_offer(pricingSummary=None)))
    with pytest.raises(UnreadableAnswerError, match="no price"):
        seller.fetch_prices([LISTING.sku])


def test_the_offer_of_another_marketplace_is_not_ours_to_price(vendor: ContractTransport) -> None:
    """And two offers of one are not understood."""
    vendor.reply("getOffers", offers(own_offer(marketplaceId="EBAY_GB"), own_offer()))
    assert sell(vendor).fetch_prices([LISTING.sku]) == {LISTING.sku: usd(5_000)}
    vendor.reply("getOffers", offers(own_offer(), own_offer()))
    with pytest.raises(UnreadableAnswerError, match="2 offers"):
        sell(vendor).fetch_prices([LISTING.sku])


def test_a_listing_is_ended_once(vendor: ContractTransport) -> None:
    """One that has ended is left alone; one that never was is an error."""
    vendor.reply("getOffers", offers(own_offer()))
    vendor.reply("withdrawOffer", {"listingId": "11"})
    sell(vendor).withdraw(LISTING.sku)
    vendor.reply("getOffers", offers(UNPUBLISHED))
    sell(vendor).withdraw(LISTING.sku)
    assert vendor.operations["withdrawOffer"] == 1
    vendor.reply("getOffers", {}, status=404)
    with pytest.raises(OutletRefusedError) as caught:
        sell(vendor).withdraw(LISTING.sku)
    assert caught.value.code == "no_offer"
    with pytest.raises(OutletRefusedError) as caught:
        sell(vendor).update_price(LISTING.sku, usd(1))
    assert caught.value.code == "no_live_listing"


def test_sold_prices_are_not_told(vendor: ContractTransport) -> None:
    """An empty list would say that nothing sells."""
    with pytest.raises(OutletRefusedError) as caught:
        sell(vendor).fetch_sold_prices(START)
    assert caught.value.code == "not_supported"


def test_nothing_secret_is_shown(vendor: ContractTransport) -> None:
    """Neither account nor seller."""
    from arb_pipelines_tests.adapters.marketplaces.ebay.stand import SECRET, connect

    seller = sell(vendor)
    assert SECRET not in f"{seller!r}{connect(vendor)!r}"
    seller.close()


def test_a_listing_that_ebay_would_refuse_is_not_put(vendor: ContractTransport) -> None:
    """Its item is drafted before the first act."""
    vendor.reply("getOffers", {}, status=404)
    for listing, code in [
        (replace(LISTING, photos=()), "no_photo"),
        (replace(LISTING, condition="ungraded"), "condition_not_sold"),
    ]:
        with pytest.raises(OutletRefusedError) as caught:
            sell(vendor).list_item(listing)
        assert caught.value.code == code
    assert set(asked(vendor)) == {"getOffers"}
