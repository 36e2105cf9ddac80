"""Bidding at a running sandbox: a proxy bid wins at the rival's price, or loses and costs nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from arb_pipelines.adapters.http.answers import NoAnswerError, UnreadableAnswerError
from arb_pipelines.adapters.marketplaces.sandbox.bidder import SandboxBidder, SandboxBidders
from arb_pipelines.domain.bidding import BidState
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.outlet import OutletRefusedError
from arb_pipelines.domain.site import Site
from arb_pipelines.domain.spend_limit import Refusal
from arb_pipelines.sandbox.running import WorldServer, run_world_in_thread
from arb_pipelines_tests.fakes.clock import SettableClock

STARTED_AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
TOKEN = "sandbox-buyer"
Opener = Callable[..., SandboxBidder]
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def world_clock() -> SettableClock:
    """One real second is one world hour."""
    return SettableClock(STARTED_AT)


@pytest.fixture(scope="module")
def server(world_clock: SettableClock) -> Iterator[WorldServer]:
    with run_world_in_thread(shops=20, clock=world_clock.now) as running:
        yield running


def running_auctions(server: WorldServer) -> tuple[str, str, list[dict[str, object]]]:
    """Return a shop that has two auctions or more, its address and its auctions."""
    for key, url in server.shop_urls.items():
        found = httpx.get(f"{url}/api/auctions", headers={"Authorization": f"Bearer {TOKEN}"}, trust_env=False)
        if found.status_code == 200 and len(found.json()["auctions"]) > 1:
            return key, url, found.json()["auctions"]
    raise AssertionError("no shop has two auctions")


@pytest.fixture
def bidder_at() -> Iterator[Opener]:
    """Open bidders that are closed with the test."""
    with ExitStack() as opened:

        def build(url: str, transport: httpx.BaseTransport | None = None) -> SandboxBidder:
            bidders = SandboxBidders({"shop": url}, TOKEN, {}, transport=transport)
            opened.callback(bidders.close)
            bidder = bidders.bidder_for("shop")
            assert isinstance(bidder, SandboxBidder)
            return bidder

        yield build


def test_a_high_bid_wins_at_the_rivals_price_and_a_low_one_loses(
    server: WorldServer, world_clock: SettableClock, bidder_at: Opener
) -> None:
    _, url, (first, second, *_) = running_auctions(server)
    bidder, currency = bidder_at(url), str(first["currency"])
    high, low = str(first["auction_id"]), str(second["auction_id"])
    auction = bidder.fetch_auction(high)
    assert auction.minimum_bid is not None
    assert auction.shipping is not None
    assert auction.ends_at > world_clock.now()
    assert (bidder.fetch_own_maximum(high), bidder.fetch_result(high)) == (None, None)
    with pytest.raises(OutletRefusedError, match="lowest bid") as refused:
        bidder.place_bid(high, Money(auction.minimum_bid.minor - 1, currency))
    assert refused.value.code == "bid_too_low"
    most = Money(10**7, currency)
    least = bidder.fetch_auction(low).minimum_bid
    assert least is not None
    assert bidder.place_bid(high, most).startswith("bid-")
    bidder.place_bid(low, least)
    assert (bidder.fetch_own_maximum(high), bidder.fetch_result(high)) == (most, None)
    assert bidder.fetch_orders(LONG_AGO) == []
    world_clock.at = auction.ends_at + timedelta(seconds=1)
    assert (bidder.fetch_result(high), bidder.fetch_result(low)) == (BidState.WON, BidState.LOST)
    (order,) = bidder.fetch_orders(LONG_AGO)
    assert (order.sku, order.reference, order.quantity) == (high, None, 1)
    assert auction.minimum_bid + auction.shipping <= order.total < most
    assert bidder.fetch_orders(LONG_AGO) == [order]
    with pytest.raises(OutletRefusedError, match="over"):
        bidder.place_bid(high, most)


def test_sites_without_an_account_say_why_no_machine_bids() -> None:
    sites = [Site("a", "A", "http://127.0.0.1:9", buyer="sandbox"), Site("b", "B", "https://b.example", buyer="ebay")]
    bidders = SandboxBidders.of_sites(sites, TOKEN, {"b": Refusal("partner_not_approved", "no contract")})
    assert isinstance(bidders.bidder_for("a"), SandboxBidder)
    answers = [bidders.bidder_for(key) for key in ("b", "c")]
    assert [one.code for one in answers if isinstance(one, Refusal)] == ["partner_not_approved", "person_required"]
    bidders.close()


@pytest.mark.parametrize(
    "answer, error",
    [
        (httpx.Response(500), NoAnswerError),
        (httpx.Response(201, text="<html>thank you</html>"), UnreadableAnswerError),
        (httpx.Response(201, json={"auction_id": "a"}), UnreadableAnswerError),
        (httpx.Response(409, json={"code": "NEW_CODE"}), UnreadableAnswerError),
    ],
)
def test_only_a_plain_answer_is_a_bid_or_a_refusal(
    answer: httpx.Response, error: type[Exception], bidder_at: Opener
) -> None:
    sent: list[httpx.Request] = []

    def respond(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return answer

    with pytest.raises(error):
        bidder_at("http://shop.example", httpx.MockTransport(respond)).place_bid("a 1", Money(100, "USD"))
    (request,) = sent
    assert request.url.raw_path == b"/api/auctions/a%201/bids"
    assert json.loads(request.content) == {"max_minor": 100, "currency": "USD"}


@pytest.mark.parametrize(
    "body",
    [{}, {"ends_at": "soon"}, {"ends_at": "2026-01-01T00:00:00+00:00", "minimum_bid_minor": "1", "currency": "USD"}],
)
def test_an_auction_that_cannot_be_read_is_an_error(body: dict[str, str], bidder_at: Opener) -> None:
    bidder = bidder_at("http://shop.example", httpx.MockTransport(lambda _: httpx.Response(200, json=body)))
    with pytest.raises(ValueError):
        bidder.fetch_auction("a")
