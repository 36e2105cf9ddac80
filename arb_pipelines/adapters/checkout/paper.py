"""Buying on paper: the shop is what our own books last read of it.

What belongs here: the `Buyer` port over stored readings. It asks nobody, so it serves replayed time; a purchase costs
what the reading says, and what a reading does not say is not known here either.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from arb_pipelines.domain.money import Money
from arb_pipelines.domain.offer import Offer
from arb_pipelines.domain.ports import Clock
from arb_pipelines.domain.purchase import BuyQuote, OrderRefused, PlacedOrder, Purchase
from arb_pipelines.domain.raw_product import Availability
from arb_pipelines.domain.site import Site

DELIVERED_AFTER = timedelta(days=3)
IN_STOCK = frozenset({Availability.IN_STOCK, Availability.LIMITED})

LoadOffers = Callable[[], Iterable[Offer]]


class PaperBuyer:
    """One shop at the time of a clock."""

    def __init__(self, site: Site, load_offers: LoadOffers, clock: Clock, placed: Sequence[PlacedOrder] = ()) -> None:
        """Answer from the readings that `load_offers` returns now; `placed` are the orders of an earlier process."""
        self._site = site
        self._load_offers = load_offers
        self._clock = clock
        self._orders = {order.shop_order_id: order for order in placed}

    def fetch_quote(self, url: str, sku: str) -> BuyQuote:
        """Return the latest reading as an answer; an offer that is not among the readings is not in stock."""
        offer = self._find(url, sku)
        if offer is None:
            return BuyQuote(sku, None, False)
        stock = None if offer.availability is None else offer.availability in IN_STOCK
        return BuyQuote(sku, self._total(offer, 1), stock)

    def place(self, purchase: Purchase) -> PlacedOrder | OrderRefused:
        """Take the order at the price of the reading; the same purchase is one order."""
        offer = self._find(purchase.url, purchase.sku or "")
        total = None if offer is None else self._total(offer, purchase.quantity)
        if total is None:
            return OrderRefused("out_of_stock", "no reading says what it costs")
        if total > purchase.reserved:
            return OrderRefused("price_changed", f"{total} in all, {purchase.reserved} reserved")
        order_id, now = f"paper-{purchase.purchase_id}", self._clock.now()
        order = PlacedOrder(order_id, purchase.purchase_id, purchase.sku or "", purchase.quantity, total, now, None)
        return self._orders.setdefault(order_id, order)

    def fetch_orders(self, since: datetime) -> list[PlacedOrder]:
        """Return the orders since then; each is delivered three days after it was placed."""
        return [self._as_of_now(order) for order in self._orders.values() if order.placed_at >= since]

    def _find(self, url: str, sku: str) -> Offer | None:
        here = (one for one in self._load_offers() if one.site == self._site.key)
        return next((one for one in here if (one.url, one.sku) == (url, sku)), None)

    def _total(self, offer: Offer, quantity: int) -> Money | None:
        if offer.shipping is None or self._site.tax_rate is None:
            return None
        goods = offer.price * quantity
        tax = (Decimal(goods.minor) * self._site.tax_rate).quantize(Decimal(1), ROUND_HALF_UP)
        return goods + offer.shipping + Money(int(tax), goods.currency)

    def _as_of_now(self, order: PlacedOrder) -> PlacedOrder:
        arrives_at = order.placed_at + DELIVERED_AFTER
        delivered_at = arrives_at if arrives_at <= self._clock.now() else None
        told = (order.shop_order_id, order.reference, order.sku, order.quantity, order.total, order.placed_at)
        return PlacedOrder(*told, delivered_at)


class PaperBuyers:
    """A paper account at every declared shop whose class lets anything be bought there."""

    def __init__(self, sites: Iterable[Site], load_offers: LoadOffers, clock: Clock) -> None:
        """Serve `sites`; see `PaperBuyer`."""
        self._buyers = {
            site.key: PaperBuyer(site, load_offers, clock) for site in sites if site.enabled and site.site_class.may_buy
        }

    def buyer_for(self, site: str) -> PaperBuyer | None:
        """Return the paper account at a shop."""
        return self._buyers.get(site)

    def close(self) -> None:
        """Release nothing; present so that every `Buyers` is closed alike."""
