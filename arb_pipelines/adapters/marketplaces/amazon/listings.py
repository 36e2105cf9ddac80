"""The listings of one seller account at Amazon: found, previewed, put, patched, deleted.

What belongs here: the five calls and what a submission's status means. Which of them when is `seller.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from arb_pipelines.adapters.http.answers import NoAnswerError, UnreadableAnswerError
from arb_pipelines.adapters.http.client import quoted
from arb_pipelines.adapters.http.fields import read_objects
from arb_pipelines.adapters.marketplaces.amazon.catalogue import fetch_pages
from arb_pipelines.adapters.marketplaces.amazon.client import AmazonConnection, accepted
from arb_pipelines.adapters.marketplaces.amazon.listing_document import replacing
from arb_pipelines.adapters.marketplaces.amazon.parse import (
    Issue,
    OwnListing,
    Submission,
    parse_listing,
    parse_submission,
)
from arb_pipelines.domain.outlet import OutletRefusedError

LISTINGS = "/listings/2021-08-01/items"
LISTING_DATA = "summaries,offers,fulfillmentAvailability,issues,productTypes"
SKUS_AT_ONCE = 20
PREVIEW = {"mode": "VALIDATION_PREVIEW", "includedData": "identifiers,issues"}


class AmazonListings:
    """Our listings at one store. Every method raises `OutletRefusedError` or `ConnectionError`, see `client.py`."""

    def __init__(self, connection: AmazonConnection) -> None:
        """Use a connection."""
        self._connection = connection
        self._client = connection.client
        self._store = connection.marketplace.marketplace_id

    def find(self, sku: str) -> OwnListing | None:
        """Return a SKU of ours as it stands, None where Amazon has none."""
        query = {**self._connection.here, "includedData": LISTING_DATA}
        answer = self._client.get("getListingsItem", self._path(sku), params=query)
        if answer.status == 404:
            return None
        found = parse_listing(accepted(answer, f"listing of {sku}"), self._store)
        if found.sku != sku:
            raise UnreadableAnswerError(f"the listing of {sku} was answered with another SKU")
        return found

    def search(self, skus: Sequence[str]) -> list[OwnListing]:
        """Return those of the SKUs that Amazon has, as they stand."""
        path, found = f"{LISTINGS}/{quoted(self._connection.seller_id)}", []
        for start in range(0, len(skus), SKUS_AT_ONCE):
            part = skus[start : start + SKUS_AT_ONCE]
            query = {
                **self._connection.here,
                "identifiersType": "SKU",
                "identifiers": ",".join(part),
                "includedData": "summaries,offers",
                "pageSize": str(SKUS_AT_ONCE),
            }
            pages = fetch_pages(self._connection, "searchListingsItems", path, query, "pageToken")
            found += [parse_listing(item, self._store) for page in pages for item in read_objects(page, "items")]
        return [listing for listing in found if listing.sku in skus]

    def preview(self, sku: str, document: Mapping[str, Any]) -> Submission:
        """Return what Amazon would make of a new listing; nothing is changed by it."""
        return self._put(sku, document, PREVIEW, "VALID")

    def put(self, sku: str, document: Mapping[str, Any]) -> Submission:
        """Put a listing up, sending it once: sent again later it could bring back a unit that was sold meanwhile."""
        return self._put(sku, document, {"includedData": "issues"}, "ACCEPTED")

    def patch(
        self, found: OwnListing, attribute: str, value: list[dict[str, Any]], *, idempotent: bool = False
    ) -> Submission:
        """Replace one attribute of a listing."""
        if found.product_type is None:
            raise NoAnswerError(f"Amazon still works on {found.sku}; ask again later")
        answer = self._client.send(
            "patchListingsItem",
            "PATCH",
            self._path(found.sku),
            json=replacing(found.product_type, attribute, value),
            params={**self._connection.here, "includedData": "issues"},
            idempotent=idempotent,
        )
        return self._taken(accepted(answer, f"{attribute} of {found.sku}"), found.sku, "ACCEPTED")

    def delete(self, sku: str) -> None:
        """End a listing; one that is gone is fine."""
        answer = self._client.send(
            "deleteListingsItem", "DELETE", self._path(sku), params=self._connection.here, idempotent=True
        )
        if answer.status != 404:
            self._taken(accepted(answer, f"withdrawing {sku}"), sku, "ACCEPTED")

    def _put(self, sku: str, document: Mapping[str, Any], query: Mapping[str, str], wanted: str) -> Submission:
        answer = self._client.send(
            "putListingsItem",
            "PUT",
            self._path(sku),
            json=document,
            params={**self._connection.here, **query},
            idempotent=query is PREVIEW,
        )
        return self._taken(accepted(answer, f"listing {sku}"), sku, wanted)

    def _taken(self, body: Mapping[str, Any], sku: str, wanted: str) -> Submission:
        """Return a submission that was taken.

        Raises:
            OutletRefusedError: its status is another one than `wanted`; nothing was changed.
        """
        found = parse_submission(body, sku, self._store)
        if found.status != wanted:
            raise issue_refusal(found.issues, f"{sku} was answered {found.status}")
        return found

    def _path(self, sku: str) -> str:
        return f"{LISTINGS}/{quoted(self._connection.seller_id)}/{quoted(sku)}"


def issue_refusal(issues: Sequence[Issue], what: str) -> OutletRefusedError:
    """Return the refusal that a listing's issues mean: its first error, else its first issue."""
    first = next((issue for issue in issues if issue.is_error), issues[0] if issues else None)
    if first is None:
        return OutletRefusedError("outlet_invalid", f"{what} without a stated reason")
    return OutletRefusedError(f"outlet_{first.code.lower()[:60]}", f"{what}: {first.message[:300]}")
