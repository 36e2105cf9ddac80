"""Amazon's JSON of the catalogue, restrictions, prices, fees and its own warehouse to plain values.

What belongs here: reading one document each, strictly. Where Amazon says of one item in a batch that it cannot
answer, that item is left out; nothing is filled in for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from arb_pipelines.adapters.http.answers import UnreadableAnswerError
from arb_pipelines.adapters.http.fields import (
    read_count,
    read_object,
    read_objects,
    read_optional_text,
    read_part,
    read_text,
    sum_money,
)
from arb_pipelines.adapters.marketplaces.amazon.parse import read_amazon_money
from arb_pipelines.domain.eligibility import Permission
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.product import normal_gtin

REASONS = {"APPROVAL_REQUIRED": Permission.APPROVAL_REQUIRED, "NOT_ELIGIBLE": Permission.NOT_ELIGIBLE}
NO_SUCH_PRODUCT = "ASIN_NOT_FOUND"
GOOD_RESULT = "VALID_FOEP"  # a featured-offer expected price that may be used


@dataclass(frozen=True, slots=True)
class CatalogueItem:
    """A product page. `gtins` are the GTIN-14 that Amazon knows it by; `product_type` is None where it is not said."""

    asin: str
    title: str | None
    brand: str | None
    product_type: str | None
    gtins: frozenset[str]


@dataclass(frozen=True, slots=True)
class FeeEstimate:
    """What Amazon would charge for one sale; an estimate that it does not guarantee."""

    total: Money
    parts: tuple[tuple[str, Money], ...]


@dataclass(frozen=True, slots=True)
class Competition:
    """What buyers see beside our offer, each price with its shipping.

    `featured` is the lowest featured offer over all groups of buyers. `lowest` is by Amazon's condition (New, Used).
    `threshold` is what a price must not pass to be featured at all. None where Amazon does not say.
    """

    asin: str
    featured: Money | None
    featured_seller: str | None
    lowest: tuple[tuple[str, Money], ...]
    threshold: Money | None


@dataclass(frozen=True, slots=True)
class WarehouseStock:
    """What Amazon's warehouses hold of a SKU of ours; a number is None where it was not told."""

    sku: str
    asin: str | None
    total: int | None
    fulfillable: int | None
    inbound: int | None
    reserved: int | None
    unfulfillable: int | None


def parse_catalogue(body: Mapping[str, Any], marketplace_id: str) -> list[CatalogueItem]:
    """Return the products of one page of a catalogue search.

    Raises:
        UnreadableAnswerError: a field is missing or wrong.
    """
    return [_catalogue_item(item, marketplace_id) for item in read_objects(body, "items")]


def next_token(body: Mapping[str, Any]) -> str | None:
    """Return the token of the next page, None on the last one.

    Raises:
        UnreadableAnswerError: the token is no text.
    """
    return read_optional_text(read_part(body, "pagination"), "nextToken")


def parse_restrictions(body: Mapping[str, Any], condition: str, marketplace_id: str) -> Permission:
    """Return whether we may sell a product in a condition; unknown where Amazon does not know the product.

    A restriction without a reason that we know is one all the same; of several the strictest counts.

    Raises:
        UnreadableAnswerError: a field is missing or wrong.
    """
    found: set[Permission] = set()
    unknown = False
    for restriction in read_objects(body, "restrictions"):
        if read_text(restriction, "marketplaceId") != marketplace_id:
            continue
        if (read_optional_text(restriction, "conditionType") or condition) != condition:
            continue
        codes = [reason.get("reasonCode") for reason in read_objects(restriction, "reasons", may_miss=True)] or [None]
        unknown = unknown or NO_SUCH_PRODUCT in codes
        found |= {REASONS.get(str(code), Permission.NOT_ELIGIBLE) for code in codes if code != NO_SUCH_PRODUCT}
    if Permission.NOT_ELIGIBLE in found:
        return Permission.NOT_ELIGIBLE
    if found:
        return Permission.APPROVAL_REQUIRED
    return Permission.UNKNOWN if unknown else Permission.ALLOWED


def parse_fee_estimates(results: Any) -> dict[str, FeeEstimate]:
    """Return the fees by the identifier that we gave each question; one that failed is left out.

    Raises:
        UnreadableAnswerError: a field is missing or wrong.
    """
    if not isinstance(results, list):
        raise UnreadableAnswerError("the fee estimates are not a list")
    found: dict[str, FeeEstimate] = {}
    for each in results:
        result = read_object(each, "the fee estimate")
        if result.get("Status") != "Success":
            continue
        estimate = read_part(result, "FeesEstimate")
        key = read_text(read_part(result, "FeesEstimateIdentifier"), "SellerInputIdentifier")
        total = read_amazon_money(estimate.get("TotalFeesEstimate"), "TotalFeesEstimate")
        parts = [
            (read_text(part, "FeeType"), read_amazon_money(part.get("FinalFee"), "FinalFee"))
            for part in read_objects(estimate, "FeeDetailList", may_miss=True)
        ]
        found[key] = FeeEstimate(total, tuple(parts))
    return found


def parse_competition(body: Mapping[str, Any]) -> dict[str, Competition]:
    """Return the competition by ASIN; a product that Amazon could not answer for is left out.

    Raises:
        UnreadableAnswerError: a field is missing or wrong.
    """
    found = {}
    for summary in _good_bodies(body):
        competition = _competition(summary)
        found[competition.asin] = competition
    return found


def parse_featured_prices(body: Mapping[str, Any]) -> dict[str, Money]:
    """Return by SKU the price at which our offer should be the featured one; left out where Amazon has none.

    Raises:
        UnreadableAnswerError: a field is missing or wrong.
    """
    found: dict[str, Money] = {}
    for answer in _good_bodies(body):
        sku = read_text(read_part(answer, "offerIdentifier"), "sku")
        for result in read_objects(answer, "featuredOfferExpectedPriceResults", may_miss=True):
            if result.get("resultStatus") == GOOD_RESULT:
                price = read_part(result, "featuredOfferExpectedPrice").get("listingPrice")
                found[sku] = read_amazon_money(price, "listingPrice")
    return found


def parse_warehouse_stock(body: Mapping[str, Any]) -> list[WarehouseStock]:
    """Return one page of what Amazon's warehouses hold.

    Raises:
        UnreadableAnswerError: a field is missing or wrong.
    """
    payload = read_object(body.get("payload"), "the payload")
    return [_warehouse_stock(summary) for summary in read_objects(payload, "inventorySummaries")]


def _catalogue_item(item: Mapping[str, Any], marketplace_id: str) -> CatalogueItem:
    summary = _here(item, "summaries", marketplace_id)
    numbers = read_objects(_here(item, "identifiers", marketplace_id), "identifiers", may_miss=True)
    gtins = {normal_gtin(read_text(number, "identifier")) for number in numbers}
    return CatalogueItem(
        asin=read_text(item, "asin"),
        title=read_optional_text(summary, "itemName"),
        brand=read_optional_text(summary, "brand"),
        product_type=read_optional_text(_here(item, "productTypes", marketplace_id), "productType"),
        gtins=frozenset(gtin for gtin in gtins if gtin is not None),
    )


def _here(item: Mapping[str, Any], name: str, marketplace_id: str) -> Mapping[str, Any]:
    """Return what is said for our store, an empty document where nothing is."""
    parts = read_objects(item, name, may_miss=True)
    return next((part for part in parts if part.get("marketplaceId") == marketplace_id), {})


def _good_bodies(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the bodies of the answers in a batch that are good; each has a status of its own."""
    found = []
    for answer in read_objects(body, "responses"):
        inner = read_object(answer.get("body"), "the body of an answer")
        status = read_count(read_part(answer, "status"), "statusCode")
        if 200 <= status < 300 and not inner.get("errors"):
            found.append(inner)
    return found


def _competition(body: Mapping[str, Any]) -> Competition:
    featured = [
        (_landed(offer), read_text(offer, "sellerId"))
        for option in read_objects(body, "featuredBuyingOptions", may_miss=True)
        for offer in read_objects(option, "segmentedFeaturedOffers")
    ]
    best = min(featured, key=lambda each: each[0].minor, default=(None, None))
    lowest = []
    for group in read_objects(body, "lowestPricedOffers", may_miss=True):
        prices = [_landed(offer) for offer in read_objects(group, "offers")]
        condition = read_text(read_part(group, "lowestPricedOffersInput"), "itemCondition")
        lowest += [(condition, min(prices, key=lambda price: price.minor))] if prices else []
    named = {read_text(each, "name"): each for each in read_objects(body, "referencePrices", may_miss=True)}
    threshold = named.get("CompetitivePriceThreshold")
    return Competition(
        asin=read_text(body, "asin"),
        featured=best[0],
        featured_seller=best[1],
        lowest=tuple(lowest),
        threshold=None if threshold is None else read_amazon_money(threshold.get("price"), "price"),
    )


def _landed(offer: Mapping[str, Any]) -> Money:
    """Return an offer's price with the shipping that everybody pays."""
    price = read_amazon_money(offer.get("listingPrice"), "listingPrice")
    for option in read_objects(offer, "shippingOptions", may_miss=True):
        if option.get("shippingOptionType") == "DEFAULT":
            return sum_money([price, read_amazon_money(option.get("price"), "shipping")], price.currency)
    return price


def _warehouse_stock(summary: Mapping[str, Any]) -> WarehouseStock:
    details = read_part(summary, "inventoryDetails")
    inbound = ("inboundWorkingQuantity", "inboundShippedQuantity", "inboundReceivingQuantity")
    return WarehouseStock(
        sku=read_text(summary, "sellerSku"),
        asin=read_optional_text(summary, "asin"),
        total=_count(summary, "totalQuantity"),
        fulfillable=_count(details, "fulfillableQuantity"),
        inbound=_sum([_count(details, name) for name in inbound]),
        reserved=_count(read_part(details, "reservedQuantity"), "totalReservedQuantity"),
        unfulfillable=_count(read_part(details, "unfulfillableQuantity"), "totalUnfulfillableQuantity"),
    )


def _count(body: Mapping[str, Any], name: str) -> int | None:
    return None if body.get(name) is None else read_count(body, name)


def _sum(counts: Sequence[int | None]) -> int | None:
    """Return a sum, None as soon as one part is not known."""
    return sum(count for count in counts if count is not None) if None not in counts else None
