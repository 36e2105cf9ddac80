"""Every answer that Amazon itself published for an operation of ours goes through our parsers, and what comes out."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arb_pipelines.adapters.http.answers import Answer, UnreadableAnswerError
from arb_pipelines.adapters.http.fields import read_objects, read_part, read_text
from arb_pipelines.adapters.marketplaces.amazon.client import accepted, refusal_of
from arb_pipelines.adapters.marketplaces.amazon.finances import parse_sale
from arb_pipelines.adapters.marketplaces.amazon.parse import (
    parse_cancelled,
    parse_listing,
    parse_orders,
    parse_shipped_lines,
    parse_submission,
)
from arb_pipelines.adapters.marketplaces.amazon.parse_products import (
    next_token,
    parse_catalogue,
    parse_competition,
    parse_featured_prices,
    parse_fee_estimates,
    parse_restrictions,
    parse_warehouse_stock,
)
from arb_pipelines.adapters.marketplaces.amazon.plans import PLANS
from arb_pipelines.domain.eligibility import Permission
from arb_pipelines.domain.outlet import OutletRefusedError
from arb_pipelines_tests.contracts.operations_used import tell
from arb_pipelines_tests.contracts.vendor_examples import Pair, example_of, sandbox_pairs
from arb_pipelines_tests.contracts.vendor_files import CONTRACTS
from arb_pipelines_tests.contracts.vendor_operations import Operation, operations
from arb_pipelines_tests.contracts.vendor_transport import ContractTransport

AMAZON, STORE = "amazon-sp-api", "ATVPDKIKX0DER"
OLD = ("ordersV0.json", "getOrder")  # deprecated; we use the one of 2026
NOTHING = ("confirmShipment",)  # answers without a body
PARSERS: dict[str, Callable[[Any], Any]] = {
    "searchCatalogItems": lambda body: (parse_catalogue(body, STORE), next_token(body)),
    "getDefinitionsProductType": lambda body: read_text(read_part(read_part(body, "schema"), "link"), "resource"),
    "getInventorySummaries": parse_warehouse_stock,
    "getListingsItem": lambda body: parse_listing(body, STORE),
    "searchListingsItems": lambda body: [parse_listing(item, STORE) for item in read_objects(body, "items")],
    "putListingsItem": lambda body: parse_submission(body, body["sku"], STORE),
    "patchListingsItem": lambda body: parse_submission(body, body["sku"], STORE),
    "deleteListingsItem": lambda body: parse_submission(body, body["sku"], STORE),
    "getListingsRestrictions": lambda body: parse_restrictions(body, "used_acceptable", STORE),
    "searchOrders": lambda body: [
        line for order in read_objects(body, "orders") for line in (*parse_orders(order), *parse_cancelled(order))
    ],
    "getOrder": lambda body: (parse_orders(body.get("order")), parse_shipped_lines(body.get("order"), "1")),
    "listTransactions": lambda body: [
        booking for each in read_objects(read_part(body, "payload"), "transactions") for booking in parse_sale(each)
    ],
    "confirmShipment": lambda body: body,
    "getMyFeesEstimates": parse_fee_estimates,
    "getCompetitiveSummary": parse_competition,
    "getFeaturedOfferExpectedPriceBatch": parse_featured_prices,
}
# What the vendor wrote against its own schema: a time that is none. We do not read it.
KNOWN_FAULT = "TimeOfFeesEstimation"


def used_operations() -> list[Operation]:
    """Return the operations that we use."""
    found = [each for each in operations(AMAZON) if each.name in PLANS and (each.file, each.name) != OLD]
    assert len(found) == len(PLANS) == len(PARSERS)
    return found


def as_read(value: Any) -> Any:
    """Return a document as our client reads it: numbers with a point are `Decimal`."""
    return json.loads(json.dumps(value), parse_float=Decimal)


@pytest.fixture(autouse=True)
def _contracts() -> None:
    ContractTransport(AMAZON)


def test_every_published_answer_of_an_operation_of_ours_is_read() -> None:
    counts = {"pairs": 0, "good": 0, "refused": 0, "examples": 0}
    for operation in used_operations():
        for pair in sandbox_pairs(operation):
            _check_pair(pair, counts)
        status, example = example_of(operation, min(int(code) for code in operation.responses if code.isdigit()))
        if example is not None:
            if not sandbox_pairs(operation):
                example.pop("errors")  # made from the schema, which has a payload and errors at once
            PARSERS[operation.name](accepted_as_list(as_read(example), status))
            counts["examples"] += 1
    tell("amazon sandbox pairs through our parsers", f"{counts['pairs']}, {counts['good']} of them good answers")
    assert counts["good"] + counts["refused"] == counts["pairs"]
    assert counts["pairs"] >= 30
    assert counts["good"] > counts["refused"] > 0


def _check_pair(pair: Pair, counts: dict[str, int]) -> None:
    counts["pairs"] += 1
    faults = [] if pair.operation.name in NOTHING else pair.response_faults()
    assert all(KNOWN_FAULT in fault for fault in faults), faults
    body = as_read(pair.response)
    if pair.status < 300:
        PARSERS[pair.operation.name](accepted_as_list(body, pair.status))
        counts["good"] += 1
    else:
        refusal = refusal_of(Answer(pair.status, body), "it")
        assert "without a stated reason" not in str(refusal)
        counts["refused"] += 1


def accepted_as_list(body: Any, status: int) -> Any:
    """Return the body of a good answer; fee estimates are a list."""
    return body if isinstance(body, list) else accepted(Answer(status, body), "it")


def test_the_published_pairs_are_held_against_their_schemas() -> None:
    pairs = [pair for operation in operations(AMAZON) for pair in sandbox_pairs(operation)]
    answers = [pair for pair in pairs if pair.response is not None]
    valid = [pair for pair in answers if not pair.response_faults()]
    tell("amazon sandbox pairs published", f"{len(pairs)}, {len(valid)} of {len(answers)} answers as their schema says")
    assert len(pairs) >= 250
    assert len(valid) >= 0.9 * len(answers)


def good(name: str, place: int = 0) -> Any:
    """Return one good published answer of an operation."""
    operation = next(each for each in used_operations() if each.name == name)
    return as_read([pair.response for pair in sandbox_pairs(operation) if pair.status < 300][place])


def test_what_comes_out_of_the_published_answers() -> None:
    listing = PARSERS["getListingsItem"](good("getListingsItem"))
    assert (listing.asin, str(listing.price), listing.quantity, listing.is_buyable) == (
        "B071VG5N9D",
        "100.00 USD",
        100,
        True,
    )
    assert [issue.code for issue in listing.errors[:2]] == ["90220", "18027"]
    invalid = PARSERS["putListingsItem"](good("putListingsItem", 2))
    assert (invalid.status, [issue.code for issue in invalid.issues]) == ("INVALID", ["90220", "90000900"])
    assert PARSERS["putListingsItem"](good("putListingsItem", 1)).asin == "B07N4M94X4"
    assert PARSERS["getListingsRestrictions"](good("getListingsRestrictions")) is Permission.NOT_ELIGIBLE
    (line,) = PARSERS["searchOrders"](good("searchOrders", 1))
    assert (line.sku, str(line.item_price), line.shipped) == ("ECHO-DOT-4-UK-CHARCOAL-SINGLE", "34.99 GBP", True)
    (line,), _ = PARSERS["getOrder"](good("getOrder", 2))
    assert (str(line.item_price), str(line.tax), line.fee) == ("39.99 USD", "10.00 USD", None)
    fees = PARSERS["getMyFeesEstimates"](good("getMyFeesEstimates"))
    assert {name: str(fee.total) for name, fee in fees.items()} == {"UmaS1": "3.00 USD", "UmaS2": "3.00 MXN"}
    summary = PARSERS["getCompetitiveSummary"](good("getCompetitiveSummary"))
    assert list(summary) == ["B00ZIAODGE"]  # the other one of the batch was refused
    competition = summary["B00ZIAODGE"]
    assert (str(competition.featured), competition.featured_seller) == ("19.65 USD", "A2ZWOLFOFDPJL1")
    assert {name: str(price) for name, price in competition.lowest} == {"New": "19.65 USD", "Used": "14.50 USD"}
    assert str(competition.threshold) == "18.11 USD"
    prices = PARSERS["getFeaturedOfferExpectedPriceBatch"](good("getFeaturedOfferExpectedPriceBatch"))
    assert {sku: str(price) for sku, price in prices.items()} == {"MY_SKU": "10.00 USD"}
    (item,), token = PARSERS["searchCatalogItems"](good("searchCatalogItems"))
    assert (item.asin, item.product_type, token is not None) == ("B07N4M94X4", "TELEVISION", True)


READABLE = (UnreadableAnswerError, OutletRefusedError)
ANYTHING = st.none() | st.booleans() | st.integers() | st.text(max_size=4) | st.just([]) | st.just({}) | st.just([1])


def places(value: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the way to every value in a document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [way, *(place for key, each in inner for place in places(each, (*way, key)))]


@pytest.mark.skipif(not CONTRACTS.is_dir(), reason="no interface descriptions")
@pytest.mark.parametrize("name", sorted(PARSERS.keys() - set(NOTHING) - {"getInventorySummaries"}))
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_value_in_an_answer_is_read_or_refused_as_unreadable(name: str, data: st.DataObject) -> None:
    body = good(name)
    way = data.draw(st.sampled_from([way for way in places(body) if way and way != ("sku",)]))
    place = body
    for key in way[:-1]:
        place = place[key]
    place[way[-1]] = data.draw(ANYTHING)
    with suppress(*READABLE):
        PARSERS[name](accepted_as_list(body, 200))
