"""Reading eBay's answers: whatever stands in them, only "unreadable" comes out; and a bad answer is never success."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arb_pipelines.adapters.http.answers import Answer, UnreadableAnswerError
from arb_pipelines.adapters.marketplaces.ebay.bidding import EbayBidding
from arb_pipelines.adapters.marketplaces.ebay.client import EbayConnection, refusal_of
from arb_pipelines.adapters.marketplaces.ebay.messages import EbayMessages, parse_conversation, parse_message
from arb_pipelines.adapters.marketplaces.ebay.negotiation import EbayNegotiation
from arb_pipelines.adapters.marketplaces.ebay.orders import EbayOrders
from arb_pipelines.adapters.marketplaces.ebay.parse import (
    parse_line_fees,
    parse_orders,
    parse_own_offer,
    parse_own_offers,
    parse_tracking_numbers,
)
from arb_pipelines.adapters.marketplaces.ebay.policies import EbayPolicies, parse_conditions
from arb_pipelines.adapters.marketplaces.ebay.revisions import RevisionLog
from arb_pipelines.adapters.marketplaces.ebay.seller import EbaySeller
from arb_pipelines.adapters.marketplaces.ebay.source import EbaySource, parse_item
from arb_pipelines.domain.saved_search import SavedSearch
from arb_pipelines_tests.adapters.marketplaces.ebay.stand import (
    LISTING,
    SHOWN,
    TERMS,
    connect,
    free_budget,
    offers,
    order,
    order_line,
    own_offer,
    page,
)
from arb_pipelines_tests.adapters.marketplaces.ebay.test_negotiation import LIVE
from arb_pipelines_tests.adapters.marketplaces.ebay.test_orders import SOLD
from arb_pipelines_tests.adapters.marketplaces.ebay.test_source import item
from arb_pipelines_tests.contracts.broken_documents import broken
from arb_pipelines_tests.contracts.trade_records import usd
from arb_pipelines_tests.contracts.vendor_faults import Fault, NoAnswer, Page, Slow, Status, Truncated, Unreachable
from arb_pipelines_tests.contracts.vendor_transport import ContractTransport
from arb_pipelines_tests.fakes.clock import START

AT = "2026-01-05T10:00:00.000Z"
MESSAGE = {"messageId": "m", "createdDate": AT, "messageBody": "x", "senderUsername": "b", "readStatus": True}
TALK = {
    "conversationId": "c",
    "unreadCount": 1,
    "referenceType": "LISTING",
    "referenceId": "1",
    "latestMessage": MESSAGE,
}
SALE_LINE = {"lineItemId": "l", "marketplaceFees": [{"amount": SHOWN}, {"amount": SHOWN}]}
SALE = {"transactionType": "SALE", "orderId": "o", "orderLineItems": [SALE_LINE]}
CONDITIONS = {"itemConditionPolicies": [{"categoryId": "1", "itemConditions": [{"conditionId": "1000", "usage": "X"}]}]}
PARCELS = {"fulfillments": [{"shipmentTrackingNumber": "94001"}]}
READERS: list[tuple[Callable[[Any], Any], Any]] = [
    (parse_orders, order(order_line(), order_line(lineItemId="l-2"))),
    (parse_own_offer, own_offer()),
    (lambda body: parse_own_offers(Answer(200, body), LISTING.sku, "EBAY_US"), offers(own_offer())),
    (lambda body: parse_tracking_numbers(Answer(200, body)), PARCELS),
    (lambda body: parse_conditions(Answer(200, body), "1"), CONDITIONS),
    (lambda body: parse_item(body, "tick", START), item(watchCount=3, categoryPath="a|b")),
    (parse_line_fees, SALE),
    (parse_conversation, TALK),
    (parse_message, MESSAGE),
]


@settings(max_examples=250, deadline=None)
@given(st.data())
def test_a_broken_document_is_read_or_refused(data: st.DataObject) -> None:
    """One value replaced or taken away: no other exception comes out."""
    read, document = data.draw(st.sampled_from(READERS))
    with contextlib.suppress(UnreadableAnswerError):
        read(data.draw(broken(document)))


@pytest.mark.parametrize("number", range(len(READERS)))
def test_what_is_not_an_object_is_refused(number: int) -> None:
    """Of every kind of document."""
    bodies: list[Any] = [None, [], "text", 5, {}]
    for body in bodies:
        with pytest.raises(UnreadableAnswerError):
            READERS[number][0](body)


@pytest.mark.parametrize(
    "body, code",
    [
        ({"errors": [{"errorId": 25002, "message": "m" * 1_000}]}, "outlet_25002"),
        ({"errors": []}, "outlet_400"),
        ({"errors": [{"errorId": "x"}]}, "outlet_400"),
        ({"errors": "x"}, "outlet_400"),
        (None, "outlet_400"),
        ([1], "outlet_400"),
    ],
)
def test_a_refusal_has_a_code_whatever_its_body(body: Any, code: str) -> None:
    """And a sentence of bounded length."""
    refusal = refusal_of(Answer(400, body), "the offer")
    assert refusal.code == code
    assert len(str(refusal)) < 400


def seller_of(connection: EbayConnection) -> EbaySeller:
    return EbaySeller(connection, lambda: TERMS, RevisionLog())


# Every call of ours, by the operation that is answered badly.
CALLS: dict[str, Callable[[EbayConnection], Any]] = {
    "getOffers": lambda to: seller_of(to).fetch_prices([LISTING.sku]),
    "createOffer": lambda to: seller_of(to).list_item(LISTING),
    "publishOffer": lambda to: seller_of(to).list_item(LISTING),
    "bulkUpdatePriceQuantity": lambda to: seller_of(to).update_price(LISTING.sku, usd(100)),
    "getOrders": lambda to: seller_of(to).fetch_orders(None),
    "getShippingFulfillments": lambda to: seller_of(to).confirm_shipment(SOLD, "94001", START),
    "createShippingFulfillment": lambda to: seller_of(to).confirm_shipment(SOLD, "94001", START),
    "withdrawOffer": lambda to: seller_of(to).withdraw(LISTING.sku),
    "getTransactions": lambda to: EbayOrders(to, "USPS").fetch_line_fees(START),
    "search": lambda to: EbaySource(to, free_budget()).search(SavedSearch("kettle"), "t", START),
    "getItem": lambda to: EbaySource(to, free_budget()).fetch_item("v1|1|0", "t", START),
    "findEligibleItems": lambda to: EbayNegotiation(to).fetch_eligible(),
    "sendOfferToInterestedBuyers": lambda to: EbayNegotiation(to).send_offer(LIVE, LIVE.floor, "x"),
    "getConversations": lambda to: EbayMessages(to).fetch_conversations(),
    "getConversation": lambda to: EbayMessages(to).fetch_messages("c"),
    "sendMessage": lambda to: EbayMessages(to).send_answer("c", "x"),
    "getReturnPolicies": lambda to: EbayPolicies(to).fetch_policies(),
    "getInventoryLocations": lambda to: EbayPolicies(to).fetch_locations(),
    "getItemConditionPolicies": lambda to: EbayPolicies(to).fetch_conditions("1"),
    "getBidding": lambda to: EbayBidding(to, partner_approved=True).fetch_auction("v1|1|0"),
    "placeProxyBid": lambda to: EbayBidding(to, partner_approved=True).place_bid("v1|1|0", usd(1)),
}
# Acts whose good answer has no body, so that an empty one is fine.
SILENT: dict[str, Callable[[EbayConnection], Any]] = {
    "createOrReplaceInventoryItem": lambda to: seller_of(to).list_item(LISTING),
    "updateConversation": lambda to: EbayMessages(to).mark_read("c"),
}
EMPTY = Page(200, "")
FAULTS: dict[str, Fault] = {
    "page with 200": Page(200),
    "truncated": Truncated(200),
    "page with 403": Page(403),
    "forbidden": Status(403),
    "page with 503": Page(503),
    "busy": Status(429),
    "slow": Slow(seconds=60.0),
    "no answer": NoAnswer(),
    "unreachable": Unreachable(),
    "empty": EMPTY,
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_bad_answer_is_never_success(fault: Fault) -> None:
    """To any call of ours."""
    vendor = ContractTransport("ebay", counted=False)
    connection = connect(vendor)
    calls = CALLS if fault is EMPTY else CALLS | SILENT
    for operation, call in calls.items():
        live = operation in ("bulkUpdatePriceQuantity", "withdrawOffer")
        vendor.reply("getOffers", offers(own_offer()) if live else {}, status=200 if live else 404)
        vendor.reply("getShippingFulfillments", page("fulfillments"))
        for _ in range(3):
            vendor.fail_next(fault, operation=operation)
        with pytest.raises((OSError, ValueError)):
            call(connection)
            pytest.fail(f"{operation} took {fault} for an answer")
        vendor._plans.clear()
