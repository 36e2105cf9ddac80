"""The selling channel put together, and the form of a call to it.

What belongs here: the parts that the calls share. What each call does is in `inventory_calls.py`,
`order_calls.py` and `search_calls.py`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from arb_pipelines.sandbox.channel.buyers import BuyerCrowd, product_of
from arb_pipelines.sandbox.channel.items import ItemStore
from arb_pipelines.sandbox.channel.message_store import MessageStore
from arb_pipelines.sandbox.channel.offers import OfferStore
from arb_pipelines.sandbox.channel.order_store import OrderStore
from arb_pipelines.sandbox.channel.sold_history import SoldHistory
from arb_pipelines.sandbox.channel.tokens import TokenDesk
from arb_pipelines.sandbox.world import World


@dataclass(frozen=True, slots=True)
class Call:
    """One call as it came in; `names` are the parts of the path, `body` is None when it was not JSON."""

    names: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any
    base_url: str


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to a call; no body where the channel sends none."""

    status: int
    body: dict[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


class Channel:
    """All parts of the selling channel over one world and one state file."""

    def __init__(self, world: World, state: sqlite3.Connection) -> None:
        """Continue with what `state` holds."""
        self.world = world
        self.tokens = TokenDesk(world.seed, world.timeline.real_now)
        self.items = ItemStore(state)
        self.offers = OfferStore(state, self.items, world.timeline)
        self.orders = OrderStore(state)
        self.messages = MessageStore(state)
        self.crowd = BuyerCrowd(world, state, self.offers, self.orders)
        self.history = SoldHistory(world)

    def counts(self) -> dict[str, int]:
        """Return how much of everything there is."""
        live = self.offers.live_listings()
        return {
            "inventory_items": self.items.count(),
            "offers": self.offers.count(),
            "active_listings": sum(listing.quantity > 0 for listing in live),
            "unmatched_listings": sum(product_of(self.world, listing.item) is None for listing in live),
            "sold_units": self.orders.count(),
            "channel_orders": self.orders.count(),
        }


ChannelCall = Callable[[Channel, Call], Reply]
