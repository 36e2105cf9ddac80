"""The contract transport refuses what a description does not allow, and answers as the vendor does, well or badly."""

from __future__ import annotations

import json
import time
from collections import Counter
from typing import Any

import httpx
import pytest

from arb_pipelines_tests.contracts import operations_used
from arb_pipelines_tests.contracts.vendor_examples import example_of, good_status, sandbox_pairs
from arb_pipelines_tests.contracts.vendor_faults import (
    Dripping,
    NoAnswer,
    Page,
    Slow,
    Status,
    Truncated,
    Unreachable,
)
from arb_pipelines_tests.contracts.vendor_files import OVERLAYS, Overlay, lay, load_description
from arb_pipelines_tests.contracts.vendor_operations import find, named, operations
from arb_pipelines_tests.contracts.vendor_requests import ContractError
from arb_pipelines_tests.contracts.vendor_schemas import faults
from arb_pipelines_tests.contracts.vendor_transport import ContractTransport

AMAZON, EBAY, TWILIO, SENDGRID, VAULT = "amazon-sp-api", "ebay", "twilio", "sendgrid", "vault"
HEADERS = {
    AMAZON: {"x-amz-access-token": "t", "user-agent": "a/1"},
    EBAY: {"authorization": "Bearer t", "Content-Language": "en-US"},
    TWILIO: {"authorization": "Basic t"},
    SENDGRID: {"authorization": "Bearer t"},
    VAULT: {"x-vault-token": "t"},
}
ITEM = "/listings/2021-08-01/items/S/SKU-1"
MESSAGES = f"/2010-04-01/Accounts/AC{'0' * 32}/Messages.json"
MAIL = {
    "personalizations": [{"to": [{"email": "a@b.example"}]}],
    "from": {"email": "c@d.example"},
    "subject": "s",
    "content": [{"type": "text/plain", "value": "x"}],
}
PUT = {"productType": "LUGGAGE", "attributes": {"anything": [{"value": 1}]}}


def send(
    vendor: ContractTransport, method: str, url: str, *, headers: dict[str, str] | None = None, **arguments: Any
) -> httpx.Response:
    """Send one request to a vendor's loopback name."""
    address = url if url.startswith("http") else f"https://vendor.test{url}"
    given = HEADERS[vendor.vendor] if headers is None else headers
    with httpx.Client(transport=vendor, trust_env=False, timeout=10.0, headers={"user-agent": ""}) as web:
        return web.request(method, address, headers=given, **arguments)


OFFER, INVENTORY_ITEM = "/sell/inventory/v1/offer?sku=A", "/sell/inventory/v1/inventory_item/A"
CATALOG = "/catalog/2022-04-01/items?marketplaceIds=M&identifiers=1,2&identifiersType=EAN"
ASPECTS = {"product": {"aspects": {"Colour": ["red"]}}}
TEXT = {"To": "+15550100", "Body": "x", "MediaUrl": ["https://a.example/1", "https://a.example/2"]}
NO_LANGUAGE = {"json": {}, "headers": {"authorization": "Bearer t"}}


GOOD: list[tuple[str, str, str, dict[str, Any], str]] = [
    (AMAZON, "PUT", f"{ITEM}?marketplaceIds=ATVPDKIKX0DER", {"json": PUT}, "putListingsItem"),
    (AMAZON, "GET", "/listings/2021-08-01/items/S/a%2Fb?marketplaceIds=M", {}, "getListingsItem"),
    (AMAZON, "GET", CATALOG, {}, "searchCatalogItems"),
    (EBAY, "GET", OFFER, {}, "getOffers"),
    (EBAY, "GET", "https://api.sandbox.ebay.com/sell/inventory/v1/offer?sku=A", {}, "getOffers"),
    (EBAY, "PUT", INVENTORY_ITEM, {"json": ASPECTS}, "createOrReplaceInventoryItem"),
    (TWILIO, "POST", MESSAGES, {"data": TEXT}, "CreateMessage"),
    (SENDGRID, "POST", "/v3/mail/send", {"json": MAIL}, "SendMail"),
    (VAULT, "GET", "/v1/secret/data/one/two", {}, "kv-v2-read"),
]  # fmt: skip


@pytest.mark.parametrize(("vendor", "method", "url", "arguments", "name"), GOOD, ids=lambda value: str(value)[:40])
def test_a_request_that_keeps_to_the_description_is_answered(
    vendor: str, method: str, url: str, arguments: dict[str, Any], name: str
) -> None:
    transport = ContractTransport(vendor, counted=False)
    answer = send(transport, method, url, **arguments)
    assert answer.status_code < 300
    assert transport.operations == {name: 1}
    assert transport.exchanges[0].status == answer.status_code


BAD: list[tuple[str, str, str, dict[str, Any], str]] = [
    (AMAZON, "GET", "/listings/2021-08-01/nothing/S", {}, "no operation"),
    (AMAZON, "POST", f"{ITEM}?marketplaceIds=M", {"json": PUT}, "no operation"),
    (AMAZON, "GET", "/listings/2021-08-01/items/S/?marketplaceIds=M", {}, "no operation"),
    (AMAZON, "GET", "/listings/2021-08-01/items/S/{sku}?marketplaceIds=M", {}, "the path has no sku"),
    (AMAZON, "GET", f"{ITEM}?marketplaceIds=M&includeData=offers", {}, "includeData is not known"),
    (AMAZON, "GET", ITEM, {}, "marketplaceIds is missing"),
    (AMAZON, "PUT", f"{ITEM}?marketplaceIds=M,N", {"json": PUT}, "more than 1 item"),
    (AMAZON, "GET", f"{ITEM}?marketplaceIds=M&marketplaceIds=N", {}, "given 2 times"),
    (AMAZON, "GET", f"{ITEM}?marketplaceIds=M&includedData=offers,prices", {}, "is not one of"),
    (AMAZON, "GET", "/orders/2026-01-01/orders?maxResultsPerPage=many", {}, 'is not of type "integer"'),
    (AMAZON, "GET", "/orders/2026-01-01/orders?createdAfter=yesterday", {}, 'is not a "date-time"'),
    (AMAZON, "GET", f"{ITEM}?marketplaceIds=M", {"headers": {"user-agent": "a/1"}}, "x-amz-access-token is missing"),
    (AMAZON, "GET", f"{ITEM}?marketplaceIds=M", {"headers": {"x-amz-access-token": "t"}}, "user-agent is missing"),
    (AMAZON, "PUT", f"{ITEM}?marketplaceIds=M", {}, "the body is missing"),
    (AMAZON, "GET", f"{ITEM}?marketplaceIds=M", {"json": {}}, "takes none"),
    (AMAZON, "PUT", f"{ITEM}?marketplaceIds=M", {"json": {"productType": "P"}}, '"attributes" is a required'),
    (AMAZON, "PUT", f"{ITEM}?marketplaceIds=M", {"json": {**PUT, "requirments": "LISTING"}}, "requirments"),
    (AMAZON, "PUT", f"{ITEM}?marketplaceIds=M", {"json": {**PUT, "requirements": "ALL"}}, "is not one of"),
    (AMAZON, "PUT", f"{ITEM}?marketplaceIds=M", {"data": {"productType": "P"}}, "content type"),
    (AMAZON, "PUT", f"{ITEM}?marketplaceIds=M", {"content": "{", "type": "json"}, "cannot be read"),
    (AMAZON, "PUT", f"{ITEM}?marketplaceIds=M", {"content": '{"productType": NaN}', "type": "json"}, "NaN"),
    (AMAZON, "GET", f"https://elsewhere.com{ITEM}?marketplaceIds=M", {}, "not by elsewhere.com"),
    (AMAZON, "POST", "/auth/o2/token", {"data": {"grant_type": "refresh_token", "client_id": "c"}}, "client_secret"),
    (EBAY, "GET", OFFER, {"headers": {}}, "authorization is missing"),
    (EBAY, "GET", "https://apiz.ebay.com/sell/inventory/v1/offer?sku=A", {}, "not by apiz.ebay.com"),
    (EBAY, "PUT", INVENTORY_ITEM, NO_LANGUAGE, "Content-Language is missing"),
    (EBAY, "PUT", INVENTORY_ITEM, {"json": {"product": {"titel": "x"}}}, "titel"),
    (EBAY, "PUT", INVENTORY_ITEM, {"json": {"product": {"aspects": "x"}}}, "aspects"),
    (EBAY, "POST", "/identity/v1/oauth2/token", {"data": {"grant_type": "password"}}, "is not one of"),
    (TWILIO, "POST", MESSAGES, {"data": {"To": "+15550100", "Text": "x"}}, "Text"),
    (TWILIO, "POST", MESSAGES, {"data": {"Body": "x"}}, '"To" is a required property'),
    (TWILIO, "POST", MESSAGES, {"data": {"To": ["+15550100", "+15550101"]}}, "given twice"),
    (TWILIO, "POST", MESSAGES, {"json": {"To": "+15550100"}}, "content type"),
    (TWILIO, "POST", MESSAGES.replace("AC0", "XX0"), {"data": {"To": "+15550100"}}, "does not match"),
    (TWILIO, "POST", MESSAGES, {"data": {"To": "+1", "ValidityPeriod": "soon"}}, 'is not of type "integer"'),
    (SENDGRID, "POST", "/v3/mail/send", {"json": {**MAIL, "body": "x"}}, "body"),
    (SENDGRID, "POST", "/v3/mail/send", {"json": {**MAIL, "from": {"email": "nobody"}}}, "email"),
    (SENDGRID, "POST", "/v3/mail/send", {"json": {**MAIL, "from": {"mail": "a@b.example"}}}, "mail"),
    (VAULT, "GET", "/secret/data/one", {}, "no operation"),
    (VAULT, "GET", "/v1/secret/data/one", {"headers": {}}, "x-vault-token is missing"),
]  # fmt: skip


@pytest.mark.parametrize(("vendor", "method", "url", "arguments", "reason"), BAD, ids=lambda value: str(value)[:40])
def test_a_request_that_does_not_is_refused(
    vendor: str, method: str, url: str, arguments: dict[str, Any], reason: str
) -> None:
    transport = ContractTransport(vendor, counted=False)
    if "type" in arguments:
        kind = {"content-type": f"application/{arguments['type']}"}
        arguments = {"content": arguments["content"], "headers": {**HEADERS[vendor], **kind}}
    with pytest.raises(ContractError, match=reason.replace('"', '"?')):
        send(transport, method, url, **arguments)
    assert len(transport.refused) == 1
    assert not transport.exchanges


def test_the_pair_that_fits_the_request_is_answered() -> None:
    transport = ContractTransport(AMAZON, counted=False)
    query = "?marketplaceIds=ATVPDKIKX0DER&includedData=identifiers,issues&mode=VALIDATION_PREVIEW"
    statuses = {
        sku: send(transport, "PUT", f"/listings/2021-08-01/items/S/{sku}{query}", json=PUT).json().get("status")
        for sku in ("VALIDATION_VALID", "VALIDATION_INVALID", "OTHER", "BadSKU")
    }
    assert statuses == {
        "VALIDATION_VALID": "VALID",
        "VALIDATION_INVALID": "INVALID",
        "OTHER": "ACCEPTED",
        "BadSKU": None,
    }
    assert transport.exchanges[-1].status == 400


def test_a_reply_is_given_and_held_against_the_answers_schema() -> None:
    transport = ContractTransport(EBAY, counted=False)
    transport.reply("getOffers", {"offers": []})
    transport.reply_next("getOffers", {"errors": []}, status=404, loose=True)
    url = OFFER
    assert send(transport, "GET", url).status_code == 404
    assert send(transport, "GET", url).json() == {"offers": []}
    transport.reply("getOffers", lambda exchange: (200, {"href": exchange.values["sku"]}))
    assert send(transport, "GET", url).json() == {"href": "A"}
    transport.reply("getOffers", {"offer": []})
    with pytest.raises(ContractError, match="none of the vendor's"):
        send(transport, "GET", url)
    with pytest.raises(LookupError):
        transport.reply("getOfers", {})


def test_a_vendor_misbehaves_as_told_and_time_passes_without_sleeping() -> None:
    passed: list[float] = []
    transport = ContractTransport(EBAY, advance=passed.append, counted=False)
    url, started_s = OFFER, time.monotonic()
    transport.fail_next(Status(429, retry_after_s=2, rate_a_s=0.5))
    busy = send(transport, "GET", url)
    assert (busy.status_code, busy.headers["retry-after"], busy.headers["x-amzn-ratelimit-limit"]) == (429, "2", "0.5")
    transport.fail_next(Page(503))
    assert send(transport, "GET", url).text.startswith("<!DOCTYPE")
    transport.fail_next(Truncated())
    cut = send(transport, "GET", url)
    with pytest.raises(ValueError):
        json.loads(cut.content)
    for fault, error in (
        (Unreachable(), httpx.ConnectError),
        (NoAnswer(), httpx.ReadTimeout),
        (Slow(30), httpx.ReadTimeout),
    ):
        transport.fail_next(fault, operation="getOffers")
        with pytest.raises(error):
            send(transport, "GET", url)
    transport.fail_next(Slow(3))
    assert send(transport, "GET", url).status_code == 200
    transport.fail_next(Dripping(0.5))
    dripped = send(transport, "GET", url)
    assert sum(passed) == 10 + 10 + 3 + 0.5 * len(dripped.content)
    assert send(transport, "GET", url).status_code == 200
    assert time.monotonic() - started_s < 5


def test_a_client_without_a_timeout_is_found() -> None:
    transport = ContractTransport(EBAY, counted=False)
    transport.fail_next(NoAnswer())
    with httpx.Client(transport=transport, timeout=None) as web, pytest.raises(AssertionError, match="timeout"):
        web.get("https://vendor.test/sell/inventory/v1/offer?sku=A", headers=HEADERS[EBAY])


def test_an_overlay_that_finds_nothing_has_to_go() -> None:
    (aspects,) = OVERLAYS
    schemas = load_description(aspects.vendor, aspects.file)["components"]["schemas"]
    assert schemas["Product"]["properties"]["aspects"] == schemas["InventoryItemGroup"]["properties"]["aspects"]
    with pytest.raises(LookupError, match="take the overlay out"):
        lay({"paths": {}}, Overlay("v", "f", "/components/schemas/*/properties/aspects", {}, "gone"))


def test_the_vendors_are_read_whole() -> None:
    counts = {vendor: len(operations(vendor)) for vendor in (AMAZON, EBAY, TWILIO, SENDGRID, VAULT)}
    assert all(count > 50 for count in counts.values()), counts
    pairs = [pair for operation in operations(AMAZON) for pair in sandbox_pairs(operation)]
    assert len(pairs) > 200


def test_an_example_is_made_where_the_vendor_gives_none() -> None:
    operation = named(EBAY, "getInventoryItem")
    status, body = example_of(operation, good_status(operation))
    assert (status, body["product"]["aspects"]) == (200, {})
    schema = operation.response_schema(200)
    assert schema is not None
    assert not faults(operation.document, schema, body)


def test_only_good_requests_of_a_client_of_ours_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    counted: Counter[str] = Counter()
    monkeypatch.setattr(operations_used, "USED", counted)
    transport = ContractTransport(EBAY)
    send(transport, "GET", OFFER)
    send(transport, "GET", OFFER)
    send(ContractTransport(EBAY, counted=False), "GET", OFFER)
    with pytest.raises(ContractError):
        send(transport, "GET", OFFER + "&page=1")
    assert operations_used.summary() == "contract operations used: 1 (ebay 1; 2 requests)"


def test_plain_parts_of_a_path_go_before_parameters() -> None:
    found = find(EBAY, "GET", "/buy/browse/v1/item/get_item_by_legacy_id")
    assert found is not None
    assert found.operation.name == "getItemByLegacyId"
