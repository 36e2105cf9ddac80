"""What an offer of ours says on Amazon's wire: its attributes, and the patches of its price and quantity.

What belongs here: the documents and Amazon's limits on them. We only ever join an offer to a product that stands in
the catalogue (`LISTING_OFFER_ONLY`); we make no product pages. A condition that Amazon does not know is refused,
never rounded up.
"""

from __future__ import annotations

from typing import Any

from arb_pipelines.domain.condition import Condition, to_amazon
from arb_pipelines.domain.listing import Listing
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.outlet import OutletRefusedError

REQUIREMENTS = "LISTING_OFFER_ONLY"
LONGEST_SKU = 40
OUR_CHANNEL = "DEFAULT"  # we ship it ourselves


def offer_attributes(listing: Listing, asin: str, condition: str, marketplace_id: str) -> dict[str, Any]:
    """Return the attributes of our offer of a product in the catalogue."""
    here = {"marketplace_id": marketplace_id}
    return {
        "condition_type": [{"value": condition, **here}],
        "merchant_suggested_asin": [{"value": asin, **here}],
        "fulfillment_availability": stock(listing.quantity),
        "purchasable_offer": purchasable_offer(listing.price, marketplace_id),
    }


def purchasable_offer(price: Money, marketplace_id: str) -> list[dict[str, Any]]:
    """Return the price for everybody, tax included where the store's prices are."""
    schedule = [{"schedule": [{"value_with_tax": wire_number(price)}]}]
    return [{"currency": price.currency, "audience": "ALL", "our_price": schedule, "marketplace_id": marketplace_id}]


def stock(quantity: int) -> list[dict[str, Any]]:
    """Return how many we can send."""
    return [{"fulfillment_channel_code": OUR_CHANNEL, "quantity": quantity}]


def replacing(product_type: str, attribute: str, value: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the patch that replaces one attribute."""
    patch = {"op": "replace", "path": f"/attributes/{attribute}", "value": value}
    return {"productType": product_type, "patches": [patch]}


def wire_number(money: Money) -> int | float:
    """Return an amount as a JSON number; a float prints the very digits of any amount below 10^13."""
    return int(money.amount) if money.amount == int(money.amount) else float(money.text)


def condition_of(listing: Listing, approvals: frozenset[str] = frozenset()) -> str:
    """Return Amazon's word for a listing's condition.

    Raises:
        OutletRefusedError: Amazon has none for it, or asks for an approval that we have not.
    """
    try:
        found = to_amazon(Condition(listing.condition))
    except ValueError:
        found = None
    if found is None:
        raise OutletRefusedError("condition_not_sold", f"Amazon has no condition for {listing.condition!r}")
    if found.approval is not None and found.approval not in approvals:
        raise OutletRefusedError("approval_required", f"{found.value} needs Amazon's approval {found.approval}")
    return found.value


def check_listing(listing: Listing, currency: str) -> None:
    """Refuse what Amazon cannot take.

    Raises:
        OutletRefusedError: the SKU, the quantity, the price or its currency.
    """
    sku = listing.sku
    if len(sku) > LONGEST_SKU or not sku.isascii() or not sku.isprintable() or "," in sku or sku != sku.strip():
        raise OutletRefusedError("sku_not_allowed", f"{sku!r} is no SKU for Amazon: at most 40 letters, no comma")
    if listing.quantity < 1:
        raise OutletRefusedError("no_stock", f"{sku} has nothing left to sell")
    check_price(sku, listing.price, currency)


def check_price(sku: str, price: Money, currency: str) -> None:
    """Refuse a price that the store cannot show.

    Raises:
        OutletRefusedError: it is not above zero or in another currency.
    """
    if price.currency != currency or price.minor <= 0:
        raise OutletRefusedError("price_not_allowed", f"{sku}: {price} is no price in {currency}")
