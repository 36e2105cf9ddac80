"""Which product pages Amazon has for a GTIN, and whether we may sell there: asked before buying and before listing.

What belongs here: the calls. A GTIN that several pages answer to names no product; nobody picks one by its title.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from arb_pipelines.adapters.http.answers import UnreadableAnswerError
from arb_pipelines.adapters.marketplaces.amazon.client import AmazonConnection, accepted
from arb_pipelines.adapters.marketplaces.amazon.parse_products import (
    CatalogueItem,
    next_token,
    parse_catalogue,
    parse_restrictions,
)
from arb_pipelines.domain.condition import Condition, to_amazon
from arb_pipelines.domain.eligibility import Permission
from arb_pipelines.domain.outlet import OutletRefusedError
from arb_pipelines.domain.product import normal_gtin

CATALOGUE = "/catalog/2022-04-01/items"
RESTRICTIONS = "/listings/2021-08-01/restrictions"
INCLUDED = "identifiers,productTypes,summaries"
MOST_PAGES = 50


class AmazonCatalogue:
    """Amazon's product pages as one seller account may use them."""

    def __init__(self, connection: AmazonConnection) -> None:
        """Use a connection."""
        self._connection = connection

    def fetch_items(self, gtin: str) -> list[CatalogueItem]:
        """Return the pages that Amazon itself knows by a GTIN; a book also by its ISBN.

        Raises:
            OutletRefusedError: this is no GTIN, or Amazon refuses the question.
            ConnectionError: no answer.
        """
        wanted = normal_gtin(gtin)
        if wanted is None:
            raise OutletRefusedError("gtin_invalid", f"{gtin!r} is no GTIN")
        kind, number = identifier_of(wanted)
        query = {**self._connection.here, "identifiers": number, "identifiersType": kind, "includedData": INCLUDED}
        store = self._connection.marketplace.marketplace_id
        pages = fetch_pages(self._connection, "searchCatalogItems", CATALOGUE, query, "pageToken")
        found = [item for page in pages for item in parse_catalogue(page, store)]
        return [item for item in found if wanted in item.gtins]

    def fetch_item(self, gtin: str) -> CatalogueItem:
        """Return the one page of a GTIN.

        Raises:
            OutletRefusedError: there is none or there are several.
            ConnectionError: no answer.
        """
        found = self.fetch_items(gtin)
        if not found:
            raise OutletRefusedError("not_in_catalogue", f"Amazon has no product page for GTIN {gtin}")
        if len(found) > 1:
            asins = ", ".join(sorted(item.asin for item in found))
            raise OutletRefusedError("product_ambiguous", f"GTIN {gtin} stands on {len(found)} pages: {asins}")
        return found[0]

    def fetch_restrictions(self, asin: str, condition: str) -> Permission:
        """Return whether we may sell a page's product in one of Amazon's conditions.

        Raises:
            OutletRefusedError: Amazon refuses the question.
            ConnectionError: no answer.
        """
        query = {
            **self._connection.here,
            "asin": asin,
            "conditionType": condition,
            "sellerId": self._connection.seller_id,
        }
        answer = self._connection.client.get("getListingsRestrictions", RESTRICTIONS, params=query)
        body = accepted(answer, f"restrictions of {asin}")
        return parse_restrictions(body, condition, self._connection.marketplace.marketplace_id)

    def fetch_permission(self, gtin: str, condition: str) -> Permission:
        """Return whether we may sell a product in a condition of ours.

        Unknown, which is never yes, is what Amazon has no page, several pages or no condition for, and what it does
        not know itself.

        Raises:
            OutletRefusedError: Amazon refuses the question.
            ConnectionError: no answer.
        """
        try:
            word = to_amazon(Condition(condition))
        except ValueError:
            return Permission.UNKNOWN
        items = self.fetch_items(gtin) if word is not None else []
        if word is None or len(items) != 1:
            return Permission.UNKNOWN
        return self.fetch_restrictions(items[0].asin, word.value)


def identifier_of(gtin: str) -> tuple[str, str]:
    """Return Amazon's kind and writing of a GTIN-14: ISBN, UPC, EAN or GTIN."""
    if gtin.startswith(("0978", "0979")) and not gtin.startswith("09790"):
        return "ISBN", gtin[1:]
    if gtin.startswith("00"):
        return "UPC", gtin[2:]
    return ("EAN", gtin[1:]) if gtin.startswith("0") else ("GTIN", gtin)


def fetch_pages(
    connection: AmazonConnection,
    operation: str,
    path: str,
    query: Mapping[str, str],
    token_name: str,
    token_of: Callable[[Mapping[str, Any]], str | None] = next_token,
) -> Iterator[Mapping[str, Any]]:
    """Yield the pages of a list; an empty page with a token is not the last one. `token_of` finds it in a page.

    Raises:
        OutletRefusedError: Amazon refuses.
        UnreadableAnswerError: the pages go round in a circle or never end.
        ConnectionError: no answer.
    """
    asked, token = set[str](), None
    for _ in range(MOST_PAGES):
        params = dict(query) if token is None else {**query, token_name: token}
        page = accepted(connection.client.get(operation, path, params=params), operation)
        yield page
        token = token_of(page)
        if token is None:
            return
        if token in asked:
            raise UnreadableAnswerError(f"the pages of {operation} go round in a circle")
        asked.add(token)
    raise UnreadableAnswerError(f"{operation} has more than {MOST_PAGES} pages: ask for less at once")
