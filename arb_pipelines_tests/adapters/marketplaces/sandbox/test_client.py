"""The connections: a fixed token for the shops, a fetched one for the channel."""

from __future__ import annotations

from contextlib import closing

import httpx

from arb_pipelines.adapters.marketplaces.sandbox.client import connect_channel, connect_shop


def test_a_shop_is_asked_with_its_token() -> None:
    """Also the other shops over the same connections."""
    asked: list[tuple[str, str]] = []

    def respond(request: httpx.Request) -> httpx.Response:
        asked.append((str(request.url), request.headers["Authorization"]))
        return httpx.Response(200, json={})

    with closing(connect_shop("http://a.example", "t", 1.0, httpx.MockTransport(respond))) as shop:
        shop.get("quote", "/q")
        shop.at("http://b.example").get("quote", "/q")
    assert asked == [("http://a.example/q", "Bearer t"), ("http://b.example/q", "Bearer t")]


def test_the_channel_is_asked_with_a_fetched_token() -> None:
    """Client id and secret go to the token's address alone."""
    asked: list[tuple[str, str]] = []

    def respond(request: httpx.Request) -> httpx.Response:
        asked.append((request.url.path, request.headers["Authorization"].partition(" ")[0]))
        return httpx.Response(200, json={"access_token": "t", "expires_in": 7200})

    with closing(connect_channel("http://c.example", "id", "s", "r", 1.0, httpx.MockTransport(respond))) as channel:
        channel.get("orders", "/o")
        channel.get("orders", "/o")
    assert asked == [("/identity/v1/oauth2/token", "Basic"), ("/o", "Bearer"), ("/o", "Bearer")]
