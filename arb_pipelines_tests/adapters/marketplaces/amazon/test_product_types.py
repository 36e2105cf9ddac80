"""An offer is held against Amazon's schema; without the right schema nothing is listed."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest

from arb_pipelines.adapters.marketplaces.amazon.product_types import ProductTypes, build_validator, read_schema
from arb_pipelines.domain.outlet import OutletRefusedError
from arb_pipelines_tests.adapters.marketplaces.amazon.account import (
    STORE,
    Amazon,
    SchemaStore,
    definition,
    open_amazon,
)

GOOD: dict[str, Any] = {
    "condition_type": [{"value": "new_new", "marketplace_id": STORE}],
    "merchant_suggested_asin": [{"value": "B0CONTRACT", "marketplace_id": STORE}],
    "purchasable_offer": [{}],
    "fulfillment_availability": [{"quantity": 1}],
}


@pytest.fixture
def amazon() -> Amazon:
    return open_amazon()


@pytest.fixture
def types(amazon: Amazon) -> ProductTypes:
    return ProductTypes(amazon.connection, amazon.store, clock_s=amazon.clock)


def test_the_schema_is_fetched_once_a_day_without_our_token(amazon: Amazon, types: ProductTypes) -> None:
    types.check("LUGGAGE", GOOD)
    types.check("LUGGAGE", GOOD)
    assert len(amazon.store.asked) == 1
    assert "x-amz-access-token" not in amazon.store.asked[0].headers
    amazon.clock.advance(90_000)
    types.check("LUGGAGE", GOOD)
    assert len(amazon.store.asked) == 2
    (asked, _) = [each.values for each in amazon.vendor.exchanges if each.operation == "getDefinitionsProductType"]
    assert (asked["requirements"], asked["sellerId"]) == ("LISTING_OFFER_ONLY", "SELLER1")


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"condition_type": [{"value": "mint"}]}, "condition_type"),
        ({"condition_type": [{"value": "new_new", "marketplace_id": STORE}] * 2}, "more than 1 entries"),
        ({"fulfillment_availability": [{"quantity": -1}]}, "quantity"),
        ({"merchant_suggested_asin": [{"value": "ääääää"}]}, "longer than 10 bytes"),
        ({"purchasable_offer": []}, "purchasable_offer"),
        ({"purchasable_offer": None}, "purchasable_offer"),
    ],
)
def test_an_offer_that_the_schema_does_not_allow_is_refused(
    types: ProductTypes, change: dict[str, Any], fault: str
) -> None:
    with pytest.raises(OutletRefusedError, match=fault) as refused:
        types.check("LUGGAGE", {**GOOD, **change})
    assert refused.value.code == "listing_invalid"


def test_a_missing_attribute_is_refused(types: ProductTypes) -> None:
    without = {name: value for name, value in GOOD.items() if name != "condition_type"}
    with pytest.raises(OutletRefusedError, match="condition_type"):
        types.check("LUGGAGE", without)


def test_words_of_amazons_own() -> None:
    short = build_validator({"type": "string", "minUtf8ByteLength": 3})
    assert (short.is_valid("ab"), short.is_valid("ä€"), short.is_valid(1)) == (False, True, False)
    apart = build_validator({"maxUniqueItems": 1, "selectors": ["a"]})
    assert apart.is_valid([{"a": 1}, {"a": 2}])
    assert not apart.is_valid([{"a": 1}, {"a": 1}])
    assert apart.is_valid("text")


@pytest.mark.parametrize(
    "url",
    ["http://x.s3.amazonaws.com/a", "https://amazonaws.com.evil.example/a", "https://127.0.0.1/a", "file:///a", ""],
)
def test_a_schema_elsewhere_is_not_fetched(amazon: Amazon, types: ProductTypes, url: str) -> None:
    amazon.vendor.reply("getDefinitionsProductType", lambda exchange: definition(amazon.store, url))
    with pytest.raises(ValueError):
        types.check("LUGGAGE", GOOD)
    assert amazon.store.asked == []


def test_another_schema_than_promised_is_refused(amazon: Amazon, types: ProductTypes) -> None:
    promised = definition(amazon.store)
    amazon.vendor.reply("getDefinitionsProductType", promised)
    amazon.store.content = b"{}"  # would allow everything
    with pytest.raises(ValueError, match="checksum"):
        types.check("LUGGAGE", GOOD)
    amazon.store.status = 503
    with pytest.raises(ConnectionError, match="503"):
        types.check("LUGGAGE", GOOD)


@pytest.mark.parametrize("content", [b"", b"[]", b"<html>", b'{"type": 5}', b'{"$ref": "https://elsewhere.example/s"}'])
def test_what_is_no_schema_is_refused(amazon: Amazon, types: ProductTypes, content: bytes) -> None:
    amazon.store.content = content
    with pytest.raises(ValueError):
        types.check("LUGGAGE", GOOD)


def test_a_checksum_may_be_written_in_either_way() -> None:
    store = SchemaStore()
    assert read_schema(store.content, store.checksum) == json.loads(store.content)
    with pytest.raises(ValueError):
        read_schema(store.content, "")


def test_without_the_library_nothing_is_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jsonschema_rs", None)
    with pytest.raises(OutletRefusedError, match="install") as refused:
        build_validator({})
    assert refused.value.code == "schema_unchecked"
