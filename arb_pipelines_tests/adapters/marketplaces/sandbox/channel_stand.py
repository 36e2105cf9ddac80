"""The sandbox's channel on loopback as a stand: for the sandbox's own client and for the one whose shapes it has."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace

import httpx

from arb_pipelines.domain.listing import Listing
from arb_pipelines.sandbox.channel.tokens import SANDBOX_REFRESH_TOKEN
from arb_pipelines.sandbox.running import WorldServer, run_world_in_thread
from arb_pipelines.services.repricing import PricedSeller
from arb_pipelines_tests.contracts.outlet_stand import Wire
from arb_pipelines_tests.contracts.trade_records import approval, listing, lot, opportunity, purchase, usd
from arb_pipelines_tests.fakes.clock import START, SettableClock

PHOTO = "https://pictures.example/1.jpg"
CHEAP = usd(500)  # everybody buys it within days
MOST_JUMPS = 60


@dataclass
class ChannelStand:
    """One seller account on one small world."""

    seller: PricedSeller
    server: WorldServer
    outlet: str
    web: httpx.Client  # somebody who looks on
    _numbers: dict[str, int] = field(default_factory=dict)

    def listing(self, sku: str, quantity: int = 1) -> Listing:
        number = self._numbers.setdefault(sku, len(self._numbers))
        product = self.server.world.products[number % len(self.server.world.products)]
        plain = listing(lot(purchase(approval(opportunity()))))
        return replace(
            plain,
            sku=sku,
            outlet=self.outlet,
            title=product.title[:80],
            category="",
            gtin=product.gtin,
            quantity=quantity,
            price=CHEAP,
            floor=usd(100),
            photos=(PHOTO,),
        )

    def sell_one(self, sku: str) -> None:
        before = self.offered(sku)
        for _ in range(MOST_JUMPS):
            self._advance()
            if self.offered(sku) < before:
                return
        raise AssertionError(f"nobody bought {sku}")

    def offered(self, sku: str) -> int:
        answer = self.web.get("/sell/inventory/v1/offer", params={"sku": sku})
        offers = answer.json()["offers"] if answer.status_code == 200 else []
        live = [one for one in offers if one.get("listing", {}).get("listingStatus") == "ACTIVE"]
        return sum(one["availableQuantity"] for one in live)

    def _advance(self) -> None:
        assert self.web.post("/sandbox/advance", json={"hours": 12}).status_code == 200


@contextmanager
def open_channel(
    wire: Wire, outlet: str, connect: Callable[[WorldServer, Wire], PricedSeller]
) -> Iterator[ChannelStand]:
    """Run a small world and connect a seller through the wire."""
    with ExitStack() as stack:
        server = stack.enter_context(run_world_in_thread(shops=1, clock=SettableClock(START).now))
        wire.inner = stack.enter_context(httpx.HTTPTransport())
        web = stack.enter_context(httpx.Client(base_url=server.channel_url, trust_env=False))
        form = {"grant_type": "refresh_token", "refresh_token": SANDBOX_REFRESH_TOKEN}
        token = web.post("/identity/v1/oauth2/token", data=form, auth=("a", "b")).json()["access_token"]
        web.headers["Authorization"] = f"Bearer {token}"
        yield ChannelStand(connect(server, wire), server, outlet, web)
