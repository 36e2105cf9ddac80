"""Access tokens of the channel."""

from __future__ import annotations

import httpx
import pytest

from arb_pipelines.sandbox.channel.tokens import VALID_S
from arb_pipelines.sandbox.running import WorldServer
from arb_pipelines_tests.fakes.clock import SettableClock
from arb_pipelines_tests.sandbox.conftest import Seller

ORDERS = "/sell/fulfillment/v1/order"
TOKEN = "/identity/v1/oauth2/token"


def test_selling_needs_the_sellers_own_token(seller: Seller) -> None:
    assert seller.call("GET", ORDERS).status_code == 200
    refused = seller.call("GET", ORDERS, token=seller.application_token)
    assert (refused.status_code, refused.json()["errors"][0]["errorId"]) == (403, 1100)


def test_a_token_expires(seller: Seller, clock: SettableClock) -> None:
    clock.advance(seconds=VALID_S - 1)
    assert seller.call("GET", ORDERS).status_code == 200
    clock.advance(seconds=1)
    refused = seller.call("GET", ORDERS)
    assert (refused.status_code, refused.json()["errors"][0]["errorId"]) == (401, 1001)


@pytest.mark.parametrize("token", ["nonsense", "user~9999999999~forged"])
def test_a_made_up_token_is_refused(seller: Seller, token: str) -> None:
    assert seller.call("GET", ORDERS, token=token).status_code == 401


@pytest.mark.parametrize(
    ("form", "auth", "status", "error"),
    [
        ({"grant_type": "client_credentials"}, None, 401, "invalid_client"),
        ({"grant_type": "client_credentials"}, ("client", ""), 401, "invalid_client"),
        ({"grant_type": "password"}, ("client", "secret"), 400, "unsupported_grant_type"),
        ({"grant_type": "refresh_token", "refresh_token": "old"}, ("client", "secret"), 400, "invalid_grant"),
    ],
)
def test_a_token_is_not_given_to_everybody(
    server: WorldServer, web: httpx.Client, form: dict, auth: tuple | None, status: int, error: str
) -> None:
    answer = web.post(server.channel_url + TOKEN, data=form, auth=auth)
    assert (answer.status_code, answer.json()["error"]) == (status, error)


def test_an_unknown_address_is_no_call(seller: Seller) -> None:
    answer = seller.call("GET", "/sell/inventory/v2/offer")
    assert (answer.status_code, answer.json()["errors"][0]["errorId"]) == (404, 2002)
