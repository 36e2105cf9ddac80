"""Our requests on the wire are those of Amazon's own SDK, for every operation that we use.

Each request of ours is taken apart, handed to the SDK's method and models, and what the SDK would send is compared.
Only what HTTP itself or the description says is equal is made equal: the order of the query, two writings of one
instant or one truth value, and an empty JSON object where the operation has no body (the SDK sends one with DELETE).
"""

from __future__ import annotations

import importlib
import json
import logging
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
import urllib3

from arb_pipelines.adapters.http.client import quoted
from arb_pipelines.adapters.marketplaces.amazon.plans import PLANS
from arb_pipelines.adapters.marketplaces.amazon.prices import AmazonPrices
from arb_pipelines.domain.money import Money
from arb_pipelines_tests.adapters.marketplaces.amazon.account import (
    ACCOUNT,
    ASIN,
    GTIN,
    NOW,
    a_listing,
    an_amazon_order,
    an_order,
    open_amazon,
)
from arb_pipelines_tests.contracts.vendor_operations import find
from arb_pipelines_tests.contracts.vendor_transport import Exchange

# The SDK's module and class, and the model of the body.
SDK: dict[str, tuple[str, str, str | None]] = {
    "searchCatalogItems": ("catalogitems_v2022_04_01", "CatalogApi", None),
    "getDefinitionsProductType": ("product_type_definitions_v2020_09_01", "DefinitionsApi", None),
    "getInventorySummaries": ("fba_inventory_v1", "FbaInventoryApi", None),
    "getListingsItem": ("listings_items_v2021_08_01", "ListingsApi", None),
    "searchListingsItems": ("listings_items_v2021_08_01", "ListingsApi", None),
    "putListingsItem": ("listings_items_v2021_08_01", "ListingsApi", "ListingsItemPutRequest"),
    "patchListingsItem": ("listings_items_v2021_08_01", "ListingsApi", "ListingsItemPatchRequest"),
    "deleteListingsItem": ("listings_items_v2021_08_01", "ListingsApi", None),
    "getListingsRestrictions": ("listings_restrictions_v2021_08_01", "ListingsRestrictionsApi", None),
    "searchOrders": ("orders_v2026_01_01", "SearchOrdersApi", None),
    "getOrder": ("orders_v2026_01_01", "GetOrderApi", None),
    "listTransactions": ("finances_v2024_06_19", "FinancesV2024Api", None),
    "confirmShipment": ("orders_v0", "OrdersV0Api", "ConfirmShipmentRequest"),
    "getMyFeesEstimates": ("product_fees_v0", "FeesApi", "list[FeesEstimateByIdRequest]"),
    "getCompetitiveSummary": (
        "product_pricing_v2022_05_01",
        "ProductPricingV2022Api",
        "CompetitiveSummaryBatchRequest",
    ),
    "getFeaturedOfferExpectedPriceBatch": (
        "product_pricing_v2022_05_01",
        "ProductPricingV2022Api",
        "GetFeaturedOfferExpectedPriceBatchRequest",
    ),
}
HOST = "https://sellingpartnerapi-na.amazon.com"
TOKEN = "contract-access-token"


class OnTheWireError(Exception):
    """The request would leave now."""


class Recorder(urllib3.PoolManager):
    """Keeps what urllib3 would send next."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: tuple[str, str, bytes | None, dict[str, str]] | None = None

    def urlopen(self, method: str, url: str, redirect: bool = True, **arguments: Any) -> Any:
        body = arguments.get("body")
        content = body.encode() if isinstance(body, str) else body
        self.sent = (method, url, content, dict(arguments.get("headers") or {}))
        raise OnTheWireError


class Tokens:
    """The SDK's token store, with the token that our client was given."""

    def get_lwa_access_token(self) -> str:
        return TOKEN


@pytest.fixture(scope="module")
def exchanges() -> dict[str, list[Exchange]]:
    """Every request that our clients make, by operation."""
    amazon = open_amazon()
    seller, prices = amazon.seller, AmazonPrices(amazon.connection)
    seller.list_item(a_listing())
    seller.list_item(a_listing("LOT 2/a&b=c", price="20"))
    seller.update_price("LOT-1", Money.of("18.45", "USD"))
    seller.lower_quantity("LOT-1", 1)
    seller.fetch_prices(["LOT-1", "LOT 2", "LOT+3"])
    amazon.vendor.reply_next("searchOrders", {"orders": [], "pagination": {"nextToken": "a+b/c=="}})
    amazon.vendor.reply("searchOrders", {"orders": []})
    seller.fetch_orders(NOW)
    amazon.vendor.reply("getOrder", {"order": an_amazon_order()})
    amazon.vendor.reply("confirmShipment", None)
    seller.confirm_shipment(an_order(), "9400 111", NOW)
    amazon.vendor.reply_next("listTransactions", {"payload": {"nextToken": "a+b/c=="}})
    amazon.vendor.reply("listTransactions", {"payload": {}})
    seller.fetch_settled_fees([an_order()])
    seller.fetch_order("111-1111111-1111111")
    seller.withdraw("LOT-1")
    prices.fetch_fees({ASIN: Money.of("10.00", "USD"), "B0SECOND01": Money.of("3.99", "USD")})
    prices.fetch_competition([ASIN, "B0SECOND01"])
    prices.fetch_featured_prices(["LOT-1"])
    amazon.vendor.reply("getInventorySummaries", {"payload": {"granularity": {}, "inventorySummaries": []}}, loose=True)
    prices.fetch_warehouse_stock()
    amazon.catalogue.fetch_restrictions(ASIN, "used_good")
    amazon.catalogue.fetch_items(GTIN)
    found: dict[str, list[Exchange]] = {}
    for exchange in amazon.vendor.exchanges:
        if exchange.operation != "oauthToken":
            found.setdefault(exchange.operation, []).append(exchange)
    return found


@pytest.fixture(scope="module")
def sdk_call() -> Iterator[Callable[[Exchange], tuple[str, str, bytes | None, dict[str, str]]]]:
    """Sends a request of ours with the SDK, as far as the wire."""
    spapi = _import_sdk()
    configuration = spapi.Configuration()
    configuration.host, configuration.access_token_cache = HOST, Tokens()
    client = spapi.ApiClient(configuration)
    recorder = client.rest_client.pool_manager = Recorder()

    def call(exchange: Exchange) -> tuple[str, str, bytes | None, dict[str, str]]:
        module, name, model = SDK[exchange.operation]
        api = getattr(spapi, name)(client)
        arguments = {_snake(key): value for key, value in exchange.values.items()}
        if model is not None:
            arguments[_body_name(exchange)] = _modelled(client, module, model, exchange.body)
        with suppress(OnTheWireError):
            getattr(api, _snake(exchange.operation))(**arguments)
        assert recorder.sent is not None
        return recorder.sent

    yield call
    recorder.clear()


def test_every_operation_of_ours_is_compared(exchanges: dict[str, list[Exchange]]) -> None:
    assert exchanges.keys() == SDK.keys() == PLANS.keys()


@pytest.mark.parametrize("operation", sorted(SDK))
def test_our_request_is_the_sdks(
    operation: str,
    exchanges: dict[str, list[Exchange]],
    sdk_call: Callable[[Exchange], tuple[str, str, bytes | None, dict[str, str]]],
) -> None:
    for exchange in exchanges[operation]:
        ours = exchange.request
        method, url, content, headers = sdk_call(exchange)
        assert (method, urlsplit(url).netloc) == (ours.method, ours.url.host)
        assert _path(url) == _path(str(ours.url))
        assert _query(url) == _query(str(ours.url))
        assert _json(content, exchange) == _json(ours.content, exchange)
        assert headers["x-amz-access-token"] == ours.headers["x-amz-access-token"]
        if ours.content:
            assert headers["Content-Type"].split(";")[0] == ours.headers["content-type"].split(";")[0]
        assert ours.headers["accept"] == headers["Accept"]


def test_our_token_request_is_the_sdks(
    exchanges: dict[str, list[Exchange]], sdk_call: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, dict[str, str]]] = []
    amazon = open_amazon()
    amazon.vendor.reply("searchOrders", {"orders": []})
    amazon.seller.fetch_orders(NOW)
    ours = amazon.vendor.exchanges[0]

    def post(url: str, data: dict[str, str]) -> None:
        asked.append((url, data))
        raise OnTheWireError

    lwa = importlib.import_module("spapi.auth.lwa_request")
    monkeypatch.setattr(lwa.requests, "post", post)
    with suppress(OnTheWireError):
        lwa.AccessTokenCache(ACCOUNT.client_id, ACCOUNT.client_secret, ACCOUNT.refresh_token).get_lwa_access_token()
    assert asked == [(str(ours.request.url), ours.body)]


def test_a_difference_is_found(
    exchanges: dict[str, list[Exchange]],
    sdk_call: Callable[[Exchange], tuple[str, str, bytes | None, dict[str, str]]],
) -> None:
    real = exchanges["putListingsItem"][-1]
    changed = Exchange(real.operation, real.request, real.values, {**real.body, "requirments": "LISTING"})
    _, _, content, _ = sdk_call(changed)
    assert _json(content, changed) != changed.body
    moved = Exchange(real.operation, real.request, {**real.values, "sku": "ANOTHER"}, real.body)
    assert _path(sdk_call(moved)[1]) != _path(str(real.request.url))


def _import_sdk() -> Any:
    """Import the SDK, which has faulty escapes in its source and sets up the whole program's logging."""
    root = logging.getLogger()
    level, handlers = root.level, root.handlers[:]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = importlib.import_module("spapi")
    root.setLevel(level)
    root.handlers[:] = handlers
    logging.getLogger("spapi").setLevel(logging.ERROR)
    return found


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _body_name(exchange: Exchange) -> str:
    """Return what the SDK calls the body: the name of the parameter in the description."""
    found = find("amazon-sp-api", exchange.request.method, exchange.request.url.raw_path.decode())
    assert found is not None
    template = found.operation.path
    said = found.operation.document["paths"][template][found.operation.method]
    return _snake(next(each["name"] for each in said["parameters"] if each["in"] == "body"))


def _modelled(client: Any, module: str, model: str, body: Any) -> Any:
    """Return a body as the SDK's model, which knows only its own fields."""
    client.api_models_module = f"spapi.models.{module}"
    models = importlib.import_module(client.api_models_module)
    read = client._ApiClient__deserialize
    if model.startswith("list["):
        return [read(each, getattr(models, model[5:-1])) for each in body]
    return read(body, getattr(models, model))


def _path(url: str) -> list[str]:
    return [unquote(part) for part in urlsplit(url).path.split("/")]


def _query(url: str) -> list[tuple[str, Any]]:
    pairs = parse_qsl(urlsplit(url).query, keep_blank_values=True)
    return sorted((name, _value(value)) for name, value in pairs)


def _value(text: str) -> str:
    """Return one writing for an instant and for a truth value."""
    if text in ("True", "False"):
        return text.lower()
    try:
        return datetime.fromisoformat(text).isoformat() if "T" in text and ":" in text else text
    except ValueError:
        return text


def _json(content: bytes | None, exchange: Exchange) -> Any:
    if not content or (content == b"{}" and exchange.body is None):
        return None
    return _one_writing(json.loads(content))


def _one_writing(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _one_writing(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_one_writing(each) for each in value]
    return _value(value) if isinstance(value, str) else value


def test_a_part_of_a_path_is_escaped_whole() -> None:
    assert quoted("a/b c") == "a%2Fb%20c"
