"""eBay's client on the sandbox's channel, which has eBay's paths and field names; each request is held against eBay's
own descriptions on its way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from arb_pipelines.adapters.marketplaces.ebay.client import EbayAccount, connect_ebay
from arb_pipelines.adapters.marketplaces.ebay.policies import EbayPolicies
from arb_pipelines.adapters.marketplaces.ebay.revisions import RevisionLog
from arb_pipelines.adapters.marketplaces.ebay.seller import EbaySeller
from arb_pipelines.sandbox.channel.tokens import SANDBOX_REFRESH_TOKEN
from arb_pipelines.sandbox.running import WorldServer
from arb_pipelines_tests.adapters.marketplaces.sandbox.channel_stand import ChannelStand, open_channel
from arb_pipelines_tests.contracts.outlet_stand import Wire
from arb_pipelines_tests.contracts.vendor_transport import ContractTransport


class Checked(httpx.BaseTransport):
    """Holds every request against eBay's descriptions, then passes it on."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._descriptions = ContractTransport("ebay")

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self._descriptions.handle_request(request)
        return self._wire.handle_request(request)


@contextmanager
def open_stand(wire: Wire) -> Iterator[ChannelStand]:
    """Open the stand."""
    with open_channel(wire, "ebay", _connect) as stand:
        yield stand
        stand.seller.close()  # type: ignore[attr-defined]


def _connect(server: WorldServer, wire: Wire) -> EbaySeller:
    account = EbayAccount("id", "canary-secret", SANDBOX_REFRESH_TOKEN)
    connection = connect_ebay(server.channel_url, account, transport=Checked(wire), sleep=lambda _: None, plan=None)
    terms = EbayPolicies(connection).fetch_terms
    return EbaySeller(connection, lambda: terms({}, "90001"), RevisionLog())
