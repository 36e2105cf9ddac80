"""The search over items that are offered now: our competitors' and our own.

What belongs here: which offers others have, and how a search shows them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import floor
from typing import Any

from arb_pipelines.sandbox.catalogue import Product
from arb_pipelines.sandbox.channel.account import MARKETPLACE, SELLER
from arb_pipelines.sandbox.channel.amounts import amount
from arb_pipelines.sandbox.channel.buyers import product_of
from arb_pipelines.sandbox.channel.errors import BROWSE
from arb_pipelines.sandbox.channel.offers import LiveListing, listing_text
from arb_pipelines.sandbox.channel.search_request import SearchErrors, page_of, read_search
from arb_pipelines.sandbox.channel.sold_history import CONDITION_IDS, CONDITION_NAMES
from arb_pipelines.sandbox.draws import draw_between, draw_int
from arb_pipelines.sandbox.world import World

PATH = "/buy/browse/v1/item_summary/search"
ERRORS = SearchErrors(
    domain=BROWSE, nothing_asked=12001, offset=12005, limit=12006, too_deep=12029, sort=12008, filter_value=12002
)
PRICE_SPELL_H = 240
OTHER_CONDITION_ID = "3000"


@dataclass(frozen=True, slots=True)
class OfferedItem:
    """An item on offer at the channel, ours or a competitor's."""

    item_number: str
    product: Product
    title: str
    price_minor: int
    condition: str
    seller: str


def search_items(world: World, ours: Sequence[LiveListing], query: Mapping[str, str], base_url: str) -> dict[str, Any]:
    """Answer a search over offered items, cheapest first.

    Raises:
        ChannelError: the search is not usable.
    """
    request = read_search(query, ERRORS)
    wanted_conditions = request.values("conditionIds")
    items = [
        item
        for item in (*_competing(world), *_our_own(world, ours))
        if request.wants(item.product) and (not wanted_conditions or _condition_id(item) in wanted_conditions)
    ]
    items.sort(key=lambda item: (item.price_minor, item.item_number), reverse=request.sort == "-price")
    page, envelope = page_of(items, request.limit, request.offset, base_url + PATH, request.query)
    return {**envelope, "itemSummaries": [_document(item, base_url) for item in page]}


def _competing(world: World) -> Iterator[OfferedItem]:
    spell = floor(world.now_h() / PRICE_SPELL_H)
    for product in world.products:
        for rival in range(2 + draw_int(world.seed, "rivals", product.index) % 4):
            key = (world.seed, "rival", product.index, rival)
            condition = "NEW" if draw_int(*key, "condition") % 5 else "USED_VERY_GOOD"
            value = world.market_value_usd(product, float(spell * PRICE_SPELL_H), condition)
            yield OfferedItem(
                item_number=f"{product.epid}{rival:02d}",
                product=product,
                title=product.title,
                price_minor=round(value * draw_between(0.96, 1.28, *key, spell) * 100),
                condition=condition,
                seller=f"sandbox_seller_{draw_int(*key, 'name') % 41}",
            )


def _our_own(world: World, listings: Sequence[LiveListing]) -> Iterator[OfferedItem]:
    for listing in listings:
        product = product_of(world, listing.item)
        if product is not None and listing.quantity > 0:
            yield OfferedItem(
                item_number=listing_text(listing.listing_id),
                product=product,
                title=listing.item["product"]["title"],
                price_minor=listing.price_minor,
                condition=listing.item["condition"],
                seller=SELLER,
            )


def _condition_id(item: OfferedItem) -> str:
    return CONDITION_IDS.get(item.condition, OTHER_CONDITION_ID)


def _document(item: OfferedItem, base_url: str) -> dict[str, Any]:
    item_id = f"v1|{item.item_number}|0"
    return {
        "itemId": item_id,
        "legacyItemId": item.item_number,
        "itemHref": f"{base_url}/buy/browse/v1/item/{item_id}",
        "title": item.title,
        "epid": item.product.epid,
        "leafCategoryIds": [item.product.category_id],
        "categories": [{"categoryId": item.product.category_id, "categoryName": item.product.category}],
        "price": amount(item.price_minor),
        "condition": CONDITION_NAMES.get(item.condition, "Used"),
        "conditionId": _condition_id(item),
        "buyingOptions": ["FIXED_PRICE"],
        "seller": {"username": item.seller, "feedbackPercentage": "99.1", "feedbackScore": 240},
        "shippingOptions": [{"shippingCostType": "FIXED", "shippingCost": amount(0)}],
        "itemLocation": {"country": "US"},
        "listingMarketplaceId": MARKETPLACE,
    }
