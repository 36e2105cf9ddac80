"""eBay as a place to buy: what the Browse API offers, as raw records.

What belongs here: searching, and reading a found item. eBay forbids reading its pages by machine, so this is the only
way in; ordering is left to a person (`adapters/checkout/assist.py`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from arb_pipelines.adapters.http.answers import UnreadableAnswerError
from arb_pipelines.adapters.http.client import ApiClient, quoted
from arb_pipelines.adapters.http.fields import (
    read_count,
    read_money,
    read_object,
    read_objects,
    read_optional_text,
    read_part,
    read_text,
)
from arb_pipelines.adapters.marketplaces.ebay.client import BROWSE, OUTLET, EbayConnection, accepted
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.raw_product import Availability, Evidence, RawProduct

PAGE = 200
DEEPEST = 10_000  # eBay shows no result beyond
METHOD = "ebay-browse"


@dataclass(frozen=True, slots=True)
class ItemSearch:
    """What to look for: words or a GTIN, and bounds. Prices are in `currency`; only fixed prices are looked for."""

    words: str | None = None
    gtin: str | None = None
    category_ids: Sequence[str] = ()
    condition_ids: Sequence[str] = ()
    lowest: Money | None = None
    highest: Money | None = None
    most: int = 200

    def query(self) -> dict[str, str]:
        """Return the query of a search.

        Raises:
            ValueError: there is nothing to look for, or the bounds have two currencies.
        """
        asked = {"q": self.words, "gtin": self.gtin, "category_ids": ",".join(self.category_ids)}
        found = {name: value for name, value in asked.items() if value}
        if not found:
            raise ValueError("a search needs words, a GTIN or a category")
        return {**found, "filter": ",".join(self._filters()), "sort": "newlyListed"}

    def _filters(self) -> Iterator[str]:
        yield "buyingOptions:{FIXED_PRICE}"
        if self.condition_ids:
            yield f"conditionIds:{{{'|'.join(self.condition_ids)}}}"
        bounds = [money for money in (self.lowest, self.highest) if money is not None]
        if len({money.currency for money in bounds}) > 1:
            raise ValueError("the bounds of a search are in two currencies")
        if bounds:
            low, high = (money.text if money else "" for money in (self.lowest, self.highest))
            yield f"price:[{low}..{high}]"
            yield f"priceCurrency:{bounds[0].currency}"


class EbaySource:
    """What others sell on eBay."""

    def __init__(self, connection: EbayConnection) -> None:
        """Search over a connection, as our application."""
        self._client: ApiClient = connection.application

    def search(self, search: ItemSearch, tick_id: str, now: datetime) -> list[RawProduct]:
        """Return what a search finds, newest first, at most `most`.

        Raises:
            OutletRefusedError: eBay refuses the search.
            ConnectionError: no answer.
            ValueError: the search is none, or the answer cannot be understood.
        """
        query, found = search.query(), dict[str, RawProduct]()
        for offset in range(0, min(search.most, DEEPEST), PAGE):
            limit = min(PAGE, search.most - offset)
            params = {**query, "limit": str(limit), "offset": str(offset)}
            answer = accepted(self._client.get("search", f"{BROWSE}/item_summary/search", params=params), "the search")
            body = answer.record("the search")
            items = read_objects(body, "itemSummaries", may_miss=True)
            if not items and read_count(body, "total") > offset:
                raise UnreadableAnswerError("the search was answered without the items it counts")
            found |= {item.url: item for item in (parse_item(each, tick_id, now) for each in items)}
            if not body.get("next"):
                break
        return list(found.values())

    def fetch_item(self, item_id: str, tick_id: str, now: datetime) -> RawProduct | None:
        """Return one item as it is now, with its stock; None where eBay knows it no more.

        Raises:
            OutletRefusedError: eBay refuses.
            ConnectionError: no answer.
            ValueError: the answer cannot be understood.
        """
        answer = self._client.get("getItem", f"{BROWSE}/item/{quoted(item_id)}")
        if answer.status == 404:
            return None
        return parse_item(accepted(answer, f"the item {item_id}").body, tick_id, now)


def parse_item(document: Any, tick_id: str, now: datetime) -> RawProduct:
    """Return the record of an item or of its summary; what eBay does not say is None.

    Raises:
        UnreadableAnswerError: a field is missing or wrong.
    """
    body = read_object(document, "the item")
    price = read_money(body["price"], "price") if body.get("price") is not None else None
    shipping = _shipping(body, price)
    pictures = [body.get("image"), *read_objects(body, "additionalImages", may_miss=True)]
    images = tuple(read_text(read_object(each, "image"), "imageUrl") for each in pictures if each is not None)
    categories = read_objects(body, "categories", may_miss=True)
    path = read_optional_text(body, "categoryPath")
    text = json.dumps(document, sort_keys=True, default=str)
    return RawProduct(
        site=OUTLET,
        url=read_text(body, "itemWebUrl").partition("?")[0],
        fetched_at=now,
        tick_id=tick_id,
        content_sha256=hashlib.sha256(text.encode(errors="replace")).hexdigest(),
        name=read_text(body, "title"),
        price=price.text if price else None,
        shipping=shipping.text if shipping else None,
        currency=price.currency if price else None,
        availability=_availability(body),
        condition=read_optional_text(body, "condition"),
        seller=read_optional_text(read_part(body, "seller"), "username"),
        sku=read_text(body, "itemId"),
        gtin=read_optional_text(body, "gtin"),
        mpn=read_optional_text(body, "mpn"),
        brand=read_optional_text(body, "brand"),
        category=path.replace("|", " > ") if path else (_name(categories[0]) if categories else None),
        image=images[0] if images else None,
        images=images,
        watchers=read_count(body, "watchCount") if body.get("watchCount") is not None else None,
        evidence={"price": (Evidence(METHOD, str(body.get("price")), "price"),)} if price else {},
    )


def _name(category: Mapping[str, Any]) -> str | None:
    return read_optional_text(category, "categoryName")


def _shipping(body: Mapping[str, Any], price: Money | None) -> Money | None:
    """Return the lowest stated cost of shipping; one that is calculated at checkout is not stated."""
    options = read_objects(body, "shippingOptions", may_miss=True)
    stated = [read_money(o["shippingCost"], "shippingCost") for o in options if o.get("shippingCost") is not None]
    same = [cost for cost in stated if price is not None and cost.currency == price.currency]
    return min(same, key=lambda cost: cost.minor) if same else None


def _availability(body: Mapping[str, Any]) -> Availability | None:
    """Return what the item says of its stock; a summary says nothing, and that it was found proves nothing."""
    found = {
        each.get("estimatedAvailabilityStatus") for each in read_objects(body, "estimatedAvailabilities", may_miss=True)
    }
    known = {
        "IN_STOCK": Availability.IN_STOCK,
        "LIMITED_STOCK": Availability.LIMITED,
        "OUT_OF_STOCK": Availability.OUT_OF_STOCK,
    }
    return known.get(str(found.pop())) if len(found) == 1 else None
