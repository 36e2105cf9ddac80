"""Selling on eBay: inventory item, offer, publish; prices, quantities, the end of a listing.

What belongs here: the calls of the `Seller` port and `fetch_prices`. What a listing says on the wire is
`listing_document.py`, orders are `orders.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from arb_pipelines.adapters.http.answers import UnreadableAnswerError
from arb_pipelines.adapters.http.client import quoted
from arb_pipelines.adapters.http.fields import read_object, read_objects, read_text, write_money
from arb_pipelines.adapters.marketplaces.ebay.client import INVENTORY, OUTLET, EbayConnection, accepted, refusal_of
from arb_pipelines.adapters.marketplaces.ebay.listing_document import (
    EbayTerms,
    inventory_item,
    offer_document,
    offer_update,
)
from arb_pipelines.adapters.marketplaces.ebay.orders import EbayOrders
from arb_pipelines.adapters.marketplaces.ebay.parse import OwnOffer, parse_own_offers
from arb_pipelines.adapters.marketplaces.ebay.policies import EbayPolicies
from arb_pipelines.adapters.marketplaces.ebay.revisions import RevisionLog
from arb_pipelines.domain.eligibility import Permission
from arb_pipelines.domain.listing import Listing
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.order import Order, OutletOrder
from arb_pipelines.domain.outlet import OutletRefusedError
from arb_pipelines.domain.price import SoldPrice
from arb_pipelines.domain.return_case import ToldReturn

NO_OFFER = 404  # eBay's answer for a SKU that was never offered
ONE_PART_FAILED = 207
SOLD_BEFORE_LISTED = timedelta(days=1)  # our clock and eBay's may differ, and a listing may be older than its record


class EbaySeller:
    """Our seller account at eBay."""

    outlet = OUTLET
    returns_every = timedelta(0)

    def __init__(
        self,
        connection: EbayConnection,
        terms: Callable[[], EbayTerms],
        revisions: RevisionLog,
        *,
        policies: EbayPolicies | None = None,
        carrier: str = "USPS",
    ) -> None:
        """Sell over a connection.

        Args:
            connection: our accounts.
            terms: what every offer names; asked when the first SKU is listed.
            revisions: counts what is revised.
            policies: asked whether eBay takes a condition in a category; None leaves that to the publishing.
            carrier: takes our parcels where an order does not say who does.
        """
        self._connection = connection
        self._client = connection.seller
        self._terms = terms
        self._revisions = revisions
        self._policies = policies
        self._orders = EbayOrders(connection, carrier)

    def __repr__(self) -> str:
        """Return the class name alone."""
        return "EbaySeller()"

    def close(self) -> None:
        """Close the connections."""
        self._connection.close()
        self._revisions.close()

    def list_item(self, listing: Listing) -> str:
        """Publish a SKU and return eBay's listing id; a published SKU keeps its listing.

        A SKU that is already published is left as it is: writing its quantity again could bring back a unit that was
        sold meanwhile. An offer that is not published is either what a broken run left behind or a listing that
        ended because it sold out, and eBay does not say which; so it is published only if no order names its SKU.

        Raises:
            OutletRefusedError: eBay refuses, or has no word for what we list, or units of the SKU were sold.
            ConnectionError: no answer; calling again is safe.
            ValueError: an answer that cannot be understood; calling again is safe.
        """
        offer = self._find_offer(listing.sku)
        if offer is not None and offer.listing_id is not None:
            return offer.listing_id
        item, terms = inventory_item(listing), self._terms()
        document = offer_document(listing, terms, self._connection.marketplace_id)
        if self._policies is not None:
            refuse_condition(self._policies.may_list(listing, terms), listing)
        if offer is not None:
            self._refuse_sold(listing)
        sku = quoted(listing.sku)
        self._act("createOrReplaceInventoryItem", "PUT", f"/inventory_item/{sku}", item, idempotent=True)
        if offer is None:
            offer_id = _field(self._act("createOffer", "POST", "/offer", document), "offerId")
        else:
            offer_id = offer.offer_id
            path = f"/offer/{quoted(offer_id)}"
            self._act("updateOffer", "PUT", path, offer_update(document), idempotent=True)
        return _field(self._act("publishOffer", "POST", f"/offer/{quoted(offer_id)}/publish"), "listingId")

    def update_price(self, sku: str, price: Money) -> None:
        """Set the price of a listing; its quantity is left alone.

        Raises:
            OutletRefusedError: the SKU has no live listing, or it was revised 250 times today, or eBay refuses.
            ConnectionError: no answer; calling again is safe.
        """
        offer = self._live_offer(sku)
        self._revise(sku, offer, {"offerId": offer.offer_id, "price": write_money(price)})

    def lower_quantity(self, sku: str, quantity: int) -> None:
        """Offer fewer units; never more, because what is missing may have been sold.

        eBay knows no "set to this if nothing was sold meanwhile", so the count is read again afterwards and what was
        sold in between is taken off once more.

        Raises:
            OutletRefusedError: there are not more units than that, the SKU has no live listing, or eBay refuses.
            ConnectionError: no answer; calling again is safe.
        """
        before = self._live_offer(sku)
        if before.available is None or not 0 <= quantity < before.available:
            raise OutletRefusedError("would_add_stock", f"{sku} offers {before.available}; {quantity} is not fewer")
        self._revise(sku, before, {"offerId": before.offer_id, "availableQuantity": quantity})
        after = self._find_offer(sku)
        sold_meanwhile = max(after.sold - before.sold, 0) if after else 0
        if after and sold_meanwhile and after.is_live and quantity:
            left = max(quantity - sold_meanwhile, 0)
            self._revise(sku, after, {"offerId": after.offer_id, "availableQuantity": left})

    def fetch_prices(self, skus: Sequence[str]) -> dict[str, Money]:
        """Return the live price of each SKU; one that is withdrawn or sold out is left out."""
        found: dict[str, Money] = {}
        for sku in skus:
            offer = self._find_offer(sku)
            if offer is None or not offer.is_live:
                continue
            if offer.price is None:
                raise UnreadableAnswerError(f"the live offer of {sku} has no price")
            found[sku] = offer.price
        return found

    def withdraw(self, sku: str) -> None:
        """End the listing of a SKU; one that is not published is left alone.

        Raises:
            OutletRefusedError: the SKU was never offered, or eBay refuses.
            ConnectionError: no answer; calling again is safe.
        """
        offer = self._find_offer(sku)
        if offer is None:
            raise OutletRefusedError("no_offer", f"{sku} has no offer on eBay")
        if offer.is_published:
            _field(self._act("withdrawOffer", "POST", f"/offer/{quoted(offer.offer_id)}/withdraw"), "listingId")

    def fetch_orders(self, since: datetime | None) -> list[OutletOrder]:
        """Return the lines of paid orders that changed since then, oldest first; of two years when None."""
        return self._orders.fetch(since)

    def fetch_settled_fees(self, orders: Sequence[Order]) -> dict[str, Money]:
        """Return eBay's fee of each of these orders that its finance data tells, by our order id.

        Advertising is charged for the listing, not for the line, so it is in no fee here.

        Raises:
            OutletRefusedError: eBay refuses; sellers in the EU and the UK have to sign these requests.
            ConnectionError: no answer.
        """
        since = min(order.ordered_at for order in orders) - SOLD_BEFORE_LISTED
        told = self._orders.fetch_line_fees(since)
        by_line = {(order.outlet_order_id, order.line_item_id): order.order_id for order in orders}
        return {by_line[line]: fee for line, fee in told.items() if line in by_line}

    def fetch_returns(self, since: datetime) -> list[ToldReturn]:
        """Return the lines of orders changed since then that were cancelled or refunded.

        Raises:
            OutletRefusedError: eBay refuses.
            ConnectionError: no answer.
        """
        return self._orders.fetch_returns(since)

    def confirm_shipment(self, order: Order, tracking_number: str, shipped_at: datetime) -> None:
        """Tell eBay that an order is on its way; the same tracking number again is fine.

        Raises:
            OutletRefusedError: eBay refuses.
            ConnectionError: no answer; calling again is safe.
        """
        self._orders.confirm_shipment(order, tracking_number, shipped_at)

    def fetch_sold_prices(self, since: datetime | None) -> list[SoldPrice]:
        """Refuse: eBay tells completed sales only to partners whom it has approved for that.

        Raises:
            OutletRefusedError: always.
        """
        raise OutletRefusedError("not_supported", "eBay's sold prices (Marketplace Insights) are a limited release")

    def _refuse_sold(self, listing: Listing) -> None:
        lines = self._orders.fetch(listing.listed_at - SOLD_BEFORE_LISTED)
        sold = sum(line.quantity for line in lines if line.sku == listing.sku)
        if sold:
            raise OutletRefusedError("sold_meanwhile", f"{sold} of {listing.sku} were sold; it is not put up again")

    def _live_offer(self, sku: str) -> OwnOffer:
        offer = self._find_offer(sku)
        if offer is None or not offer.is_live:
            raise OutletRefusedError("no_live_listing", f"{sku} has no live listing on eBay")
        return offer

    def _find_offer(self, sku: str) -> OwnOffer | None:
        query = {"sku": sku, "marketplace_id": self._connection.marketplace_id}
        answer = self._client.get("getOffers", f"{INVENTORY}/offer", params=query)
        if answer.status == NO_OFFER:
            return None
        return parse_own_offers(accepted(answer, f"the offer of {sku}"), sku, self._connection.marketplace_id)

    def _revise(self, sku: str, offer: OwnOffer, change: dict[str, Any]) -> None:
        self._revisions.take(offer.listing_id or offer.offer_id)
        body = {"requests": [{"sku": sku, "offers": [change]}]}
        # The same values again are the same revision, so a busy answer may be asked again.
        answer = self._client.send(
            "bulkUpdatePriceQuantity", "POST", f"{INVENTORY}/bulk_update_price_quantity", json=body, idempotent=True
        )
        parts = read_objects(accepted(answer, f"the revision of {sku}").record("the revision"), "responses")
        if len(parts) != 1:
            raise UnreadableAnswerError(f"the revision of {sku} was answered with {len(parts)} parts, not one")
        if parts[0].get("statusCode") != 200:
            raise refusal_of(type(answer)(ONE_PART_FAILED, dict(parts[0])), f"the revision of {sku}")

    def _act(self, operation: str, method: str, path: str, body: Any = None, *, idempotent: bool = False) -> Any:
        answer = self._client.send(operation, method, f"{INVENTORY}{path}", json=body, idempotent=idempotent)
        return (
            accepted(answer, operation).body if answer.body is None else accepted(answer, operation).record(operation)
        )


def refuse_condition(found: Permission, listing: Listing) -> None:
    """Let pass what eBay takes.

    Raises:
        OutletRefusedError: it does not, or takes it of approved sellers only.
    """
    if found is Permission.APPROVAL_REQUIRED:
        raise OutletRefusedError("needs_approval", f"eBay sells {listing.condition} goods of approved sellers only")
    if found is not Permission.ALLOWED:
        raise OutletRefusedError("condition_not_allowed", f"{listing.condition} is no condition of {listing.category}")


def _field(body: Any, name: str) -> str:
    return read_text(read_object(body, "the answer"), name)
