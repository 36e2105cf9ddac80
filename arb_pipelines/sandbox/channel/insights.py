"""The search over sold items.

What belongs here: from a search to sales on the wire. The channel's schema has no place for the days a listing
took to sell, nor for the product's identifiers; those stand in fields whose names begin with `sandbox`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from arb_pipelines.sandbox.channel.amounts import amount
from arb_pipelines.sandbox.channel.errors import INSIGHTS
from arb_pipelines.sandbox.channel.search_request import SearchErrors, SearchRequest, page_of, read_range, read_search
from arb_pipelines.sandbox.channel.sold_history import CONDITION_IDS, CONDITION_NAMES, Sale, SoldHistory
from arb_pipelines.sandbox.timeline import format_utc

PATH = "/buy/marketplace_insights/v1_beta/item_sales/search"
ERRORS = SearchErrors(
    domain=INSIGHTS,
    nothing_asked=100001,
    offset=100002,
    limit=100003,
    too_deep=100021,
    sort=100006,
    filter_value=100011,
)


def search_sales(history: SoldHistory, query: Mapping[str, str], base_url: str) -> dict[str, Any]:
    """Answer a search over sold items, oldest sale first unless sorted by price.

    Raises:
        ChannelError: the search is not usable.
    """
    request = read_search(query, ERRORS)
    start, end = _period(request)
    wanted_conditions = request.values("conditionIds")
    sales = [
        (sold_at, sale)
        for sold_at, sale in history.between(start, end)
        if request.wants(sale.product) and (not wanted_conditions or CONDITION_IDS[sale.condition] in wanted_conditions)
    ]
    if request.sort:
        sales.sort(key=lambda pair: pair[1].price_minor, reverse=request.sort.startswith("-"))
    page, envelope = page_of(sales, request.limit, request.offset, base_url + PATH, request.query)
    return {**envelope, "itemSales": [_document(sold_at, sale, base_url) for sold_at, sale in page]}


def _period(request: SearchRequest) -> tuple[datetime | None, datetime | None]:
    text = request.filters.get("lastSoldDate")
    if text is None:
        return None, None
    try:
        return read_range(text)
    except ValueError as error:
        raise ERRORS.refuse(ERRORS.filter_value, "The lastSoldDate value is invalid.") from error


def _document(sold_at: datetime, sale: Sale, base_url: str) -> dict[str, Any]:
    product = sale.product
    item_id = f"v1|{sale.sale_id}|0"
    document: dict[str, Any] = {
        "itemId": item_id,
        "itemHref": f"{base_url}/buy/browse/v1/item/{item_id}",
        "title": product.title,
        "epid": product.epid,
        "categories": [{"categoryId": product.category_id}],
        "condition": CONDITION_NAMES[sale.condition],
        "conditionId": CONDITION_IDS[sale.condition],
        "buyingOptions": ["FIXED_PRICE"],
        "lastSoldDate": format_utc(sold_at),
        "lastSoldPrice": amount(sale.price_minor),
        "totalSoldQuantity": 1,
        "itemLocation": {"country": "US"},
        "seller": {"username": f"sandbox_seller_{product.index % 41}", "feedbackScore": 100 + product.index},
        "sandboxDaysOnMarket": sale.days_on_market,
        "sandboxGtin": product.gtin,
        "sandboxBrand": product.brand,
    }
    if product.mpn:
        document["sandboxMpn"] = product.mpn
    return document
