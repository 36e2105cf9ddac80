"""Offers to buyers who watch our listings (eBay's Negotiation API).

What belongs here: which listings may be offered, and sending one offer. What to offer is `domain/negotiation.py`; the
price that is offered never goes below the listing's floor.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from arb_pipelines.adapters.http.fields import read_objects, read_text, write_money
from arb_pipelines.adapters.marketplaces.ebay.client import NEGOTIATION, EbayConnection, accepted
from arb_pipelines.domain.listing import Listing
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.outlet import OutletRefusedError

PAGE = 200
MOST_PAGES = 50
NOTHING = 204
LONGEST = timedelta(days=2)  # the offers that sellers start are open for two days
MOST_MESSAGE_LETTERS = 2_000


@dataclass(frozen=True, slots=True)
class SentOffer:
    """An offer that eBay passed on to one buyer."""

    offer_id: str
    listing_id: str


class EbayNegotiation:
    """Offers of our seller account."""

    def __init__(self, connection: EbayConnection) -> None:
        """Offer over a connection."""
        self._client = connection.seller

    def fetch_eligible(self) -> set[str]:
        """Return the ids of our listings whose watchers may be sent an offer.

        Raises:
            OutletRefusedError: eBay refuses.
            ConnectionError: no answer.
            ValueError: the answer cannot be understood.
        """
        found: set[str] = set()
        for number in range(MOST_PAGES):
            page = {"limit": str(PAGE), "offset": str(number * PAGE)}
            answer = self._client.get("findEligibleItems", f"{NEGOTIATION}/find_eligible_items", params=page)
            if answer.status == NOTHING:
                break
            body = accepted(answer, "the eligible items").record("the eligible items")
            items = read_objects(body, "eligibleItems", may_miss=True)
            found |= {read_text(item, "listingId") for item in items}
            if not body.get("next") or not items:
                break
        return found

    def send_offer(self, listing: Listing, price: Money, message: str, quantity: int = 1) -> list[SentOffer]:
        """Offer a listing to its watchers at a price; sent once, because a second one is a second offer.

        Raises:
            OutletRefusedError: the price is below the floor or not below the listing's, or eBay refuses.
            ConnectionError: no answer; the offer may have been sent.
            ValueError: the answer cannot be understood; the offer may have been sent.
        """
        if listing.outlet_listing_id is None:
            raise OutletRefusedError("no_live_listing", f"{listing.sku} has no listing on eBay")
        if not listing.floor <= price < listing.price:
            raise OutletRefusedError(
                "bad_offer_price", f"{price} is not between the floor {listing.floor} and below {listing.price}"
            )
        item = {"listingId": listing.outlet_listing_id, "price": write_money(price), "quantity": quantity}
        request = {
            "allowCounterOffer": False,
            "message": message[:MOST_MESSAGE_LETTERS],
            "offerDuration": {"unit": "DAY", "value": LONGEST.days},
            "offeredItems": [item],
        }
        path = f"{NEGOTIATION}/send_offer_to_interested_buyers"
        answer = self._client.send("sendOfferToInterestedBuyers", "POST", path, json=request)
        body = accepted(answer, f"the offer of {listing.sku}").record("the offer")
        return [
            SentOffer(read_text(offer, "offerId"), read_text(item, "listingId"))
            for offer in read_objects(body, "offers")
            for item in read_objects(offer, "offeredItems")
        ]
