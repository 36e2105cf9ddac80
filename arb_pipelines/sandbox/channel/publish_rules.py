"""What an offer and its item must say before the selling channel lists them.

What belongs here: the checks of publishing, each with the channel's own error number.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from arb_pipelines.sandbox.catalogue import CATEGORY_IDS
from arb_pipelines.sandbox.channel.account import LOCATION_KEY, POLICY_IDS
from arb_pipelines.sandbox.channel.amounts import read_minor
from arb_pipelines.sandbox.channel.errors import INVENTORY, ChannelError

CONDITIONS = frozenset(
    {
        "NEW",
        "LIKE_NEW",
        "NEW_OTHER",
        "NEW_WITH_DEFECTS",
        "USED_EXCELLENT",
        "USED_VERY_GOOD",
        "USED_GOOD",
        "USED_ACCEPTABLE",
        "FOR_PARTS_OR_NOT_WORKING",
    }
)

Document = dict[str, Any]
Rule = tuple[int, str, Callable[[Document, Document], bool]]


def _policy(kind: str) -> Callable[[Document, Document], bool]:
    def named(offer: Document, _item: Document) -> bool:
        return (offer.get("listingPolicies") or {}).get(f"{kind}PolicyId") == POLICY_IDS[kind]

    return named


def _has_price(offer: Document, _item: Document) -> bool:
    return read_minor((offer.get("pricingSummary") or {}).get("price")) is not None


def _has_quantity(offer: Document, item: Document) -> bool:
    stock = item["availability"]["shipToLocationAvailability"]["quantity"]
    return bool(min(offer.get("availableQuantity", stock), stock) > 0)


def _has_title(_offer: Document, item: Document) -> bool:
    return bool((item.get("product") or {}).get("title"))


_RULES: tuple[Rule, ...] = (
    (25003, "an invalid price", _has_price),
    (25004, "an invalid quantity", _has_quantity),
    (25005, "an invalid category ID", lambda offer, _item: offer.get("categoryId") in CATEGORY_IDS.values()),
    (25007, "invalid data in the fulfillment policy", _policy("fulfillment")),
    (25008, "invalid data in the payment policy", _policy("payment")),
    (25009, "invalid data in the return policy", _policy("return")),
    (25012, "an invalid inventory location", lambda offer, _item: offer.get("merchantLocationKey") == LOCATION_KEY),
    (25016, "an invalid title value", _has_title),
    (25021, "an invalid item condition", lambda _offer, item: item.get("condition") in CONDITIONS),
)


def check_publishable(offer: Document, item: Document) -> None:
    """Accept an offer that can be a listing.

    Raises:
        ChannelError: the first rule that does not hold (400).
    """
    for error_id, fault, holds in _RULES:
        if not holds(offer, item):
            raise ChannelError(400, error_id, INVENTORY, f"The unpublished offer has {fault}.")
