"""Writing to a buyer on the sandbox's channel, from the outbox to the buyer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from arb_pipelines.adapters.http.client import ApiClient
from arb_pipelines.adapters.marketplaces.sandbox.client import connect_channel
from arb_pipelines.adapters.marketplaces.sandbox.messages import SandboxMessages
from arb_pipelines.adapters.messaging.marketplace import OutletMessenger
from arb_pipelines.domain.delivery import Delivered, DeliveryUnknownError, NotDelivered
from arb_pipelines.domain.message import Channel
from arb_pipelines.domain.outlet import OutletRefusedError
from arb_pipelines.sandbox.channel.tokens import SANDBOX_REFRESH_TOKEN
from arb_pipelines.sandbox.running import WorldServer, run_world_in_thread
from arb_pipelines.settings import Settings
from arb_pipelines_tests.conftest import free_port
from arb_pipelines_tests.fakes.clock import SettableClock
from arb_pipelines_tests.fakes.messages import outbound
from arb_pipelines_tests.sandbox.conftest import STARTED_AT, Seller

WORDS = "Your parcel is on its way."


@pytest.fixture(scope="module")
def server() -> Iterator[WorldServer]:
    with run_world_in_thread(shops=20, clock=SettableClock(STARTED_AT).now) as running:
        yield running


@pytest.fixture(scope="module")
def order_id(server: WorldServer) -> str:
    """The number of an order at the channel."""
    import httpx

    with httpx.Client(trust_env=False, timeout=10) as web:
        seller = Seller(server, web)
        product = server.world.products[0]
        seller.list_item("A-1", product, f"{server.world.market_value_usd(product, 0) * 0.9:.2f}")
        seller.advance(24 * 60)
        number: str = seller.orders()[0]["orderId"]
        return number


@pytest.fixture
def client(server: WorldServer) -> Iterator[ApiClient]:
    connected = connect_channel(server.channel_url, "client", "secret", SANDBOX_REFRESH_TOKEN, 10.0)
    yield connected
    connected.close()


def send(client: ApiClient, order_id: str, body: str = WORDS) -> Delivered | NotDelivered:
    message = outbound(channel=Channel.MARKETPLACE, body=body, details={"outlet": "sandbox", "order_id": order_id})
    return OutletMessenger("sandbox", SandboxMessages(client).send_message).send(message)


def test_a_buyer_gets_it(client: ApiClient, order_id: str) -> None:
    assert send(client, order_id) == Delivered("1", by="sandbox")


@pytest.mark.parametrize("order_id", ["", "00-00000-00001"])
def test_an_order_that_is_not_there_is_refused(client: ApiClient, order_id: str) -> None:
    answer = send(client, order_id)
    assert isinstance(answer, NotDelivered)
    assert (answer.code, answer.heals) == ("outlet_refused", False)


def test_a_message_about_no_order_is_refused(client: ApiClient) -> None:
    with pytest.raises(OutletRefusedError) as told:
        SandboxMessages(client).send_message(outbound(channel=Channel.MARKETPLACE, details={"outlet": "sandbox"}))
    assert told.value.code == "no_order"


def test_no_channel_heals_or_is_open() -> None:
    lost = connect_channel(f"http://127.0.0.1:{free_port()}", "client", "secret", "token", 1.0)
    answer = send(lost, "1")
    lost.close()
    assert isinstance(answer, NotDelivered)
    assert answer.heals


@pytest.mark.parametrize("error", [ConnectionError("cut"), ValueError("no id")])
def test_an_unclear_answer_is_open(error: Exception) -> None:
    def post(message: object) -> str:
        raise error

    with pytest.raises(DeliveryUnknownError):
        OutletMessenger("sandbox", post).send(outbound())


def test_the_settings_open_it(server: WorldServer, order_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARB_SANDBOX_URL", server.channel_url)
    details = {"outlet": "sandbox", "order_id": order_id}
    with Settings().open_channels(lambda: datetime.now(UTC)) as channels:
        assert set(channels) == {Channel.MARKETPLACE}
        answer = channels[Channel.MARKETPLACE].send(outbound(channel=Channel.MARKETPLACE, details=details))
    assert isinstance(answer, Delivered)
