"""The world outside as the services see it: time, shops we order from, outlets we sell on.

What belongs here: typing protocols only; adapters fulfil them. Our own stores are `domain/stores.py`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Protocol, runtime_checkable

from arb_pipelines.domain.bidding import Auction, BidState
from arb_pipelines.domain.eligibility import Permission
from arb_pipelines.domain.listing import Listing
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.order import Order, OutletOrder
from arb_pipelines.domain.price import SoldPrice
from arb_pipelines.domain.purchase import BuyQuote, OrderRefused, PlacedOrder, Purchase
from arb_pipelines.domain.spend_limit import Refusal


class Clock(Protocol):
    """Time as an argument."""

    def now(self) -> datetime:
        """Return the present as aware UTC."""


class Buyer(Protocol):
    """A shop we can order from."""

    def fetch_quote(self, url: str, sku: str) -> BuyQuote:
        """Read price, shipping, tax and stock again, just before buying."""

    def place(self, purchase: Purchase) -> PlacedOrder | OrderRefused:
        """Send the order, once.

        Raises:
            OutcomeUnknownError: no structured answer; the order may or may not exist.
        """

    def fetch_orders(self, since: datetime) -> list[PlacedOrder]:
        """Return the account's orders at this shop since then.

        Raises:
            ConnectionError: the order history cannot be read (then nothing may be claimed at this shop).
        """


class Bidder(Protocol):
    """A place of auctions. An auction's number is the item number of what it sells."""

    def fetch_auction(self, auction_id: str) -> Auction:
        """Return an auction as it stands now.

        Raises:
            OSError: no answer.
            ValueError: the answer cannot be understood, or the place refuses.
        """

    def fetch_own_maximum(self, auction_id: str) -> Money | None:
        """Return the most that we have told it, None where we have not bid.

        Raises:
            OSError: no answer.
            ValueError: the answer cannot be understood, or the place refuses.
        """

    def place_bid(self, auction_id: str, maximum: Money) -> str:
        """Tell the most that we would pay, once, and return the bid's id; it cannot be taken back.

        Raises:
            OutletRefusedError: it refuses in so many words; there is no bid.
            OSError: no answer; the bid may stand.
            ValueError: the answer cannot be understood; the bid may stand.
        """

    def fetch_result(self, auction_id: str) -> BidState | None:
        """Return `WON` or `LOST` once the auction is over and the place says so, else None.

        Raises:
            OSError: no answer.
            ValueError: the answer cannot be understood, or the place refuses.
        """

    def fetch_orders(self, since: datetime) -> list[PlacedOrder]:
        """Return the account's orders there since then, won auctions among them.

        Raises:
            ConnectionError: the order history cannot be read (then no bid is placed).
        """


class Bidders(Protocol):
    """Finds who bids at a site."""

    def bidder_for(self, site: str) -> Bidder | Refusal:
        """Return our account at the auctions of a site, or why no machine bids there."""


class OrderHistory(Protocol):
    """What reconciling reads."""

    def fetch_orders(self, since: datetime) -> list[PlacedOrder]:
        """Return the account's orders since then.

        Raises:
            ConnectionError: the order history cannot be read.
        """


class Buyers(Protocol):
    """Finds the buyer of a site; None means that nothing can be ordered there by machine."""

    def buyer_for(self, site: str) -> Buyer | None:
        """Return the buyer for a site key."""


@runtime_checkable
class RestrictionsSource(Protocol):
    """An outlet that lets not everybody sell everything."""

    outlet: str

    def fetch_permission(self, gtin: str, condition: str) -> Permission:
        """Ask whether we may sell a product (GTIN-14) in one of our conditions; `UNKNOWN` where it does not say.

        Raises:
            OSError: the outlet cannot be reached, or asks us to wait.
            ValueError: its answer cannot be understood.
        """


class Seller(Protocol):
    """An outlet we sell on. `list_item` is idempotent by SKU."""

    outlet: str

    def list_item(self, listing: Listing) -> str:
        """Create or find the listing of this SKU and return the outlet's listing id."""

    def update_price(self, sku: str, price: Money) -> None:
        """Set the price of a listing."""

    def withdraw(self, sku: str) -> None:
        """End a listing."""

    def fetch_orders(self, since: datetime | None) -> list[OutletOrder]:
        """Return orders since then (all when None)."""

    def confirm_shipment(self, order: Order, tracking_number: str, shipped_at: datetime) -> None:
        """Tell the outlet that an order is on its way; idempotent by tracking number."""

    def fetch_sold_prices(self, since: datetime | None) -> list[SoldPrice]:
        """Return completed sales of everybody since then (as far back as the outlet tells when None)."""
