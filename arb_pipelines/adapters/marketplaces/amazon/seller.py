"""Selling on Amazon goods that we ship ourselves.

What belongs here: the `Seller` port and `fetch_prices`, each as a few calls of `listings.py`, `orders.py` and
`catalogue.py` in the right order.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from arb_pipelines.adapters.http.answers import NoAnswerError
from arb_pipelines.adapters.marketplaces.amazon.catalogue import AmazonCatalogue
from arb_pipelines.adapters.marketplaces.amazon.client import OUTLET, AmazonConnection
from arb_pipelines.adapters.marketplaces.amazon.finances import AmazonFinances
from arb_pipelines.adapters.marketplaces.amazon.listing_document import (
    REQUIREMENTS,
    check_listing,
    check_price,
    condition_of,
    offer_attributes,
    purchasable_offer,
    stock,
)
from arb_pipelines.adapters.marketplaces.amazon.listings import AmazonListings, issue_refusal
from arb_pipelines.adapters.marketplaces.amazon.orders import AmazonOrders
from arb_pipelines.adapters.marketplaces.amazon.parse import Issue, OwnListing
from arb_pipelines.adapters.marketplaces.amazon.prices import AmazonPrices
from arb_pipelines.adapters.marketplaces.amazon.product_types import ProductTypes
from arb_pipelines.domain.eligibility import Permission
from arb_pipelines.domain.listing import Listing
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.order import Order, OutletOrder
from arb_pipelines.domain.outlet import OutletRefusedError
from arb_pipelines.domain.ports import Clock
from arb_pipelines.domain.price import SoldPrice
from arb_pipelines.domain.repricing import MarketSignals
from arb_pipelines.domain.return_case import ToldReturn

AT_ONCE = timedelta(minutes=2)


class AmazonSeller:
    """Our seller account at one of Amazon's stores."""

    outlet = OUTLET
    returns_every = timedelta(hours=1)  # each look is one of the few order searches

    def __init__(
        self,
        connection: AmazonConnection,
        catalogue: AmazonCatalogue,
        product_types: ProductTypes,
        carrier: str,
        clock: Clock,
        *,
        approvals: frozenset[str] = frozenset(),
    ) -> None:
        """Sell over a connection.

        Args:
            connection: our account.
            catalogue: finds the product page and asks whether we may sell there.
            product_types: Amazon's schemas.
            carrier: who carries our parcels, by Amazon's code or by name.
            clock: the time.
            approvals: programmes that have approved us (`amazon_renewed`).
        """
        self._connection = connection
        self._catalogue = catalogue
        self._product_types = product_types
        self._clock = clock
        self._approvals = approvals
        self._store = connection.marketplace
        self.listings = AmazonListings(connection)
        self.orders = AmazonOrders(connection, carrier)

    def close(self) -> None:
        """Close the connections."""
        self._connection.close()

    def list_item(self, listing: Listing) -> str:
        """Put up an offer for a SKU and return the ASIN that it joins; a SKU that Amazon has is left as it is.

        Writing the quantity of a SKU that is there already could bring back a unit that was sold meanwhile.

        Raises:
            OutletRefusedError: Amazon or its schema refuses, we may not sell it, or no page or several fit.
            ConnectionError: no answer, or Amazon still works on it; calling again is safe.
        """
        check_listing(listing, self._store.currency)
        known = self.listings.find(listing.sku)
        if known is not None:
            return _listing_id(known)
        self._check_not_sold(listing)
        if listing.gtin is None:
            raise OutletRefusedError("no_gtin", f"{listing.sku} has no GTIN, so its product page cannot be found")
        condition = condition_of(listing, self._approvals)
        item = self._catalogue.fetch_item(listing.gtin)
        self._check_permission(item.asin, condition)
        if item.product_type is None:
            raise OutletRefusedError("product_type_unknown", f"Amazon does not say the product type of {item.asin}")
        attributes = offer_attributes(listing, item.asin, condition, self._store.marketplace_id)
        self._product_types.check(item.product_type, attributes)
        document = {"productType": item.product_type, "requirements": REQUIREMENTS, "attributes": attributes}
        preview = self.listings.preview(listing.sku, document)
        if preview.asin not in (None, item.asin):
            raise OutletRefusedError("product_ambiguous", f"{listing.sku} would join {preview.asin}, not {item.asin}")
        self.listings.put(listing.sku, document)
        return item.asin

    def fetch_permission(self, gtin: str, condition: str) -> Permission:
        """Ask whether we may sell a product (GTIN-14) in one of our conditions; see `AmazonCatalogue`.

        Raises:
            OutletRefusedError: Amazon refuses the question.
            ConnectionError: no answer.
        """
        return self._catalogue.fetch_permission(gtin, condition)

    def fetch_problems(self, sku: str) -> tuple[Issue, ...]:
        """Return what keeps a SKU down; a listing that was accepted can still fail while Amazon works on it.

        Raises:
            OutletRefusedError: Amazon refuses.
            ConnectionError: no answer.
        """
        found = self.listings.find(sku)
        return () if found is None else found.errors

    def update_price(self, sku: str, price: Money) -> None:
        """Set the price of a listing; its quantity is left alone.

        Raises:
            OutletRefusedError: the SKU has no listing, or Amazon refuses the price.
            ConnectionError: no answer; calling again is safe.
        """
        check_price(sku, price, self._store.currency)
        value = purchasable_offer(price, self._store.marketplace_id)
        self.listings.patch(self._get_listing(sku), "purchasable_offer", value, idempotent=True)

    def lower_quantity(self, sku: str, quantity: int) -> None:
        """Offer at most `quantity` of a SKU; what Amazon shows is never raised.

        Raises:
            OutletRefusedError: the SKU has no listing, or Amazon does not say how many it offers.
            ConnectionError: no answer; calling again is safe.
        """
        found = self._get_listing(sku)
        if found.quantity is None:
            raise OutletRefusedError("quantity_unknown", f"Amazon does not say how many of {sku} it offers")
        if max(quantity, 0) < found.quantity:
            self.listings.patch(found, "fulfillment_availability", stock(max(quantity, 0)))

    def fetch_prices(self, skus: Sequence[str]) -> dict[str, Money]:
        """Return the live price of each SKU; one that cannot be bought now is left out.

        Raises:
            OutletRefusedError: Amazon refuses.
            ConnectionError: no answer.
        """
        found = self.listings.search(skus)
        return {each.sku: each.price for each in found if each.is_buyable and each.price is not None}

    def fetch_signals(self, skus: Sequence[str]) -> dict[str, MarketSignals]:
        """Return the price at which each SKU should be the featured offer; one without such a price is left out.

        Raises:
            OutletRefusedError: Amazon refuses.
            ConnectionError: no answer.
        """
        featured = AmazonPrices(self._connection).fetch_featured_prices(skus)
        return {sku: MarketSignals(featured_offer=price) for sku, price in featured.items()}

    def withdraw(self, sku: str) -> None:
        """End the listing of a SKU; one that is gone is fine.

        Raises:
            OutletRefusedError: Amazon refuses.
            ConnectionError: no answer; calling again is safe.
        """
        self.listings.delete(sku)

    def fetch_orders(self, since: datetime | None) -> list[OutletOrder]:
        """Return the lines of orders that changed since then and that we ship or shipped; all when None."""
        return self.orders.fetch(since)

    def fetch_order(self, outlet_order_id: str) -> list[OutletOrder]:
        """Return the lines of one order that are ours to ship or shipped.

        Raises:
            OutletRefusedError: Amazon refuses, or knows no such order.
            ConnectionError: no answer.
        """
        return self.orders.fetch_one(outlet_order_id)

    def fetch_settled_fees(self, orders: Sequence[Order]) -> dict[str, Money]:
        """Return Amazon's fee of each of these orders that its finance data tells and that adds up, by our order id.

        Raises:
            OutletRefusedError: Amazon refuses.
            ConnectionError: no answer.
        """
        return AmazonFinances(self._connection).fetch_settled_fees(orders, self._clock.now())

    def fetch_returns(self, since: datetime) -> list[ToldReturn]:
        """Return the lines of orders changed since then that were cancelled; refunds are not told.

        Raises:
            OutletRefusedError: Amazon refuses.
            ConnectionError: no answer.
        """
        return self.orders.fetch_cancelled(since)

    def confirm_shipment(self, order: Order, tracking_number: str, shipped_at: datetime) -> None:
        """Tell Amazon that an order is on its way; the same tracking number again is fine.

        Raises:
            OutletRefusedError: Amazon refuses.
            ConnectionError: no answer; calling again is safe.
        """
        self.orders.confirm(order, tracking_number, shipped_at)

    def fetch_sold_prices(self, since: datetime | None) -> list[SoldPrice]:
        """Refuse: Amazon tells nobody what others sold, and an empty answer would read as "nothing sold".

        Raises:
            OutletRefusedError: always.
        """
        raise OutletRefusedError("not_supported", "Amazon tells nobody what others sold")

    def _check_not_sold(self, listing: Listing) -> None:
        """Refuse a SKU that was sold through an earlier try whose answer was lost.

        Order searches are few, so a listing that is drafted and put up at once is not asked for.
        """
        is_retry = self._clock.now() - listing.listed_at > AT_ONCE
        if is_retry and self.orders.has_sold(listing.sku, listing.listed_at):
            raise OutletRefusedError("sold_meanwhile", f"{listing.sku} was sold and is not put up again")

    def _check_permission(self, asin: str, condition: str) -> None:
        permission = self._catalogue.fetch_restrictions(asin, condition)
        if permission is Permission.UNKNOWN:
            raise OutletRefusedError("eligibility_unknown", f"Amazon does not say whether we may sell {asin}")
        if permission is not Permission.ALLOWED:
            raise OutletRefusedError(str(permission), f"Amazon says {permission} for {asin} in {condition}")

    def _get_listing(self, sku: str) -> OwnListing:
        found = self.listings.find(sku)
        if found is None:
            raise OutletRefusedError("outlet_404", f"{sku} has no listing at Amazon")
        return found


def _listing_id(found: OwnListing) -> str:
    """Return the ASIN of a SKU that Amazon has.

    Raises:
        OutletRefusedError: it could not be put up.
        NoAnswerError: Amazon still works on it.
    """
    if found.asin is not None:
        return found.asin
    if found.errors:
        raise issue_refusal(found.errors, f"{found.sku} could not be put up")
    raise NoAnswerError(f"Amazon still works on {found.sku}; ask again later")
