"""What a listing says on eBay's wire: the inventory item and its offer.

What belongs here: the two documents, and eBay's words for condition, category and identifiers. What eBay would
refuse at publishing is refused here with a plain reason: a condition it has no word for, a category nobody mapped, a
listing without a photo.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from arb_pipelines.adapters.http.fields import write_money
from arb_pipelines.domain.condition import Condition, to_ebay
from arb_pipelines.domain.listing import Listing
from arb_pipelines.domain.outlet import OutletRefusedError

# The Inventory API wants words, the condition policies speak in numbers.
CONDITION_WORDS = {
    "1000": "NEW",
    "1500": "NEW_OTHER",
    "1750": "NEW_WITH_DEFECTS",
    "2000": "CERTIFIED_REFURBISHED",
    "2010": "EXCELLENT_REFURBISHED",
    "2020": "VERY_GOOD_REFURBISHED",
    "2030": "GOOD_REFURBISHED",
    "2500": "SELLER_REFURBISHED",
    "2750": "LIKE_NEW",
    "3000": "USED_EXCELLENT",  # eBay's plain "Used", in spite of its name
    "4000": "USED_VERY_GOOD",
    "5000": "USED_GOOD",
    "6000": "USED_ACCEPTABLE",
    "7000": "FOR_PARTS_OR_NOT_WORKING",
}
MOST_TITLE_LETTERS = 80
MOST_DESCRIPTION_LETTERS = 4_000
MOST_PHOTOS = 24
MOST_SKU_LETTERS = 50
NOT_IN_AN_UPDATE = ("sku", "marketplaceId", "format")  # an offer's identity, which its update does not know


@dataclass(frozen=True, slots=True)
class EbayTerms:
    """What every offer of ours names: policies, the place it ships from, eBay's category of each category of ours."""

    fulfillment_policy_id: str
    payment_policy_id: str
    return_policy_id: str
    location_key: str
    category_ids: Mapping[str, str] = field(default_factory=dict)  # by our category, in small letters
    other_category_id: str | None = None


def condition_id(listing: Listing) -> str:
    """Return eBay's number of a listing's condition in its category.

    Raises:
        OutletRefusedError: eBay has none, or wants the seller approved for it.
    """
    known = listing.condition in set(Condition)
    found = to_ebay(Condition(listing.condition), listing.category.casefold()) if known else None
    if found is None:
        raise OutletRefusedError("condition_not_sold", f"eBay has no condition for {listing.condition!r}")
    if found.approval is not None:
        raise OutletRefusedError("needs_approval", f"eBay sells {listing.condition} goods of approved sellers only")
    return found.value


def category_id(listing: Listing, terms: EbayTerms) -> str:
    """Return eBay's category of a listing.

    Raises:
        OutletRefusedError: nobody mapped the listing's category.
    """
    found = terms.category_ids.get(listing.category.casefold(), terms.other_category_id)
    if found is None:
        raise OutletRefusedError("category_not_mapped", f"{listing.category!r} is mapped to no category of eBay's")
    return found


def inventory_item(listing: Listing) -> dict[str, Any]:
    """Return the item record of a listing.

    Raises:
        OutletRefusedError: eBay would not publish it.
    """
    photos = [photo for photo in listing.photos if photo.startswith("https://")]
    if not photos:
        raise OutletRefusedError("no_photo", "eBay publishes nothing without a photo at an https address")
    if len(listing.sku) > MOST_SKU_LETTERS:
        raise OutletRefusedError("sku_too_long", f"eBay takes SKUs of at most {MOST_SKU_LETTERS} letters")
    product: dict[str, Any] = {
        "title": listing.title[:MOST_TITLE_LETTERS],
        "description": (listing.description or listing.title)[:MOST_DESCRIPTION_LETTERS],
        "imageUrls": photos[:MOST_PHOTOS],
    }
    if listing.gtin:
        product |= _identifier(listing.gtin)
    named = {name: value for name, value in (("brand", listing.brand), ("mpn", listing.mpn)) if value}
    if named:
        product |= named
        product["aspects"] = {{"brand": "Brand", "mpn": "MPN"}[name]: [value] for name, value in named.items()}
    return {
        "condition": CONDITION_WORDS[condition_id(listing)],
        "product": product,
        "availability": {"shipToLocationAvailability": {"quantity": listing.quantity}},
    }


def offer_document(listing: Listing, terms: EbayTerms, marketplace_id: str) -> dict[str, Any]:
    """Return the offer of a listing.

    Raises:
        OutletRefusedError: nobody mapped the listing's category.
    """
    return {
        "sku": listing.sku,
        "marketplaceId": marketplace_id,
        "format": "FIXED_PRICE",
        "availableQuantity": listing.quantity,
        "categoryId": category_id(listing, terms),
        "listingPolicies": {
            "fulfillmentPolicyId": terms.fulfillment_policy_id,
            "paymentPolicyId": terms.payment_policy_id,
            "returnPolicyId": terms.return_policy_id,
        },
        "merchantLocationKey": terms.location_key,
        "pricingSummary": {"price": write_money(listing.price)},
    }


def offer_update(offer: Mapping[str, Any]) -> dict[str, Any]:
    """Return an offer as its update wants it."""
    return {name: value for name, value in offer.items() if name not in NOT_IN_AN_UPDATE}


def _identifier(gtin: str) -> dict[str, list[str]]:
    """Return a GTIN under the name that its length and prefix give it; zeros that pad to 14 digits are cut."""
    number = gtin[1:] if len(gtin) == 14 and gtin.startswith("0") else gtin
    if number.startswith(("978", "979")):
        return {"isbn": [number]}
    if len(number) == 13 and number.startswith("0"):
        return {"upc": [number[1:]]}
    return {"upc" if len(number) == 12 else "ean": [number]}
