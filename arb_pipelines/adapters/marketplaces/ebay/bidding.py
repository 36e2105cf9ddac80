"""Bidding on eBay's auctions (its Offer API, for partners that eBay has approved).

What belongs here: reading an auction and placing the one bid. What to bid and whether is `domain/bidding.py`.
"""

from __future__ import annotations

from datetime import datetime

from arb_pipelines.adapters.http.answers import NoAnswerError, UnreadableAnswerError
from arb_pipelines.adapters.http.client import quoted
from arb_pipelines.adapters.http.fields import read_money, read_objects, read_part, read_text, read_time, write_money
from arb_pipelines.adapters.marketplaces.ebay.client import BIDDING, EbayConnection, accepted
from arb_pipelines.domain.bidding import Auction, BidState
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.outlet import OutletRefusedError
from arb_pipelines.domain.purchase import PlacedOrder


class EbayBidding:
    """Bids of our account."""

    def __init__(self, connection: EbayConnection, *, partner_approved: bool) -> None:
        """Bid over a connection.

        Raises:
            OutletRefusedError: eBay has not approved us; its user agreement forbids machines to bid otherwise.
        """
        if not partner_approved:
            raise OutletRefusedError("not_approved", "eBay lets approved partners alone bid by machine")
        self._client = connection.seller

    def fetch_auction(self, item_id: str) -> Auction:
        """Return an auction as it stands; shipping and tax are not told here, so they are None.

        Raises:
            OutletRefusedError: eBay refuses.
            ConnectionError: no answer.
            ValueError: the answer cannot be understood.
        """
        answer = self._client.get("getBidding", f"{BIDDING}/bidding/{quoted(item_id)}")
        body = accepted(answer, f"the auction {item_id}").record("the auction")
        bids = [read_money(amount, "suggestedBidAmounts") for amount in read_objects(body, "suggestedBidAmounts")]
        if len({bid.currency for bid in bids}) > 1:
            raise UnreadableAnswerError("the auction's bids are in two currencies")
        ends_at = read_time(body.get("auctionEndDate"), "auctionEndDate")
        return Auction(item_id, ends_at, min(bids) if bids else None, None, tax_rate=None, premium_rate=None)

    def fetch_own_maximum(self, item_id: str) -> Money | None:
        """Return the highest bid that we have told eBay, None where we have not bid.

        Raises:
            OutletRefusedError: eBay refuses.
            ConnectionError: no answer.
            ValueError: the answer cannot be understood.
        """
        answer = self._client.get("getBidding", f"{BIDDING}/bidding/{quoted(item_id)}")
        own = read_part(accepted(answer, f"the auction {item_id}").record("the auction"), "currentProxyBid")
        return read_money(own.get("maxAmount"), "maxAmount") if own else None

    def fetch_result(self, item_id: str) -> BidState | None:
        """Return whether we won, None while the auction runs or eBay does not say.

        Raises:
            OutletRefusedError: eBay refuses.
            ConnectionError: no answer.
            ValueError: the answer cannot be understood.
        """
        answer = self._client.get("getBidding", f"{BIDDING}/bidding/{quoted(item_id)}")
        body = accepted(answer, f"the auction {item_id}").record("the auction")
        highest = body.get("highBidder")
        if body.get("auctionStatus") != "ENDED" or not isinstance(highest, bool):
            return None
        return BidState.WON if highest and body.get("reservePriceMet") is not False else BidState.LOST

    def fetch_orders(self, since: datetime) -> list[PlacedOrder]:
        """Refuse: eBay tells one order by its number and no history, so what else was bought there is unknown.

        Raises:
            NoAnswerError: always.
        """
        raise NoAnswerError("eBay tells no history of our orders by machine; look at the account itself")

    def place_bid(self, item_id: str, maximum: Money) -> str:
        """Tell eBay the most we would pay, once, and return the bid's id; it cannot be taken back.

        Raises:
            OutletRefusedError: eBay refuses; there is no bid.
            ConnectionError: no answer; the bid may stand (`fetch_own_maximum` tells).
            ValueError: the answer cannot be understood; the bid may stand.
        """
        request = {"maxAmount": write_money(maximum)}
        path = f"{BIDDING}/bidding/{quoted(item_id)}/place_proxy_bid"
        answer = self._client.send("placeProxyBid", "POST", path, json=request)
        return read_text(accepted(answer, f"the bid on {item_id}").record("the bid"), "proxyBidId")
