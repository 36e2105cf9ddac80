"""Auctions over HTTP: what is refused bids nothing, and a second bid raises the first."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from arb_pipelines.sandbox.running import WorldServer

HEADERS = {"Authorization": "Bearer sandbox-buyer"}


@pytest.fixture
def auction(server: WorldServer, web: httpx.Client) -> tuple[str, dict[str, Any]]:
    """A running auction and its address."""
    for url in server.shop_urls.values():
        answer = web.get(f"{url}/api/auctions", headers=HEADERS)
        if answer.status_code == 200 and answer.json()["auctions"]:
            found = answer.json()["auctions"][0]
            return f"{url}/api/auctions/{found['auction_id']}", found
    raise AssertionError("no shop holds auctions")


def test_an_auction_hides_its_rival(auction: tuple[str, dict[str, Any]], web: httpx.Client) -> None:
    url, found = auction
    assert web.get(url, headers=HEADERS).json() == found
    assert "rival" not in str(found)
    assert web.get(url).status_code == 401


@pytest.mark.parametrize(
    "body, status, code",
    [
        ({}, 400, "BAD_REQUEST"),
        ({"max_minor": "9"}, 400, "BAD_REQUEST"),
        ({"max_minor": 10**6, "currency": "XXX"}, 400, "BAD_REQUEST"),
        ({"max_minor": 0}, 409, "BID_TOO_LOW"),
    ],
)
def test_a_refusal_bids_nothing(
    auction: tuple[str, dict[str, Any]], web: httpx.Client, body: dict[str, Any], status: int, code: str
) -> None:
    url, found = auction
    answer = web.post(f"{url}/bids", json={"currency": found["currency"], **body}, headers=HEADERS)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert web.get(url, headers=HEADERS).json()["own_maximum_minor"] is None


def test_a_second_bid_raises_the_first(auction: tuple[str, dict[str, Any]], web: httpx.Client) -> None:
    url, found = auction
    for most in (10**6, 2 * 10**6):
        bid = {"max_minor": most, "currency": found["currency"]}
        assert web.post(f"{url}/bids", json=bid, headers=HEADERS).status_code == 201
    assert web.get(url, headers=HEADERS).json()["own_maximum_minor"] == 2 * 10**6


@pytest.mark.parametrize("call", ["none-a0", "none", "x-a999999"])
def test_an_unknown_auction_is_refused(auction: tuple[str, dict[str, Any]], web: httpx.Client, call: str) -> None:
    base = auction[0].rpartition("/")[0]
    assert web.get(f"{base}/{call}", headers=HEADERS).json()["code"] == "UNKNOWN_AUCTION"
    assert web.post(f"{base}/{call}/bids", json={}, headers=HEADERS).json()["code"] == "UNKNOWN_AUCTION"
    assert web.delete(f"{base}/{call}", headers=HEADERS).status_code == 404
