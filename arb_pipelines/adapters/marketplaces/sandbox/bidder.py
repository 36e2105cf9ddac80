"""Bidding at the sandbox's shops through their JSON order desk.

What belongs here: the calls of the `Bidder` port. What to bid is `domain/bidding.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import httpx

from arb_pipelines.adapters.http.answers import UnreadableAnswerError
from arb_pipelines.adapters.http.client import ApiClient, quoted
from arb_pipelines.adapters.marketplaces.sandbox.buyer import NO_SHOP, SandboxBuyer
from arb_pipelines.adapters.marketplaces.sandbox.client import connect_shop
from arb_pipelines.domain.bidding import Auction, BidState
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.outlet import OutletRefusedError
from arb_pipelines.domain.ports import Bidder
from arb_pipelines.domain.purchase import PlacedOrder
from arb_pipelines.domain.site import Site
from arb_pipelines.domain.spend_limit import Refusal

# Refusals with these codes bid nothing; any other answer is no plain one.
REFUSAL_CODES = frozenset({"UNKNOWN_AUCTION", "AUCTION_OVER", "BID_TOO_LOW", "BAD_REQUEST", "UNAUTHORIZED"})
RESULTS = {"won": BidState.WON, "lost": BidState.LOST}


class SandboxBidder:
    """The account at one shop's auctions."""

    def __init__(self, client: ApiClient) -> None:
        """Bid at the shop of a client that carries the token."""
        self._client = client
        self._orders = SandboxBuyer(client)

    def fetch_auction(self, auction_id: str) -> Auction:
        """Return an auction as it stands.

        Raises:
            ConnectionError: no answer.
            ValueError: the answer cannot be understood.
        """
        body = self._fetch(auction_id)
        try:
            return Auction(
                auction_id,
                datetime.fromisoformat(str(body["ends_at"])),
                _amount(body, "minimum_bid_minor"),
                _amount(body, "shipping_minor"),
                tax_rate=None if body.get("tax_rate") is None else Decimal(str(body["tax_rate"])),
            )
        except (KeyError, InvalidOperation) as error:
            raise UnreadableAnswerError(f"the auction {auction_id} has no usable {error}") from error

    def fetch_own_maximum(self, auction_id: str) -> Money | None:
        """Return the most that we have told; see `Bidder`."""
        return _amount(self._fetch(auction_id), "own_maximum_minor")

    def fetch_result(self, auction_id: str) -> BidState | None:
        """Return whether we won, None while it runs; see `Bidder`."""
        return RESULTS.get(str(self._fetch(auction_id).get("result")))

    def place_bid(self, auction_id: str, maximum: Money) -> str:
        """Tell our maximum, once; see `Bidder`."""
        bid = {"max_minor": maximum.minor, "currency": maximum.currency}
        answer = self._client.send("placeBid", "POST", f"/api/auctions/{quoted(auction_id)}/bids", json=bid)
        body = answer.body if isinstance(answer.body, dict) else {}
        if 400 <= answer.status < 500 and body.get("code") in REFUSAL_CODES:
            raise OutletRefusedError(str(body["code"]).lower(), str(body.get("detail", "")))
        bid_id = body.get("bid_id")
        if answer.status != httpx.codes.CREATED or not isinstance(bid_id, str):
            raise UnreadableAnswerError(f"the bid was answered {answer.status} without a bid or a plain refusal")
        return bid_id

    def fetch_orders(self, since: datetime) -> list[PlacedOrder]:
        """Return our orders at this shop since then, won auctions among them."""
        return self._orders.fetch_orders(since)

    def _fetch(self, auction_id: str) -> Mapping[str, Any]:
        answer = self._client.get("auction", f"/api/auctions/{quoted(auction_id)}")
        if not answer.is_good or not isinstance(answer.body, dict):
            raise UnreadableAnswerError(f"the auction {auction_id} was answered {answer.status}")
        return answer.body


class SandboxBidders:
    """The accounts at the auctions of all sandbox shops; `refusals` says why no machine bids at other sites."""

    def __init__(
        self,
        shop_urls: Mapping[str, str],
        token: str,
        refusals: Mapping[str, Refusal],
        *,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """Serve the shops of `shop_urls` (site key to address); `token` is the shops' bearer token."""
        self._client = connect_shop(NO_SHOP, token, 10.0, transport)
        self._shop_urls = dict(shop_urls)
        self._refusals = refusals

    @classmethod
    def of_sites(cls, sites: Iterable[Site], token: str, refusals: Mapping[str, Refusal]) -> SandboxBidders:
        """Serve those of `sites` whose declaration says that the sandbox's shops take orders there by machine."""
        return cls({site.key: site.url for site in sites if site.buyer == "sandbox"}, token, refusals)

    def bidder_for(self, site: str) -> Bidder | Refusal:
        """Return the account at a shop's auctions, or why there is none."""
        shop_url = self._shop_urls.get(site)
        if shop_url is not None:
            return SandboxBidder(self._client.at(shop_url))
        nobody = Refusal("person_required", f"no machine bids at {site}: a person does")
        return self._refusals.get(site, nobody)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


def _amount(body: Mapping[str, Any], name: str) -> Money | None:
    minor, currency = body.get(name), body.get("currency")
    if minor is None:
        return None
    if type(minor) is not int or not isinstance(currency, str):
        raise UnreadableAnswerError(f"{name} is {minor!r} {currency!r}")
    return Money(minor, currency)
