"""A sandbox to talk to: a clock that tests set, a customer of the shops, a seller at the channel."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from arb_pipelines.sandbox.catalogue import CATEGORY_IDS, Product
from arb_pipelines.sandbox.channel.account import LOCATION_KEY, POLICY_IDS
from arb_pipelines.sandbox.channel.tokens import SANDBOX_REFRESH_TOKEN
from arb_pipelines.sandbox.running import WorldServer, run_world_in_thread
from arb_pipelines.sandbox.shop_orders import SANDBOX_BUYER_TOKEN
from arb_pipelines_tests.fakes.clock import SettableClock

STARTED_AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
ENGLISH = {"Content-Language": "en-US"}


class Customer:
    """A program that buys at the shops."""

    def __init__(self, server: WorldServer, web: httpx.Client) -> None:
        self._server = server
        self._web = web

    def offers(self, **wanted: Any) -> list[dict[str, Any]]:
        offers = self._web.get(f"{self._server.channel_url}/sandbox/offers").json()
        return [offer for offer in offers if all(offer[name] == value for name, value in wanted.items())]

    def in_stock(self, units: int = 1) -> dict[str, Any]:
        return next(o for o in self.offers() if o["available"] >= units)

    def quote(self, offer: dict[str, Any]) -> httpx.Response:
        return self._get(offer, "/api/quotes", sku=offer["sku"])

    def orders(self, offer: dict[str, Any], **query: str) -> list[dict[str, Any]]:
        return self._get(offer, "/api/orders", **query).json()["orders"]

    def buy(self, offer: dict[str, Any], quantity: int = 1, reference: str = "r-1", **changed: Any) -> httpx.Response:
        body = {"sku": offer["sku"], "quantity": quantity, "max_total_minor": 10**7, "reference": reference, **changed}
        return self._web.post(self._url(offer, "/api/orders"), json=body, headers=self._headers())

    def _get(self, offer: dict[str, Any], path: str, **query: str) -> httpx.Response:
        return self._web.get(self._url(offer, path), params=query, headers=self._headers())

    def _url(self, offer: dict[str, Any], path: str) -> str:
        return self._server.shop_urls[offer["shop"]] + path

    @staticmethod
    def _headers() -> dict[str, str]:
        return {"Authorization": f"Bearer {SANDBOX_BUYER_TOKEN}"}


class Seller:
    """A program that sells at the channel; `call` has the seller's own token, `search` the application's."""

    def __init__(self, server: WorldServer, web: httpx.Client) -> None:
        self._server = server
        self._web = web
        self.token = self._issue(grant_type="refresh_token", refresh_token=SANDBOX_REFRESH_TOKEN)
        self.application_token = self._issue(grant_type="client_credentials")

    def call(self, method: str, path: str, body: Any = None, token: str = "", **query: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token or self.token}", **(ENGLISH if method in ("PUT", "POST") else {})}
        return self._web.request(
            method, self._server.channel_url + path, json=body, headers=headers, params=query or None
        )

    def search(self, path: str, **query: Any) -> httpx.Response:
        return self.call("GET", path, token=self.application_token, **query)

    def put_item(self, sku: str, product: Product, quantity: int = 1, condition: str = "NEW") -> httpx.Response:
        item = {
            "availability": {"shipToLocationAvailability": {"quantity": quantity}},
            "condition": condition,
            "product": {"title": product.title[:80], "brand": product.brand, "ean": [product.gtin]},
        }
        return self.call("PUT", f"/sell/inventory/v1/inventory_item/{sku}", item)

    def offer_body(self, sku: str, product: Product, price: str, quantity: int = 1) -> dict[str, Any]:
        return {
            "sku": sku,
            "marketplaceId": "EBAY_US",
            "format": "FIXED_PRICE",
            "availableQuantity": quantity,
            "categoryId": CATEGORY_IDS[product.category],
            "listingPolicies": {f"{kind}PolicyId": number for kind, number in POLICY_IDS.items()},
            "merchantLocationKey": LOCATION_KEY,
            "pricingSummary": {"price": {"value": price, "currency": "USD"}},
        }

    def list_item(self, sku: str, product: Product, price: str, quantity: int = 1) -> str:
        self.put_item(sku, product, quantity)
        created = self.call("POST", "/sell/inventory/v1/offer", self.offer_body(sku, product, price, quantity))
        offer_id: str = created.json()["offerId"]
        published = self.call("POST", f"/sell/inventory/v1/offer/{offer_id}/publish")
        assert published.status_code == 200, published.text
        return offer_id

    def orders(self, **query: Any) -> list[dict[str, Any]]:
        return self.call("GET", "/sell/fulfillment/v1/order", **query).json()["orders"]

    def advance(self, hours: float) -> dict[str, Any]:
        answer = self._web.post(f"{self._server.channel_url}/sandbox/advance", json={"hours": hours})
        return answer.json()

    def _issue(self, **form: str) -> str:
        answer = self._web.post(
            f"{self._server.channel_url}/identity/v1/oauth2/token", data=form, auth=("client", "secret")
        )
        return answer.json()["access_token"]


@pytest.fixture
def clock() -> SettableClock:
    """Real time as a test sets it; at the default speed one real second is one world hour."""
    return SettableClock(STARTED_AT)


@pytest.fixture
def start(clock: SettableClock) -> Iterator[Callable[..., WorldServer]]:
    """Start sandboxes that stop with the test."""
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(run_world_in_thread(**{"clock": clock.now, **options}))


@pytest.fixture
def server(start: Callable[..., WorldServer]) -> WorldServer:
    return start(shops=20)


@pytest.fixture(scope="session")
def web() -> Iterator[httpx.Client]:
    # One for all tests: a client costs tens of milliseconds, more than a small sandbox.
    with httpx.Client(trust_env=False, timeout=10) as client:
        yield client


@pytest.fixture
def customer(server: WorldServer, web: httpx.Client) -> Customer:
    return Customer(server, web)


@pytest.fixture
def seller(server: WorldServer, web: httpx.Client) -> Seller:
    return Seller(server, web)
