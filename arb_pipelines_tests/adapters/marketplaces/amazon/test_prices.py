"""Fees, competition, featured-offer prices and warehouse stock: read in batches, with nothing filled in."""

from __future__ import annotations

from typing import Any

import pytest

from arb_pipelines.adapters.marketplaces.amazon.prices import AmazonPrices
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.outlet import OutletRefusedError
from arb_pipelines.domain.repricing import MarketSignals
from arb_pipelines_tests.adapters.marketplaces.amazon.account import ASIN, STORE, Amazon, open_amazon
from arb_pipelines_tests.contracts.vendor_faults import Status
from arb_pipelines_tests.contracts.vendor_transport import Exchange

TEN = {"CurrencyCode": "USD", "Amount": 10.5}


@pytest.fixture
def amazon() -> Amazon:
    return open_amazon()


@pytest.fixture
def prices(amazon: Amazon) -> AmazonPrices:
    return AmazonPrices(amazon.connection)


def fee(identifier: str, status: str = "Success", **estimate: Any) -> dict[str, Any]:
    """Return the fees of one question as Amazon writes them."""
    said = {"TimeOfFeesEstimation": "2026-01-01T00:00:00Z", "TotalFeesEstimate": TEN, **estimate}
    return {"Status": status, "FeesEstimateIdentifier": {"SellerInputIdentifier": identifier}, "FeesEstimate": said}


def test_fees_are_asked_for_in_twenties_and_found_by_our_own_name(amazon: Amazon, prices: AmazonPrices) -> None:
    def answer(exchange: Exchange) -> Any:
        return [fee(each["FeesEstimateRequest"]["Identifier"]) for each in exchange.body]

    amazon.vendor.reply("getMyFeesEstimates", answer)
    wanted = {f"B{number:09}": Money.of("10.00", "USD") for number in range(45)}
    found = prices.fetch_fees(wanted)
    assert found.keys() == wanted.keys()
    assert {str(each.total) for each in found.values()} == {"10.50 USD"}
    assert [len(body) for body in amazon.vendor.bodies("getMyFeesEstimates")] == [20, 20, 5]
    assert sum(amazon.clock.slept) == pytest.approx(4.0)  # one in two seconds


def test_fees_that_amazon_cannot_estimate_are_left_out(amazon: Amazon, prices: AmazonPrices) -> None:
    part = {"FeeType": "ReferralFee", "FeeAmount": TEN, "FinalFee": TEN}
    answers = [fee("A", FeeDetailList=[part]), fee("B", "ClientError"), fee("C", "ServiceError")]
    amazon.vendor.reply("getMyFeesEstimates", answers)
    found = prices.fetch_fees(dict.fromkeys("ABC", Money.of("10.00", "USD")), by_sku=True)
    assert list(found) == ["A"]
    assert found["A"].parts == (("ReferralFee", Money.of("10.50", "USD")),)
    assert {each["IdType"] for each in amazon.vendor.bodies("getMyFeesEstimates")[0]} == {"SellerSKU"}
    amazon.vendor.reply("getMyFeesEstimates", {"errors": [{"code": "InvalidInput", "message": "no"}]}, status=400)
    with pytest.raises(OutletRefusedError) as refused:
        prices.fetch_fees({"A": Money.of("1.00", "USD")})
    assert refused.value.code == "outlet_invalidinput"


@pytest.mark.parametrize("answer", [{}, {"payload": []}, [1], [{"Status": "Success"}]])
def test_fees_that_cannot_be_read_are_an_error(amazon: Amazon, prices: AmazonPrices, answer: Any) -> None:
    amazon.vendor.reply("getMyFeesEstimates", answer, loose=True)
    with pytest.raises(ValueError):
        prices.fetch_fees({"A": Money.of("1.00", "USD")})


def offer(seller: str, price: float, shipping: float | None = None, **more: Any) -> dict[str, Any]:
    """Return an offer as Amazon writes it."""
    said = {
        "sellerId": seller,
        "condition": "New",
        "fulfillmentType": "MFN",
        "listingPrice": {"amount": price, "currencyCode": "USD"},
        **more,
    }
    if shipping is not None:
        cost = {"amount": shipping, "currencyCode": "USD"}
        said["shippingOptions"] = [{"shippingOptionType": "DEFAULT", "price": cost}]
    return said


def test_the_competition_is_read_with_its_shipping(amazon: Amazon, prices: AmazonPrices) -> None:
    segments = {"featuredOfferSegments": []}
    body = {
        "asin": ASIN,
        "marketplaceId": STORE,
        "featuredBuyingOptions": [
            {
                "buyingOptionType": "New",
                "segmentedFeaturedOffers": [offer("S1", 9.0, 3.5, **segments), offer("S2", 12.0, **segments)],
            }
        ],
        "lowestPricedOffers": [
            {
                "lowestPricedOffersInput": {"itemCondition": "Used", "offerType": "Consumer"},
                "offers": [offer("S3", 5.0, 2.0), offer("S4", 6.5)],
            }
        ],
        "referencePrices": [{"name": "WasPrice", "price": {"amount": 30, "currencyCode": "USD"}}],
    }
    empty = {"asin": "B0NOBODY00", "marketplaceId": STORE}
    failed = {"asin": "B0FAILED00", "marketplaceId": STORE, "errors": [{"code": "NotFound", "message": "no"}]}
    amazon.vendor.reply(
        "getCompetitiveSummary",
        {
            "responses": [
                {"status": {"statusCode": 200}, "body": body},
                {"status": {"statusCode": 200}, "body": empty},
                {"status": {"statusCode": 200}, "body": failed},
                {"status": {"statusCode": 404}, "body": {**empty, "asin": "B0ABSENT00"}},
            ]
        },
    )
    found = prices.fetch_competition([ASIN, "B0NOBODY00", "B0FAILED00", "B0ABSENT00"])
    assert found.keys() == {ASIN, "B0NOBODY00"}
    assert (str(found[ASIN].featured), found[ASIN].featured_seller) == ("12.00 USD", "S2")
    assert found[ASIN].lowest == (("Used", Money.of("6.50", "USD")),)
    assert found[ASIN].threshold is None
    assert (found["B0NOBODY00"].featured, found["B0NOBODY00"].lowest) == (None, ())


def test_a_featured_price_counts_only_where_amazon_has_one(amazon: Amazon, prices: AmazonPrices) -> None:
    def answer(exchange: Exchange) -> Any:
        results = ["VALID_FOEP", "NO_COMPETING_OFFERS", "OFFER_NOT_ELIGIBLE", "VALID_FOEP"]
        return {
            "responses": [
                said(each["sku"], result) for each, result in zip(exchange.body["requests"], results, strict=False)
            ]
        }

    def said(sku: str, result: str) -> dict[str, Any]:
        price = {"featuredOfferExpectedPrice": {"listingPrice": {"amount": 7.5, "currencyCode": "USD"}}}
        return {
            "request": {"marketplaceId": STORE, "sku": sku},
            "headers": {},
            "status": {"statusCode": 200 if sku != "D" else 400},
            "body": {
                "offerIdentifier": {"asin": ASIN, "marketplaceId": STORE, "sku": sku},
                "featuredOfferExpectedPriceResults": [{"resultStatus": result, **price}],
            },
        }

    amazon.vendor.reply("getFeaturedOfferExpectedPriceBatch", answer)
    assert prices.fetch_featured_prices(["A", "B", "C", "D"]) == {"A": Money.of("7.50", "USD")}
    assert amazon.seller.fetch_signals(["A", "B"]) == {"A": MarketSignals(featured_offer=Money.of("7.50", "USD"))}
    many = [f"SKU{number}" for number in range(90)]
    prices.fetch_featured_prices(many)
    asked = amazon.vendor.bodies("getFeaturedOfferExpectedPriceBatch")
    assert [len(body["requests"]) for body in asked] == [4, 2, 40, 40, 10]
    assert sum(amazon.clock.slept) > 60  # one batch in 30 s


def summary(sku: str, **details: Any) -> dict[str, Any]:
    """Return the stock of a SKU as Amazon writes it."""
    return {"sellerSku": sku, "asin": ASIN, "totalQuantity": 9, **details}


def test_warehouse_stock_is_read_over_pages_and_unknown_counts_stay_unknown(
    amazon: Amazon, prices: AmazonPrices
) -> None:
    details = {
        "fulfillableQuantity": 4,
        "inboundWorkingQuantity": 1,
        "inboundShippedQuantity": 2,
        "inboundReceivingQuantity": 0,
        "reservedQuantity": {"totalReservedQuantity": 1},
        "unfulfillableQuantity": {"totalUnfulfillableQuantity": 1},
    }
    granularity = {"granularityType": "Marketplace", "granularityId": STORE}
    for found, token in (([summary("A", inventoryDetails=details)], "t"), ([], "u"), ([summary("B")], None)):
        page: dict[str, Any] = {"payload": {"granularity": granularity, "inventorySummaries": found}}
        amazon.vendor.reply_next(
            "getInventorySummaries", {**page, "pagination": {"nextToken": token}} if token else page
        )
    first, second = prices.fetch_warehouse_stock()
    assert (first.total, first.fulfillable, first.inbound, first.reserved, first.unfulfillable) == (9, 4, 3, 1, 1)
    assert (second.fulfillable, second.inbound, second.reserved) == (None, None, None)
    amazon.vendor.reply("getInventorySummaries", {"errors": [{"code": "Unauthorized", "message": "no"}]})
    with pytest.raises(OutletRefusedError):
        prices.fetch_warehouse_stock()


def test_a_batch_that_is_asked_too_often_waits_and_is_asked_again(amazon: Amazon, prices: AmazonPrices) -> None:
    amazon.vendor.fail_next(Status(429, retry_after_s=1))
    amazon.vendor.fail_next(Status(429, retry_after_s=1), operation="getCompetitiveSummary")
    assert "B00ZIAODGE" in prices.fetch_competition(["B00ZIAODGE"])
    assert sum(amazon.clock.slept) >= 1
