"""Finding the one product page of a GTIN, and whether we may sell there; what is not known stays not known."""

from __future__ import annotations

from typing import Any

import pytest

from arb_pipelines.adapters.marketplaces.amazon.catalogue import identifier_of
from arb_pipelines.domain.eligibility import Eligibility, Permission, refuse_ineligible
from arb_pipelines.domain.outlet import OutletRefusedError
from arb_pipelines.domain.ports import RestrictionsSource
from arb_pipelines_tests.adapters.marketplaces.amazon.account import (
    ASIN,
    GTIN,
    NOW,
    STORE,
    catalogue_item,
    catalogue_page,
    open_amazon,
)


def restriction(reason: str | None, condition: str | None = "new_new", store: str = STORE) -> dict[str, Any]:
    """Return a restriction as Amazon writes it."""
    said: dict[str, Any] = {"marketplaceId": store, "reasons": [{"message": "no"}]}
    if condition:
        said["conditionType"] = condition
    if reason:
        said["reasons"][0]["reasonCode"] = reason
    return said


@pytest.mark.parametrize(
    ("gtin", "kind", "number"),
    [
        ("00036000291452", "UPC", "036000291452"),
        ("04006381333931", "EAN", "4006381333931"),
        ("09780306406157", "ISBN", "9780306406157"),
        ("09790260000438", "EAN", "9790260000438"),
        ("10036000291459", "GTIN", "10036000291459"),
    ],
)
def test_a_gtin_is_asked_for_by_the_name_that_its_length_gives_it(gtin: str, kind: str, number: str) -> None:
    assert identifier_of(gtin) == (kind, number)


def test_only_pages_that_amazon_knows_by_the_very_gtin_count() -> None:
    amazon = open_amazon()
    near = catalogue_item("B0NEARBY00", "4006381333931")
    amazon.vendor.reply_next("searchCatalogItems", catalogue_page([near], token="t"))
    amazon.vendor.reply_next("searchCatalogItems", catalogue_page([], token="u"))
    amazon.vendor.reply_next("searchCatalogItems", catalogue_page([catalogue_item()]))
    found = amazon.catalogue.fetch_item(GTIN)
    assert (found.asin, found.title, found.brand, found.product_type) == (ASIN, "A case", "Northbeam", "LUGGAGE")
    asked = [exchange.values.get("pageToken") for exchange in amazon.vendor.exchanges[1:]]
    assert asked == [None, "t", "u"]
    with pytest.raises(OutletRefusedError, match="no GTIN"):
        amazon.catalogue.fetch_items("not a number")


@pytest.mark.parametrize(
    ("said", "permission"),
    [
        ([], Permission.ALLOWED),
        ([restriction("APPROVAL_REQUIRED")], Permission.APPROVAL_REQUIRED),
        ([restriction("APPROVAL_REQUIRED", None)], Permission.APPROVAL_REQUIRED),
        ([restriction("NOT_ELIGIBLE")], Permission.NOT_ELIGIBLE),
        ([restriction("APPROVAL_REQUIRED"), restriction("NOT_ELIGIBLE")], Permission.NOT_ELIGIBLE),
        ([restriction(None)], Permission.NOT_ELIGIBLE),
        ([{"marketplaceId": STORE}], Permission.NOT_ELIGIBLE),
        ([restriction("ASIN_NOT_FOUND")], Permission.UNKNOWN),
        ([restriction("ASIN_NOT_FOUND"), restriction("NOT_ELIGIBLE")], Permission.NOT_ELIGIBLE),
        ([restriction("NOT_ELIGIBLE", "used_good")], Permission.ALLOWED),
        ([restriction("NOT_ELIGIBLE", "new_new", "A2EUQ1WTGCTBG2")], Permission.ALLOWED),
    ],
)
def test_a_permission_is_what_amazon_says_and_nothing_better(said: list[Any], permission: Permission) -> None:
    amazon = open_amazon()
    amazon.vendor.reply("getListingsRestrictions", {"restrictions": said})
    assert amazon.catalogue.fetch_restrictions(ASIN, "new_new") is permission
    assert isinstance(amazon.seller, RestrictionsSource)
    found = amazon.seller.fetch_permission(GTIN, "new")
    assert found is permission
    answer = Eligibility("p1", "new", "amazon", found, NOW)
    assert (refuse_ineligible(answer, "amazon", NOW) is None) is (permission is Permission.ALLOWED)


@pytest.mark.parametrize("condition", ["used", "for_parts", "graded", "nonsense", ""])
def test_a_condition_that_amazon_has_no_word_for_is_unknown_without_asking(condition: str) -> None:
    amazon = open_amazon()
    assert amazon.seller.fetch_permission(GTIN, condition) is Permission.UNKNOWN
    assert amazon.used == []


def test_no_page_or_several_is_unknown_and_never_allowed() -> None:
    amazon = open_amazon()
    for items in ([], [catalogue_item(), catalogue_item("B0SECOND01")]):
        amazon.vendor.reply("searchCatalogItems", catalogue_page(items))
        assert amazon.seller.fetch_permission(GTIN, "new") is Permission.UNKNOWN
    assert "getListingsRestrictions" not in amazon.used


def test_an_answer_without_restrictions_is_no_leave() -> None:
    amazon = open_amazon()
    amazon.vendor.reply("getListingsRestrictions", {}, loose=True)
    with pytest.raises(ValueError, match="restrictions is not a list"):
        amazon.catalogue.fetch_restrictions(ASIN, "new_new")
    amazon.vendor.reply("getListingsRestrictions", [{"code": "BAD_REQUEST", "message": "no"}], status=400)
    with pytest.raises(OutletRefusedError) as refused:
        amazon.catalogue.fetch_restrictions(ASIN, "new_new")
    assert refused.value.code == "outlet_bad_request"
