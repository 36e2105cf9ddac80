"""The simulated buyers and the orders that they make."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from arb_pipelines.sandbox.catalogue import Product
from arb_pipelines.sandbox.channel.amounts import fee_minor
from arb_pipelines.sandbox.demand import daily_sale_probability, days_to_sell, hourly_sale_probability
from arb_pipelines.sandbox.running import WorldServer
from arb_pipelines_tests.fakes.clock import SettableClock
from arb_pipelines_tests.sandbox.conftest import Seller

ORDER = "/sell/fulfillment/v1/order"


@pytest.fixture
def product(server: WorldServer) -> Product:
    return server.world.products[0]


def _price(server: WorldServer, product: Product, share: float) -> str:
    return f"{server.world.market_value_usd(product, 0) * share:.2f}"


def test_demand_falls_with_the_price_and_ends() -> None:
    chances = [daily_sale_probability(ratio / 100) for ratio in range(80, 150)]
    assert chances == sorted(chances, reverse=True)
    assert (daily_sale_probability(0.9), daily_sale_probability(1.0), daily_sale_probability(1.4)) == (0.6, 0.6, 0)
    assert 1 - (1 - hourly_sale_probability(1.1)) ** 24 == pytest.approx(daily_sale_probability(1.1))
    assert days_to_sell(1.0, 0.0) == 1
    assert days_to_sell(1.4, 0.5) == 90


def test_a_fair_listing_sells_out_and_no_further(server: WorldServer, seller: Seller, product: Product) -> None:
    offer_id = seller.list_item("A-1", product, _price(server, product, 0.98), quantity=3)
    state = seller.advance(24 * 20)
    assert (state["channel_orders"], state["active_listings"]) == (3, 0)
    listing = seller.call("GET", f"/sell/inventory/v1/offer/{offer_id}").json()["listing"]
    assert (listing["listingStatus"], listing["soldQuantity"]) == ("OUT_OF_STOCK", 3)
    assert seller.advance(24 * 20)["channel_orders"] == 3


def test_about_sixty_per_cent_sell_within_a_day_at_market_value(server: WorldServer, seller: Seller) -> None:
    for copy in range(4):
        for product in server.world.products:
            seller.list_item(f"A-{copy}-{product.index}", product, _price(server, product, 0.97))
    listed = 4 * len(server.world.products)
    assert 0.4 < seller.advance(24)["channel_orders"] / listed < 0.8


def test_an_overpriced_or_unknown_listing_never_sells(server: WorldServer, seller: Seller, product: Product) -> None:
    seller.list_item("A-1", product, _price(server, product, 1.5))
    stranger = Product(0, "Nobody", "NO-1", "Thing", "x", "Home", "most", "4006381333931", 10.0, 100, 1.0)
    seller.list_item("A-2", stranger, "1.00")
    state = seller.advance(24 * 60)
    assert (state["channel_orders"], state["unmatched_listings"]) == (0, 1)


def test_sales_do_not_depend_on_when_one_looks(
    start: Callable[..., WorldServer], clock: SettableClock, web: object
) -> None:
    def created(looks: int) -> list[str]:
        clock.at = clock.at.replace(hour=12, minute=0, second=0)
        server = start(shops=20)
        seller = Seller(server, web)  # type: ignore[arg-type]
        seller.list_item("A-1", server.world.products[0], _price(server, server.world.products[0], 0.98), quantity=3)
        for _ in range(looks):
            clock.advance(seconds=480 / looks)
            seller.orders()
        return [order["creationDate"] for order in seller.orders()]

    assert created(looks=1) == created(looks=48) != []


def test_an_order_adds_up(server: WorldServer, seller: Seller, product: Product) -> None:
    seller.list_item("A-1", product, "40.00")
    seller.advance(24 * 90)
    order = seller.orders()[0]
    line = order["lineItems"][0]
    price = Decimal(order["pricingSummary"]["total"]["value"])
    tax = Decimal(line["ebayCollectAndRemitTaxes"][0]["amount"]["value"])
    fee = Decimal(order["totalMarketplaceFee"]["value"])
    assert (price, tax) == (Decimal("40.00"), Decimal("2.80"))
    assert Decimal(order["totalFeeBasisAmount"]["value"]) == price + tax
    assert fee == Decimal("5.44")  # 12 % of 42.80 is 5.136, and 0.30
    assert Decimal(order["paymentSummary"]["totalDueSeller"]["value"]) == price - fee
    assert (line["sku"], line["quantity"], order["orderFulfillmentStatus"]) == ("A-1", 1, "NOT_STARTED")
    full = seller.orders(fieldGroups="TAX_BREAKDOWN")[0]
    assert Decimal(full["pricingSummary"]["total"]["value"]) == price + tax


def test_the_fee_rounds_half_up() -> None:
    assert fee_minor(1000) == 150
    assert fee_minor(1004) == 150  # 120.48
    assert fee_minor(1013) == 152  # 121.56
    assert fee_minor(4125) == 525  # 495.00
    assert fee_minor(1_0375) == 1275  # 1245.00


def test_shipping_an_order_once(server: WorldServer, seller: Seller, product: Product, clock: SettableClock) -> None:
    seller.list_item("A-1", product, _price(server, product, 0.9))
    seller.advance(24 * 20)
    clock.advance(seconds=30)
    order = seller.orders()[0]
    path = f"{ORDER}/{order['orderId']}/shipping_fulfillment"
    line = {"lineItemId": order["lineItems"][0]["lineItemId"], "quantity": 1}
    body = {"lineItems": [line], "shippingCarrierCode": "USPS", "trackingNumber": "9400100000001"}
    shipped = seller.call("POST", path, body)
    assert shipped.status_code == 201
    assert shipped.headers["Location"].endswith("/shipping_fulfillment/9400100000001")
    assert seller.call("POST", path, body).status_code == 409
    assert seller.call("GET", path).json()["total"] == 1
    after = seller.call("GET", f"{ORDER}/{order['orderId']}").json()
    assert after["orderFulfillmentStatus"] == "FULFILLED"
    assert after["lastModifiedDate"] > after["creationDate"]


@pytest.mark.parametrize(
    ("changed", "error_id"),
    [
        ({"lineItems": [{"lineItemId": "1", "quantity": 1}]}, 32200),
        ({"trackingNumber": "has blanks"}, 32300),
        ({"shippingCarrierCode": ""}, 32300),
        ({"shippedDate": "yesterday"}, 32500),
    ],
)
def test_a_bad_shipment_is_refused(
    server: WorldServer, seller: Seller, product: Product, changed: dict, error_id: int
) -> None:
    seller.list_item("A-1", product, _price(server, product, 0.9))
    seller.advance(24 * 20)
    order_id = seller.orders()[0]["orderId"]
    body = {"shippingCarrierCode": "USPS", "trackingNumber": "94001", **changed}
    refused = seller.call("POST", f"{ORDER}/{order_id}/shipping_fulfillment", body)
    assert (refused.status_code, refused.json()["errors"][0]["errorId"]) == (400, error_id)
    assert seller.orders()[0]["orderFulfillmentStatus"] == "NOT_STARTED"
