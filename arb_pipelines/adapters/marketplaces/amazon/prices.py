"""What Amazon says of prices and fees, and what lies in its warehouses: read only, in batches.

What belongs here: the calls. The pricing batches come at one in 30 seconds: 1,000 SKUs take 12.6 minutes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from arb_pipelines.adapters.http.answers import Answer
from arb_pipelines.adapters.marketplaces.amazon.catalogue import fetch_pages
from arb_pipelines.adapters.marketplaces.amazon.client import AmazonConnection, accepted, refusal_of
from arb_pipelines.adapters.marketplaces.amazon.listing_document import wire_number
from arb_pipelines.adapters.marketplaces.amazon.parse_products import (
    Competition,
    FeeEstimate,
    WarehouseStock,
    parse_competition,
    parse_featured_prices,
    parse_fee_estimates,
    parse_warehouse_stock,
)
from arb_pipelines.domain.money import Money

FEES = "/products/fees/v0/feesEstimate"
SUMMARY = "/products/pricing/2022-05-01/items/competitiveSummary"
EXPECTED = "/products/pricing/2022-05-01/offer/featuredOfferExpectedPrice"
BATCHES = "/batches"
STOCK = "/fba/inventory/v1/summaries"
FEES_AT_ONCE = 20
SUMMARIES_AT_ONCE = 20
EXPECTED_AT_ONCE = 40


class AmazonPrices:
    """Prices, fees and warehouse stock as one seller account may read them."""

    def __init__(self, connection: AmazonConnection) -> None:
        """Use a connection."""
        self._connection = connection
        self._here = connection.marketplace.marketplace_id

    def fetch_fees(self, prices: Mapping[str, Money], *, by_sku: bool = False) -> dict[str, FeeEstimate]:
        """Return Amazon's estimate of its fees for one unit of each ASIN (or SKU) at a price, shipped by us.

        An estimate by SKU uses the size that Amazon measured, one by ASIN the size in its catalogue. What Amazon
        cannot estimate is left out. Prices must be in the store's currency.

        Raises:
            OutletRefusedError: Amazon refuses the whole question.
            ConnectionError: no answer.
        """
        kind = "SellerSKU" if by_sku else "ASIN"
        found: dict[str, FeeEstimate] = {}
        for part in _batches(list(prices), FEES_AT_ONCE):
            questions = [self._fee_question(kind, name, prices[name]) for name in part]
            answer = self._ask("getMyFeesEstimates", FEES, questions)
            if not answer.is_good:
                raise refusal_of(answer, "fee estimates")
            found |= parse_fee_estimates(answer.body)
        return found

    def fetch_competition(self, asins: Sequence[str]) -> dict[str, Competition]:
        """Return what buyers see of each product beside our offer; one that Amazon cannot answer for is left out.

        Raises:
            OutletRefusedError: Amazon refuses the whole question.
            ConnectionError: no answer.
        """
        inputs = [{"itemCondition": condition, "offerType": "Consumer"} for condition in ("New", "Used")]
        wanted = {
            "includedData": ["featuredBuyingOptions", "lowestPricedOffers", "referencePrices"],
            "lowestPricedOffersInputs": inputs,
        }
        found: dict[str, Competition] = {}
        for part in _batches(asins, SUMMARIES_AT_ONCE):
            requests = [{"asin": asin, **self._inner(SUMMARY), **wanted} for asin in part]
            answer = self._ask("getCompetitiveSummary", BATCHES + SUMMARY, {"requests": requests})
            found |= parse_competition(accepted(answer, "competitive summary"))
        return found

    def fetch_featured_prices(self, skus: Sequence[str]) -> dict[str, Money]:
        """Return the price at which each SKU of ours should be the featured offer; left out where there is none.

        Raises:
            OutletRefusedError: Amazon refuses the whole question.
            ConnectionError: no answer.
        """
        found: dict[str, Money] = {}
        for part in _batches(skus, EXPECTED_AT_ONCE):
            requests = [{"sku": sku, **self._inner(EXPECTED)} for sku in part]
            answer = self._ask("getFeaturedOfferExpectedPriceBatch", BATCHES + EXPECTED, {"requests": requests})
            found |= parse_featured_prices(accepted(answer, "featured-offer prices"))
        return found

    def fetch_warehouse_stock(self) -> list[WarehouseStock]:
        """Return what Amazon's own warehouses hold of ours.

        Raises:
            OutletRefusedError: Amazon refuses, also in an answer of status 200.
            ConnectionError: no answer.
        """
        query = {
            **self._connection.here,
            "granularityType": "Marketplace",
            "granularityId": self._here,
            "details": "true",
        }
        pages = fetch_pages(self._connection, "getInventorySummaries", STOCK, query, "nextToken")
        return [stock for page in pages for stock in parse_warehouse_stock(page)]

    def _inner(self, path: str) -> dict[str, str]:
        """Return what every request inside a batch says."""
        return {"marketplaceId": self._here, "method": "GET", "uri": path}

    def _fee_question(self, kind: str, name: str, price: Money) -> dict[str, Any]:
        asked = {"ListingPrice": {"CurrencyCode": price.currency, "Amount": wire_number(price)}}
        request = {
            "MarketplaceId": self._here,
            "IsAmazonFulfilled": False,
            "PriceToEstimateFees": asked,
            "Identifier": name,
        }
        return {"FeesEstimateRequest": request, "IdType": kind, "IdValue": name}

    def _ask(self, operation: str, path: str, body: Any) -> Answer:
        """Ask by POST; nothing is changed by it, so it may be repeated."""
        return self._connection.client.send(operation, "POST", path, json=body, idempotent=True)


def _batches(names: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    for start in range(0, len(names), size):
        yield names[start : start + size]
