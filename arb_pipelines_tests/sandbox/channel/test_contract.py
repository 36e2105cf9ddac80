"""The channel against the published interface descriptions: paths, methods, status codes, field names, error numbers.

The descriptions are not ours to keep; they are found through ARB_SHARED_DIR, default ../shared.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from jsonschema import Draft202012Validator

from arb_pipelines.sandbox.channel.routes import ROUTES, TOKEN_PATH
from arb_pipelines.sandbox.running import WorldServer
from arb_pipelines_tests.conftest import skip_or_fail
from arb_pipelines_tests.sandbox.conftest import Seller

TOP = Path(__file__).resolve().parents[3]
CONTRACTS = Path(os.environ.get("ARB_SHARED_DIR", TOP.parent / "shared")) / "contracts" / "ebay"
FILES = {
    "/sell/inventory/v1": "sell_inventory_v1_oas3.json",
    "/sell/fulfillment/v1": "sell_fulfillment_v1_oas3.json",
    "/sell/account/v1": "sell_account_v1_oas3.json",
    "/buy/browse/v1": "buy_browse_v1_oas3.json",
    "/commerce/message/v1": "commerce_message_v1_oas3.json",
    "/buy/marketplace_insights/v1_beta": "buy_marketplace_insights_v1_beta_oas3.json",
}
# Access errors are the gateway's; they stand in no description.
GATEWAY_ERRORS = {1001, 1100, 2002}
ASPECTS = {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}}
EXTRAS = {"^sandbox[A-Z]": {}}


@pytest.fixture(autouse=True)
def _contracts() -> None:
    if not CONTRACTS.is_dir():
        skip_or_fail(f"no interface descriptions at {CONTRACTS}: set ARB_SHARED_DIR")


@cache
def _description(base: str) -> dict[str, Any]:
    """Return a description with every schema closed, so that an unknown field is found."""
    description: dict[str, Any] = json.loads((CONTRACTS / FILES[base]).read_text())
    for schema in description["components"]["schemas"].values():
        if schema.get("type") == "object" and "properties" in schema:
            schema["additionalProperties"] = False
            schema["patternProperties"] = EXTRAS
    product = description["components"]["schemas"].get("Product", {}).get("properties", {})
    if "aspects" in product:  # described as text, a map of lists on the wire
        product["aspects"] = ASPECTS
    return description


def _operation(method: str, path: str) -> tuple[str, dict[str, Any]]:
    """Return the base path and the description of the operation that answers at a path."""
    base = next(base for base in FILES if path.startswith(base + "/"))
    rest = path.removeprefix(base)
    exact_first = sorted(_description(base)["paths"].items(), key=lambda entry: entry[0].count("{"))
    for template, operations in exact_first:
        if method.lower() in operations and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), rest):
            return base, operations[method.lower()]
    raise AssertionError(f"no operation for {method} {path}")


def _check_schema(base: str, schema: dict[str, Any], value: Any) -> None:
    document = {"components": _description(base)["components"], **schema}
    faults = sorted(Draft202012Validator(document).iter_errors(value), key=str)
    assert not faults, faults[0].message


def _check_error(base: str, body: dict[str, Any]) -> None:
    error_id = body["errors"][0]["errorId"]
    assert f'"{error_id}"' in json.dumps(_description(base)) or error_id in GATEWAY_ERRORS, error_id
    if "Error" in _description(base)["components"]["schemas"]:
        _check_schema(base, {"$ref": "#/components/schemas/Error"}, body["errors"][0])


def check_exchange(answer: httpx.Response) -> None:
    """Compare one request and its answer with the description of its operation."""
    request = answer.request
    base, operation = _operation(request.method, urlsplit(str(request.url)).path)
    known = {parameter["name"] for parameter in operation.get("parameters", []) if parameter["in"] == "query"}
    assert set(request.url.params) <= known
    if "requestBody" in operation and request.content:
        _check_schema(
            base, operation["requestBody"]["content"]["application/json"]["schema"], json.loads(request.content)
        )
    if answer.status_code in (401, 403) or (answer.status_code == 409 and "/buy/" not in base):
        return
    described = operation["responses"][str(answer.status_code)]
    if answer.status_code >= 400:
        _check_error(base, answer.json())
    elif answer.status_code == 207:
        _check_schema(base, operation["responses"]["200"]["content"]["application/json"]["schema"], answer.json())
    elif "content" in described:
        _check_schema(base, described["content"]["application/json"]["schema"], answer.json())
    else:
        assert answer.content == b""


@pytest.fixture
def exchanges(server: WorldServer) -> Iterator[list[httpx.Response]]:
    """Everything that was said to the channel, checked at the end."""
    heard: list[httpx.Response] = []

    def hear(answer: httpx.Response) -> None:
        answer.read()
        if not urlsplit(str(answer.request.url)).path.startswith(("/sandbox/", TOKEN_PATH)):
            heard.append(answer)

    with httpx.Client(trust_env=False, event_hooks={"response": [hear]}) as web:
        _trade(server, Seller(server, web))
        yield heard


def _trade(server: WorldServer, seller: Seller) -> None:
    """Use every call of the channel, some of them wrongly."""
    product = server.world.products[0]
    offers, orders = "/sell/inventory/v1/offer", "/sell/fulfillment/v1/order"
    offer_id = seller.list_item("A-1", product, "20.00", quantity=2)
    _read_and_revise(seller, offer_id, seller.offer_body("A-1", product, "20.00", quantity=2))
    seller.advance(24 * 60)
    order = seller.orders(limit=1, filter="creationdate:[2026-01-01T00:00:00.000Z..]")[0]
    seller.orders(fieldGroups="TAX_BREAKDOWN")
    shipment = {
        "lineItems": [{"lineItemId": order["lineItems"][0]["lineItemId"], "quantity": 1}],
        "shippedDate": "2026-03-02T12:00:00.000Z",
        "shippingCarrierCode": "USPS",
        "trackingNumber": "94001",
    }
    path = f"{orders}/{order['orderId']}/shipping_fulfillment"
    for body in (shipment, shipment, {**shipment, "trackingNumber": ""}):
        seller.call("POST", path, body)
    for address in (path, f"{path}/94001", f"{orders}/{order['orderId']}", f"{orders}/0", f"{offers}/0"):
        seller.call("GET", address)
    seller.call("GET", orders, filter="colour:{RED}")
    words = {"otherPartyUsername": order["buyer"]["username"], "messageText": "On its way."}
    for body in (words, {**words, "messageText": ""}, {**words, "otherPartyUsername": "nobody"}, {"messageText": "x"}):
        seller.call("POST", "/commerce/message/v1/send_message", body)
    seller.call("POST", f"{offers}/{offer_id}/withdraw")
    seller.call("DELETE", f"{offers}/{offer_id}")
    seller.call("DELETE", "/sell/inventory/v1/inventory_item/A-1")
    seller.call("GET", "/sell/inventory/v1/location")
    for kind in ("fulfillment", "payment", "return"):
        seller.call("GET", f"/sell/account/v1/{kind}_policy", marketplace_id="EBAY_US")
    for search in ("/buy/browse/v1/item_summary/search", "/buy/marketplace_insights/v1_beta/item_sales/search"):
        seller.search(search, category_ids="90001,90002,90003", limit=20, offset=20)
        seller.search(search, gtin=product.gtin, sort="price")
        seller.search(search, limit=5)
        seller.search(search, q="x", limit=0)


def _read_and_revise(seller: Seller, offer_id: str, body: dict[str, Any]) -> None:
    offers = "/sell/inventory/v1/offer"
    seller.call("GET", f"{offers}/{offer_id}")
    seller.call("GET", offers, sku="A-1")
    seller.call("GET", offers, sku="none")
    seller.call("POST", offers, body)
    editable = {name: value for name, value in body.items() if name not in ("sku", "marketplaceId", "format")}
    seller.call("PUT", f"{offers}/{offer_id}", editable)
    seller.call("PUT", "/sell/inventory/v1/inventory_item/A-2", {"condition": "NEW", "product": {"title": "x" * 81}})
    seller.call("GET", "/sell/inventory/v1/inventory_item/A-1")
    price = {"value": "19.00", "currency": "USD"}
    for number in (offer_id, "1"):
        request = {"offers": [{"offerId": number, "price": price, "availableQuantity": 2}]}
        seller.call("POST", "/sell/inventory/v1/bulk_update_price_quantity", {"requests": [request]})


def test_every_exchange_is_as_described(exchanges: list[httpx.Response]) -> None:
    assert len(exchanges) > 35
    for answer in exchanges:
        check_exchange(answer)


def test_every_call_was_used(exchanges: list[httpx.Response]) -> None:
    used = {(answer.request.method, urlsplit(str(answer.request.url)).path) for answer in exchanges}
    unused = [
        (route.method, route.pattern.pattern)
        for route in ROUTES
        if not any(method == route.method and route.pattern.fullmatch(path) for method, path in used)
    ]
    assert not unused


def test_the_check_finds_an_unknown_field(exchanges: list[httpx.Response]) -> None:
    answer = next(
        a for a in exchanges if a.request.method == "GET" and "/offer?" in str(a.request.url) and a.is_success
    )
    body = answer.json()
    body["offers"][0]["offerID"] = "1"
    spoiled = httpx.Response(200, json=body, request=answer.request)
    with pytest.raises(AssertionError, match="offerID"):
        check_exchange(spoiled)
