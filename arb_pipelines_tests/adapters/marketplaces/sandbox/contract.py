"""The sandbox's own client on the sandbox's channel."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from arb_pipelines.adapters.marketplaces.sandbox.seller import SandboxSeller
from arb_pipelines.sandbox.channel.tokens import SANDBOX_REFRESH_TOKEN
from arb_pipelines.sandbox.running import WorldServer
from arb_pipelines_tests.adapters.marketplaces.sandbox.channel_stand import ChannelStand, open_channel
from arb_pipelines_tests.contracts.outlet_stand import Wire


@contextmanager
def open_stand(wire: Wire) -> Iterator[ChannelStand]:
    """Open the stand."""
    with open_channel(wire, "sandbox", _connect) as stand:
        yield stand
        stand.seller.close()  # type: ignore[attr-defined]


def _connect(server: WorldServer, wire: Wire) -> SandboxSeller:
    return SandboxSeller(
        server.channel_url, "id", "canary-secret", SANDBOX_REFRESH_TOKEN, transport=wire, sleep=lambda _: None
    )
