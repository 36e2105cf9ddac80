"""What a listing says on the channel's wire: the inventory item and its offer.

What belongs here: the two documents and the channel's words for condition, category and identifiers. A condition
that the channel does not know is refused, never rounded up.
"""

from __future__ import annotations

from typing import Any

from arb_pipelines.adapters.http.fields import write_money
from arb_pipelines.domain.condition import Condition
from arb_pipelines.domain.listing import Listing
from arb_pipelines.domain.outlet import OutletRefusedError

CONDITIONS = {
    Condition.NEW: "NEW",
    Condition.NEW_OTHER: "NEW_OTHER",
    Condition.NEW_WITH_DEFECTS: "NEW_WITH_DEFECTS",
    Condition.LIKE_NEW: "LIKE_NEW",
    Condition.USED: "USED_EXCELLENT",  # the channel's plain "used", id 3000, in spite of its name
    Condition.VERY_GOOD: "USED_VERY_GOOD",
    Condition.GOOD: "USED_GOOD",
    Condition.ACCEPTABLE: "USED_ACCEPTABLE",
}
CATEGORY_IDS = {"books": "90002", "electronics": "90003"}
OTHER_CATEGORY_ID = "90001"
MOST_TITLE_LETTERS = 80
POLICIES = {
    "fulfillmentPolicyId": "9100000001",
    "paymentPolicyId": "9100000002",
    "returnPolicyId": "9100000003",
}
LOCATION_KEY = "sandbox-warehouse"


def inventory_item(listing: Listing) -> dict[str, Any]:
    """Return the item record of a listing.

    Raises:
        OutletRefusedError: the channel has no word for the condition.
    """
    condition = CONDITIONS.get(listing.condition)  # type: ignore[call-overload]
    if condition is None:
        raise OutletRefusedError("condition_not_sold", f"the channel has no condition for {listing.condition!r}")
    product: dict[str, Any] = {"title": listing.title[:MOST_TITLE_LETTERS]}
    if listing.gtin:
        product |= _identifier(listing.gtin)
    product |= {name: value for name, value in (("brand", listing.brand), ("mpn", listing.mpn)) if value}
    stock = {"shipToLocationAvailability": {"quantity": listing.quantity}}
    return {"condition": condition, "product": product, "availability": stock}


def offer_document(listing: Listing) -> dict[str, Any]:
    """Return the offer of a listing."""
    return {
        "sku": listing.sku,
        "marketplaceId": "EBAY_US",
        "format": "FIXED_PRICE",
        "availableQuantity": listing.quantity,
        "categoryId": CATEGORY_IDS.get(listing.category.casefold(), OTHER_CATEGORY_ID),
        "listingPolicies": POLICIES,
        "merchantLocationKey": LOCATION_KEY,
        "pricingSummary": {"price": write_money(listing.price)},
    }


def _identifier(gtin: str) -> dict[str, list[str]]:
    """Return a GTIN under the name that its length and prefix give it; zeros that pad to 14 digits are cut."""
    number = gtin[1:] if len(gtin) == 14 and gtin.startswith("0") else gtin
    if number.startswith(("978", "979")):
        return {"isbn": [number]}
    if len(number) == 13 and number.startswith("0"):
        return {"upc": [number[1:]]}
    return {"ean": [number]}
