"""A listing on eBay's wire: cut to size, in eBay's words, or refused with a plain reason."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from arb_pipelines.adapters.marketplaces.ebay.listing_document import (
    category_id,
    condition_id,
    inventory_item,
    offer_document,
    offer_update,
)
from arb_pipelines.domain.outlet import OutletRefusedError
from arb_pipelines_tests.adapters.marketplaces.ebay.stand import LISTING, PHOTO, TERMS


def test_an_item() -> None:
    """Title and description cut, photos at https addresses alone, brand and number as aspects as well."""
    item = inventory_item(replace(LISTING, title="K" * 100, description="d" * 5_000, photos=("http://x", PHOTO) * 30))
    product = item["product"]
    assert (len(product["title"]), len(product["description"]), len(product["imageUrls"])) == (80, 4_000, 24)
    assert product["aspects"] == {"Brand": ["Kett"], "MPN": ["K1"]}
    assert item["availability"]["shipToLocationAvailability"]["quantity"] == LISTING.quantity
    plain = inventory_item(replace(LISTING, brand=None, mpn=None, gtin=None, description=None))["product"]
    assert (plain["description"], "aspects" in plain, "ean" in plain) == (LISTING.title, False, False)


@pytest.mark.parametrize(
    "gtin, field, number",
    [
        ("09526517000001", "ean", "9526517000001"),
        ("00012345678905", "upc", "012345678905"),
        ("012345678905", "upc", "012345678905"),
        ("9789999900001", "isbn", "9789999900001"),
    ],
)
def test_a_gtin_stands_under_its_own_name(gtin: str, field: str, number: str) -> None:
    """Buyers find the product by it."""
    assert inventory_item(replace(LISTING, gtin=gtin))["product"][field] == [number]


@pytest.mark.parametrize(
    "condition, category, word",
    [
        ("new", "kitchen", "NEW"),
        ("very_good", "kitchen", "USED_EXCELLENT"),  # eBay's plain "Used"
        ("very_good", "Books", "USED_VERY_GOOD"),
        ("for_parts", "kitchen", "FOR_PARTS_OR_NOT_WORKING"),
    ],
)
def test_conditions_in_their_category(condition: str, category: str, word: str) -> None:
    """Outside media eBay knows one "used"."""
    assert inventory_item(replace(LISTING, condition=condition, category=category))["condition"] == word


@pytest.mark.parametrize(
    "change, code",
    [
        ({"condition": "graded"}, "condition_not_sold"),
        ({"condition": "shiny"}, "condition_not_sold"),
        ({"condition": "seller_refurbished"}, "needs_approval"),
        ({"photos": ("http://pictures.example/1.jpg",)}, "no_photo"),
        ({"sku": "s" * 51}, "sku_too_long"),
    ],
)
def test_what_ebay_would_refuse(change: dict[str, Any], code: str) -> None:
    """Never rounded to something better."""
    with pytest.raises(OutletRefusedError) as caught:
        inventory_item(replace(LISTING, **change))
    assert caught.value.code == code


def test_a_category_that_nobody_mapped() -> None:
    """Is not guessed."""
    assert category_id(replace(LISTING, category="Books"), TERMS) == "261186"
    with pytest.raises(OutletRefusedError) as caught:
        category_id(LISTING, replace(TERMS, other_category_id=None))
    assert caught.value.code == "category_not_mapped"


def test_an_update_does_not_name_what_an_offer_is() -> None:
    """eBay's description of it has no such fields."""
    offer = offer_document(LISTING, TERMS, "EBAY_US")
    assert set(offer) - set(offer_update(offer)) == {"sku", "marketplaceId", "format"}


def test_condition_numbers_are_those_of_the_policies() -> None:
    """The words are for listing alone."""
    assert condition_id(replace(LISTING, condition="like_new", category="books")) == "2750"
