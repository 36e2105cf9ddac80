"""The template: nothing can be done, so its stand needs no marketplace. One that can sell opens a fake one here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import httpx

from arb_pipelines.adapters.marketplaces._template.client import OUTLET, connect
from arb_pipelines.adapters.marketplaces._template.seller import TemplateSeller
from arb_pipelines.domain.listing import Listing
from arb_pipelines_tests.contracts.outlet_stand import Wire
from arb_pipelines_tests.contracts.trade_records import approval, listing, lot, opportunity, purchase


@dataclass
class TemplateStand:
    """A marketplace where nothing happens."""

    seller: TemplateSeller

    def listing(self, sku: str, quantity: int = 1) -> Listing:
        """Return a listing that the marketplace takes."""
        return replace(
            listing(lot(purchase(approval(opportunity())))), sku=sku, quantity=quantity, outlet=OUTLET, photos=()
        )

    def sell_one(self, sku: str) -> None:
        """Let somebody buy one unit at least."""
        raise AssertionError(f"nothing is sold here: {sku}")

    def offered(self, sku: str) -> int:
        """Return how many units are offered now."""
        return 0


@contextmanager
def open_stand(wire: Wire) -> Iterator[TemplateStand]:
    """Open the stand."""
    wire.inner = httpx.MockTransport(lambda request: httpx.Response(404))
    client = connect("https://marketplace.example", "canary-secret", transport=wire)
    yield TemplateStand(TemplateSeller(client))
    client.close()
