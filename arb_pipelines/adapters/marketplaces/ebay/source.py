"""eBay as a place to buy: what the Browse API offers, as raw records.

What belongs here: searching, and reading a found item. eBay forbids reading its pages by machine, so this is the only
way in; ordering is left to a person (`adapters/checkout/assist.py`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

from arb_pipelines.adapters.http.answers import Answer, NoAnswerError, NotSentError, UnreadableAnswerError
from arb_pipelines.adapters.http.client import ApiClient, quoted
from arb_pipelines.adapters.http.fields import (
    read_count,
    read_money,
    read_object,
    read_objects,
    read_optional_text,
    read_text,
)
from arb_pipelines.adapters.marketplaces.ebay.client import BROWSE, OUTLET, EbayConnection, accepted
from arb_pipelines.domain.api_budget import Budget
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.raw_product import Availability, Evidence, RawProduct
from arb_pipelines.domain.saved_search import SavedSearch

PAGE = 200
DEEPEST = 10_000  # eBay shows no result beyond
METHOD = "ebay-browse"
API = "ebay_browse"  # in the file of budgets
PLACE_HEADER = "X-EBAY-C-ENDUSERCTX"


def query_of(search: SavedSearch, left_out: Sequence[str] = ()) -> dict[str, str]:
    """Return the query of a search, without the offers of the sellers in `left_out`.

    Raises:
        ValueError: there is nothing to look for, or the bounds have two currencies.
    """
    asked = {"q": search.words, "gtin": search.gtin, "category_ids": ",".join(search.category_ids)}
    found = {name: value for name, value in asked.items() if value}
    if not found:
        raise ValueError("a search needs words, a GTIN or a category")
    return {**found, "filter": ",".join(_filters(search, left_out)), "sort": "newlyListed"}


def _filters(search: SavedSearch, left_out: Sequence[str]) -> Iterator[str]:
    yield "buyingOptions:{FIXED_PRICE}"
    if search.condition_ids:
        yield f"conditionIds:{{{'|'.join(search.condition_ids)}}}"
    if search.country:
        yield f"itemLocationCountry:{search.country}"
    if left_out:
        yield f"excludeSellers:{{{'|'.join(left_out)}}}"
    bounds = [money for money in (search.lowest, search.highest) if money is not None]
    if len({money.currency for money in bounds}) > 1:
        raise ValueError("the bounds of a search are in two currencies")
    if bounds:
        low, high = (money.text if money else "" for money in (search.lowest, search.highest))
        yield f"price:[{low}..{high}]"
        yield f"priceCurrency:{bounds[0].currency}"


class EbaySource:
    """What others sell on eBay."""

    site = OUTLET

    def __init__(
        self,
        connection: EbayConnection,
        budget: Budget,
        *,
        deliver_to: tuple[str, str] | None = None,
        left_out: Sequence[str] = (),
    ) -> None:
        """Search over a connection, as our application.

        Args:
            connection: our application's.
            budget: every call is reserved in it first.
            deliver_to: country and postal code; without them eBay states only flat shipping costs.
            left_out: sellers whose offers are not looked for, our own among them.
        """
        context = "" if deliver_to is None else f"country={deliver_to[0]},zip={deliver_to[1]}"
        headers = {PLACE_HEADER: f"contextualLocation={quote(context, safe='')}"} if context else {}
        self._connection = connection
        self._client: ApiClient = connection.application.at(headers=headers)
        self._budget = budget
        self._left_out = tuple(left_out)

    def __repr__(self) -> str:
        """Return the class name alone."""
        return "EbaySource()"

    def close(self) -> None:
        """Close the connections."""
        self._connection.close()

    def search(self, search: SavedSearch, tick_id: str, now: datetime) -> list[RawProduct]:
        """Return what a search finds, newest first, at most `most`.

        Raises:
            BudgetRefusedError: the budget has no room.
            OutletRefusedError: eBay refuses the search.
            ConnectionError: no answer.
            ValueError: the search is none, or the answer cannot be understood.
        """
        query, found = query_of(search, self._left_out), dict[str, RawProduct]()
        for offset in range(0, min(search.most, DEEPEST), PAGE):
            limit = min(PAGE, search.most - offset)
            params = {**query, "limit": str(limit), "offset": str(offset)}
            answer = accepted(self._ask("search", f"{BROWSE}/item_summary/search", params), "the search")
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
            BudgetRefusedError: the budget has no room.
            OutletRefusedError: eBay refuses.
            ConnectionError: no answer.
            ValueError: the answer cannot be understood.
        """
        answer = self._ask("getItem", f"{BROWSE}/item/{quoted(item_id)}")
        if answer.status == 404:
            return None
        return parse_item(accepted(answer, f"the item {item_id}").body, tick_id, now)

    def _ask(self, operation: str, path: str, params: Mapping[str, str] | None = None) -> Answer:
        """Send once: a repetition would be a call that no one reserved; the next run asks again."""
        charge = self._budget.reserve(API, operation, 1)
        try:
            answer = self._client.send(operation, "GET", path, params=params)
        except NotSentError:
            self._budget.release(charge)
            raise
        except (NoAnswerError, UnreadableAnswerError):
            self._budget.settle(charge, None)
            raise
        self._budget.settle(charge, None)
        return answer


def parse_item(document: Any, tick_id: str, now: datetime) -> RawProduct:
    """Return the record of an item or of its summary; what eBay does not say is None.

    The seller's name is left out: many are private persons, and no profile of them is kept.

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
