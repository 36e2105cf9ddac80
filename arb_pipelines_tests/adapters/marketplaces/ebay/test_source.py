"""eBay as a place to buy: what is asked, and that nothing is read into an item."""

from __future__ import annotations

from typing import Any

import pytest

from arb_pipelines.adapters.http.answers import UnreadableAnswerError
from arb_pipelines.adapters.marketplaces.ebay.source import EbaySource, parse_item, query_of
from arb_pipelines.domain.api_budget import BudgetRefusedError
from arb_pipelines.domain.outlet import OutletRefusedError
from arb_pipelines.domain.raw_product import Availability, RawProduct
from arb_pipelines.domain.saved_search import SavedSearch
from arb_pipelines_tests.adapters.marketplaces.ebay.stand import connect, free_budget
from arb_pipelines_tests.contracts.trade_records import usd
from arb_pipelines_tests.contracts.vendor_transport import ContractTransport
from arb_pipelines_tests.fakes.clock import START


def item(number: int = 1, **changes: Any) -> dict[str, Any]:
    shown = {
        "itemId": f"v1|{number}|0",
        "title": "A kettle",
        "itemWebUrl": f"https://www.ebay.example/itm/{number}?hash=x",
        "price": {"value": "19.99", "currency": "USD"},
        "condition": "Used",
        "shippingOptions": [
            {"shippingCostType": "FIXED", "shippingCost": {"value": "5.00", "currency": "USD"}},
            {"shippingCostType": "CALCULATED"},
        ],
        "image": {"imageUrl": "https://pictures.example/1.jpg"},
        "seller": {"username": "somebody"},
        "categories": [{"categoryId": "1", "categoryName": "Kettles"}],
    } | changes
    return {name: value for name, value in shown.items() if value is not None}


@pytest.fixture
def vendor() -> ContractTransport:
    return ContractTransport("ebay")


def test_what_a_search_asks(vendor: ContractTransport) -> None:
    """As our application, on our marketplace, fixed prices only."""
    vendor.reply("search", {"total": 1, "itemSummaries": [item()]})
    search = SavedSearch("kettle", gtin="4000", condition_ids=("1000", "3000"), lowest=usd(500), highest=usd(2_000))
    [found] = EbaySource(connect(vendor), free_budget()).search(search, "tick", START)
    asked = vendor.exchanges[-1]
    assert asked.values["filter"] == (
        "buyingOptions:{FIXED_PRICE},conditionIds:{1000|3000},price:[5.00..20.00],priceCurrency:USD"
    )
    assert (asked.values["q"], asked.values["gtin"]) == ("kettle", "4000")
    assert asked.request.headers["X-EBAY-C-MARKETPLACE-ID"] == "EBAY_US"
    assert vendor.bodies("oauthToken")[0]["grant_type"] == "client_credentials"
    assert (found.price, found.shipping, found.currency) == ("19.99", "5.00", "USD")
    assert (found.url, found.site, found.sku) == ("https://www.ebay.example/itm/1", "ebay", "v1|1|0")
    assert found.seller is None  # of private persons no profile is kept
    assert found.availability is None  # that it was found does not say that it is in stock


def test_what_is_not_said_is_none(vendor: ContractTransport) -> None:
    """No price, no shipping, no stock."""
    found = parse_item(item(price=None, shippingOptions=None, image=None, seller=None, categories=None), "t", START)
    assert (found.price, found.currency, found.shipping, found.image, found.seller) == (None,) * 5
    other = [{"shippingCost": {"value": "5.00", "currency": "EUR"}}]
    assert parse_item(item(shippingOptions=other), "t", START).shipping is None


@pytest.mark.parametrize(
    "statuses, availability",
    [
        (["IN_STOCK"], Availability.IN_STOCK),
        (["LIMITED_STOCK"], Availability.LIMITED),
        (["OUT_OF_STOCK"], Availability.OUT_OF_STOCK),
        (["IN_STOCK", "OUT_OF_STOCK"], None),
        (["SOON"], None),
    ],
)
def test_the_stock_of_an_item(
    vendor: ContractTransport, statuses: list[str], availability: Availability | None
) -> None:
    """Only where it is said in one voice."""
    shown = item(categories=None, categoryPath="Home|Kettles", gtin="400") | {
        "estimatedAvailabilities": [{"estimatedAvailabilityStatus": status} for status in statuses]
    }
    vendor.reply("getItem", shown)
    found = EbaySource(connect(vendor), free_budget()).fetch_item("v1|1|0", "t", START)
    assert isinstance(found, RawProduct)
    assert (found.availability, found.category, found.gtin) == (availability, "Home > Kettles", "400")


def test_an_item_that_is_gone(vendor: ContractTransport) -> None:
    """Is none; a refusal is another thing."""
    vendor.reply("getItem", {"errors": [{"errorId": 11001}]}, status=404)
    assert EbaySource(connect(vendor), free_budget()).fetch_item("v1|1|0", "t", START) is None
    vendor.reply("getItem", {"errors": [{"errorId": 11002}]}, status=403)
    with pytest.raises(OutletRefusedError, match="403"):
        EbaySource(connect(vendor), free_budget()).fetch_item("v1|1|0", "t", START)


def test_pages_up_to_what_was_asked(vendor: ContractTransport) -> None:
    """And no item twice."""
    more = {"total": 500, "next": "https://api.ebay.com/more"}
    for numbers in (range(200), range(150, 250)):
        vendor.reply_next("search", {**more, "itemSummaries": [item(number) for number in numbers]})
    assert len(EbaySource(connect(vendor), free_budget()).search(SavedSearch("kettle", most=300), "t", START)) == 250
    assert [exchange.values["limit"] for exchange in vendor.exchanges[1:]] == ["200", "100"]


def test_nothing_found_and_nothing_said_differ(vendor: ContractTransport) -> None:
    """eBay counts what it found."""
    vendor.reply("search", {"total": 0})
    assert EbaySource(connect(vendor), free_budget()).search(SavedSearch("kettle"), "t", START) == []
    for body in ({"total": 3}, {}):
        vendor.reply("search", body)
        with pytest.raises(UnreadableAnswerError):
            EbaySource(connect(vendor), free_budget()).search(SavedSearch("kettle"), "t", START)


def test_a_search_for_nothing() -> None:
    """Is none."""
    with pytest.raises(ValueError, match="words, a GTIN or a category"):
        query_of(SavedSearch())
    with pytest.raises(ValueError, match="two currencies"):
        query_of(SavedSearch("x", lowest=usd(1), highest=usd(2).zero("EUR")))


def test_where_it_lies_where_it_goes_and_whose_it_is_not(vendor: ContractTransport) -> None:
    """Country, the place that shipping is counted to, and sellers who are left out."""
    vendor.reply("search", {"total": 0})
    source = EbaySource(connect(vendor), free_budget(), deliver_to=("US", "19406"), left_out=("us", "them"))
    source.search(SavedSearch("kettle", country="GB"), "tick", START)
    asked = vendor.exchanges[-1]
    assert asked.values["filter"] == "buyingOptions:{FIXED_PRICE},itemLocationCountry:GB,excludeSellers:{us|them}"
    assert asked.request.headers["X-EBAY-C-ENDUSERCTX"] == "contextualLocation=country%3DUS%2Czip%3D19406"


def test_every_call_is_reserved_first(vendor: ContractTransport) -> None:
    """Without room nothing is asked; a busy eBay is asked once and the call counts."""
    vendor.reply("getItem", item(categories=None))
    source = EbaySource(connect(vendor), free_budget(most_a_day=2))
    source.fetch_item("v1|1|0", "t", START)
    vendor.reply("getItem", {}, status=503)
    with pytest.raises(ConnectionError):
        source.fetch_item("v1|1|0", "t", START)
    asked = len(vendor.exchanges)
    with pytest.raises(BudgetRefusedError, match="2 of 2 calls used"):
        source.fetch_item("v1|1|0", "t", START)
    assert len(vendor.exchanges) == asked
