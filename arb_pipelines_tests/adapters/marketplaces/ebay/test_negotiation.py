"""Offers to watchers, messages and bids: sent once, within their bounds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from arb_pipelines.adapters.http.answers import NoAnswerError
from arb_pipelines.adapters.marketplaces.ebay.bidding import EbayBidding
from arb_pipelines.adapters.marketplaces.ebay.client import API_URLS, ORDERS, EbayAccount, connect_ebay
from arb_pipelines.adapters.marketplaces.ebay.messages import EbayMessages
from arb_pipelines.adapters.marketplaces.ebay.negotiation import EbayNegotiation, SentOffer
from arb_pipelines.domain.bidding import BidState
from arb_pipelines.domain.outlet import OutletRefusedError
from arb_pipelines_tests.adapters.marketplaces.ebay.stand import LISTING, connect
from arb_pipelines_tests.contracts.trade_records import usd
from arb_pipelines_tests.contracts.vendor_faults import NoAnswer, Status
from arb_pipelines_tests.contracts.vendor_transport import ContractTransport
from arb_pipelines_tests.fakes.clock import START

LIVE = replace(LISTING, outlet_listing_id="11")


@pytest.fixture
def vendor() -> ContractTransport:
    return ContractTransport("ebay")


def test_which_listings_may_be_offered(vendor: ContractTransport) -> None:
    """None is an answer of its own."""
    vendor.reply_next("findEligibleItems", {"total": 2, "eligibleItems": [{"listingId": "11"}], "next": "x"})
    vendor.reply_next("findEligibleItems", {"total": 2, "eligibleItems": [{"listingId": "12"}]})
    assert EbayNegotiation(connect(vendor)).fetch_eligible() == {"11", "12"}
    vendor.reply("findEligibleItems", None, status=204)
    assert EbayNegotiation(connect(vendor)).fetch_eligible() == set()


def test_an_offer_to_watchers(vendor: ContractTransport) -> None:
    """What is on the wire, and who got it."""
    offered = {"offerId": "7", "offeredItems": [{"listingId": "11"}]}
    vendor.reply("sendOfferToInterestedBuyers", {"offers": [offered]})
    assert EbayNegotiation(connect(vendor)).send_offer(LIVE, LIVE.floor, "Yours?") == [SentOffer("7", "11")]
    [body] = vendor.bodies("sendOfferToInterestedBuyers")
    assert body["offeredItems"][0]["price"]["value"] == LIVE.floor.text
    assert vendor.exchanges[-1].request.headers["X-EBAY-C-MARKETPLACE-ID"] == "EBAY_US"


@pytest.mark.parametrize("minor", [-1, 0])
def test_an_offer_stays_between_floor_and_price(vendor: ContractTransport, minor: int) -> None:
    """One cent below the floor, or the price itself."""
    price = LIVE.floor + usd(minor) if minor else LIVE.price
    with pytest.raises(OutletRefusedError) as caught:
        EbayNegotiation(connect(vendor)).send_offer(LIVE, price, "Yours?")
    assert caught.value.code == "bad_offer_price"
    with pytest.raises(OutletRefusedError) as caught:
        EbayNegotiation(connect(vendor)).send_offer(replace(LIVE, outlet_listing_id=None), LIVE.floor, "Yours?")
    assert caught.value.code == "no_live_listing"
    assert not vendor.exchanges


def test_acts_are_sent_once(vendor: ContractTransport) -> None:
    """Whatever comes of them."""
    bidding = EbayBidding(connect(vendor), partner_approved=True)
    acts = {
        "sendOfferToInterestedBuyers": lambda: EbayNegotiation(connect(vendor)).send_offer(LIVE, LIVE.floor, "x"),
        "sendMessage": lambda: EbayMessages(connect(vendor)).send_answer("c-1", "hello"),
        "placeProxyBid": lambda: bidding.place_bid("v1|1|0", usd(1_000)),
    }
    for operation, act in acts.items():
        for fault in (NoAnswer(), Status(503), Status(429)):
            vendor.fail_next(fault, operation=operation)
            with pytest.raises(NoAnswerError):
                act()
        assert vendor.operations[operation] == 3


def test_conversations_and_their_messages(vendor: ContractTransport) -> None:
    """Oldest first; another side's text is only text."""
    latest = {"messageId": "m", "createdDate": "2026-01-05T10:00:00.000Z", "messageBody": "x", "senderUsername": "b"}
    shown = {"conversationId": "c-1", "unreadCount": 1, "referenceType": "LISTING", "referenceId": "11"}
    vendor.reply("getConversations", {"total": 1, "conversations": [{**shown, "latestMessage": latest}]})
    [found] = EbayMessages(connect(vendor)).fetch_conversations(START)
    assert (found.conversation_id, found.unread, found.listing_id) == ("c-1", 1, "11")
    assert vendor.exchanges[-1].values["conversation_type"] == "FROM_MEMBERS"
    later = {**latest, "messageId": "n", "createdDate": "2026-01-05T11:00:00.000Z", "readStatus": True}
    vendor.reply("getConversation", {"total": 2, "messages": [later, latest]})
    messages = EbayMessages(connect(vendor)).fetch_messages("c-1")
    assert [(message.message_id, message.is_read) for message in messages] == [("m", False), ("n", True)]


def test_an_answer_in_a_conversation(vendor: ContractTransport) -> None:
    """Neither empty nor longer than eBay takes."""
    vendor.reply("sendMessage", {"messageId": "m-1"}, status=201)
    assert EbayMessages(connect(vendor)).send_answer("c-1", "It whistles.") == "m-1"
    assert vendor.bodies("sendMessage") == [{"conversationId": "c-1", "messageText": "It whistles."}]
    vendor.reply("updateConversation", None, status=204)
    EbayMessages(connect(vendor)).mark_read("c-1")
    for text in ("", "  ", "x" * 2_001):
        with pytest.raises(OutletRefusedError) as caught:
            EbayMessages(connect(vendor)).send_answer("c-1", text)
        assert caught.value.code == "bad_message"


def test_bidding_needs_ebays_leave(vendor: ContractTransport) -> None:
    """Its user agreement forbids it otherwise."""
    with pytest.raises(OutletRefusedError) as caught:
        EbayBidding(connect(vendor), partner_approved=False)
    assert caught.value.code == "not_approved"
    assert not vendor.exchanges


def test_a_bid(vendor: ContractTransport) -> None:
    """The maximum, and what eBay tells of it afterwards."""
    bidding = EbayBidding(connect(vendor), partner_approved=True)
    auction = {
        "itemId": "v1|1|0",
        "auctionEndDate": "2026-01-06T10:00:00.000Z",
        "suggestedBidAmounts": [{"value": value, "currency": "USD"} for value in ("11.00", "10.50")],
    }
    vendor.reply("getBidding", auction)
    vendor.reply("placeProxyBid", {"proxyBidId": "b-1"})
    found = bidding.fetch_auction("v1|1|0")
    assert (found.minimum_bid, found.shipping, found.tax_rate) == (usd(1_050), None, None)
    assert bidding.fetch_own_maximum("v1|1|0") is None
    assert bidding.place_bid("v1|1|0", usd(1_500)) == "b-1"
    assert vendor.bodies("placeProxyBid") == [{"maxAmount": {"value": "15.00", "currency": "USD"}}]
    own = {"proxyBidId": "b-1", "maxAmount": {"value": "15.00", "currency": "USD"}}
    vendor.reply("getBidding", {**auction, "currentProxyBid": own})
    assert bidding.fetch_own_maximum("v1|1|0") == usd(1_500)


@pytest.mark.parametrize(
    "told, result",
    [
        ({"auctionStatus": "LIVE", "highBidder": True}, None),
        ({"auctionStatus": "ENDED"}, None),
        ({"auctionStatus": "ENDED", "highBidder": True}, BidState.WON),
        ({"auctionStatus": "ENDED", "highBidder": True, "reservePriceMet": False}, BidState.LOST),
        ({"auctionStatus": "ENDED", "highBidder": False}, BidState.LOST),
    ],
)
def test_how_an_auction_ended(vendor: ContractTransport, told: dict[str, Any], result: BidState | None) -> None:
    """Won only where eBay says so in every respect."""
    vendor.reply("getBidding", told)
    bidding = EbayBidding(connect(vendor), partner_approved=True)
    assert bidding.fetch_result("v1|1|0") is result
    with pytest.raises(NoAnswerError, match="no history"):
        bidding.fetch_orders(START)


@pytest.mark.parametrize("approved", [True, False])
def test_the_scope_of_bidding_is_asked_for_by_partners_alone(vendor: ContractTransport, approved: bool) -> None:
    """eBay would refuse the whole token."""
    account = EbayAccount("id", "s", "r", partner_approved=approved)
    connect_ebay(API_URLS["production"], account, transport=vendor).seller.get("getOrders", ORDERS)
    assert ("buy.offer.auction" in vendor.bodies("oauthToken")[0]["scope"]) is approved
