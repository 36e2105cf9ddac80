"""Buying on paper: what the latest reading says, and nothing that it does not say."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from arb_pipelines.adapters.checkout.paper import PaperBuyer, PaperBuyers
from arb_pipelines.domain.offer import Offer
from arb_pipelines.domain.purchase import BuyQuote, OrderRefused, PlacedOrder
from arb_pipelines.domain.raw_product import Availability
from arb_pipelines.domain.site import Site, SiteClass
from arb_pipelines_tests.contracts.trade_records import approval, opportunity, purchase, usd
from arb_pipelines_tests.fakes.clock import START, SettableClock

SITE = Site("shop-1", "A", "https://shop-1.example", site_class=SiteClass.PERMITTED, tax_rate=Decimal("0.085"))
WANTED = purchase(approval(opportunity()), purchase_id="pu-1")
STOCK = Availability.IN_STOCK
OFFER = Offer(
    *("offer-1", "shop-1", WANTED.url, "S1", "A kettle", None, "product-1", "gtin"),
    *(usd(999), usd(400), STOCK, "new", START, "s1"),
)


def buyer(clock: SettableClock, shop: Site = SITE, **changes: object) -> PaperBuyer:
    offer = replace(OFFER, **changes)  # type: ignore[arg-type]  # the test names fields
    found = PaperBuyers([shop], lambda: [offer], clock).buyer_for("shop-1")
    assert found is not None
    return found


def test_a_quote_is_the_reading_with_shipping_and_tax(clock: SettableClock) -> None:
    assert buyer(clock).fetch_quote(WANTED.url, "S1") == BuyQuote("S1", usd(999 + 400 + 85), True)


@pytest.mark.parametrize(
    "changes, total, in_stock",
    [
        ({"shipping": None}, None, True),
        ({"availability": None}, usd(1_484), None),
        ({"availability": Availability.OUT_OF_STOCK}, usd(1_484), False),
        ({"sku": "S2"}, None, False),
        ({"site": "shop-2"}, None, False),
    ],
)
def test_what_is_not_read_is_not_known(
    clock: SettableClock, changes: dict[str, object], total: object, in_stock: object
) -> None:
    quote = buyer(clock, **changes).fetch_quote(WANTED.url, "S1")
    assert (quote.total, quote.in_stock) == (total, in_stock)


def test_a_tax_that_is_not_known_leaves_the_total_unknown(clock: SettableClock) -> None:
    shop = buyer(clock, replace(SITE, tax_rate=None))
    assert shop.fetch_quote(WANTED.url, "S1").total is None
    assert isinstance(shop.place(WANTED), OrderRefused)


def test_an_order_is_one_order_delivered_three_days_later(clock: SettableClock) -> None:
    shop = buyer(clock)
    placed = shop.place(WANTED)
    assert isinstance(placed, PlacedOrder)
    assert (placed.total, placed.reference) == (usd(1_484), "pu-1")
    assert shop.place(WANTED) == placed
    assert shop.fetch_orders(START) == [placed]
    assert shop.fetch_orders(START + timedelta(seconds=1)) == []
    clock.advance(days=3)
    assert shop.fetch_orders(START) == [replace(placed, delivered_at=START + timedelta(days=3))]
    assert buyer(clock, price=usd(9_999)).place(WANTED) == OrderRefused(
        "price_changed", "112.49 USD in all, 25.00 USD reserved"
    )


def test_sites_that_may_not_be_bought_at_have_no_account(clock: SettableClock) -> None:
    closed = [replace(SITE, enabled=False), replace(SITE, key="b", site_class=SiteClass.RESTRICTED)]
    buyers = PaperBuyers(closed, lambda: [], clock)
    assert (buyers.buyer_for("shop-1"), buyers.buyer_for("b"), buyers.buyer_for("c")) == (None, None, None)
    buyers.close()
