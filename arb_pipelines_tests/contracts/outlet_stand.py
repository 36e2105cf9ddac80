"""What a marketplace shows to be run through the numbered cases of `test_marketplaces.py`.

What belongs here: the wire that counts and breaks, and what a marketplace's `contract.py` opens. A marketplace's
folder in the package is found on disk; beside its tests lies `contract.py` with::

    @contextmanager
    def open_stand(wire: Wire) -> Iterator[Stand]: ...
"""

from __future__ import annotations

from typing import Protocol

import httpx

from arb_pipelines.domain.listing import Listing
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.order import Order, OutletOrder
from arb_pipelines.services.repricing import PricedSeller
from arb_pipelines_tests.contracts.vendor_faults import Fault

TOKEN_WORDS = ("token", "oauth")


class Wire(httpx.BaseTransport):
    """Stands between a client and its marketplace: counts acts, and answers badly while it is broken.

    `inner` is set by the stand. Requests for tokens always pass. A fault of `only_act` hits that act alone (the
    first is 1, counted from `break_by`).
    """

    def __init__(self) -> None:
        """Pass everything on."""
        self.inner: httpx.BaseTransport | None = None
        self.acts = 0
        self._fault: Fault | None = None
        self._only_act: int | None = None
        self._acts_before = 0

    def break_by(self, fault: Fault, only_act: int | None = None) -> None:
        """Answer badly from now on."""
        self._fault, self._only_act, self._acts_before = fault, only_act, self.acts

    def heal(self) -> None:
        """Answer well again."""
        self._fault = None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        assert self.inner is not None, "the stand has not set wire.inner"
        request.read()
        if any(word in request.url.path for word in TOKEN_WORDS):
            return self.inner.handle_request(request)
        acts = request.method != "GET"
        self.acts += acts
        fault = self._fault
        if fault is not None and self._only_act not in (None, self.acts - self._acts_before if acts else 0):
            fault = None
        if fault is None:
            return self.inner.handle_request(request)
        good = httpx.Response(200, content=b'{"never": "sent"}', request=request)
        if fault.done:
            good = self.inner.handle_request(request)
            good.read()
        return fault.answer(request, good, lambda _: None)


class Stand(Protocol):
    """A marketplace with our account on it."""

    seller: PricedSeller

    def listing(self, sku: str, quantity: int = 1) -> Listing:
        """Return a listing that the marketplace takes."""

    def sell_one(self, sku: str) -> None:
        """Let somebody buy one unit at least."""

    def offered(self, sku: str) -> int:
        """Return how many units are offered now; 0 without a live listing."""


def price_of(minor: int, listing: Listing) -> Money:
    """Return an amount in the currency of a listing."""
    return Money(minor, listing.price.currency)


def order_of(line: OutletOrder) -> Order:
    """Return the order in our books that an imported line becomes."""
    from arb_pipelines.domain.order import OrderState

    zero = Money.zero(line.item_price.currency)
    return Order(
        order_id=f"{line.outlet_order_id}-{line.line_item_id}",
        outlet=line.outlet,
        outlet_order_id=line.outlet_order_id,
        line_item_id=line.line_item_id,
        sku=line.sku,
        product_id="product-1",
        quantity=line.quantity,
        revenue=line.item_price,
        fee=zero,
        fee_estimated=True,
        cost_of_goods=zero,
        state=OrderState.NEW,
        ordered_at=line.ordered_at,
    )
