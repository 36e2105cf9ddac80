"""A shop that misbehaves on demand: it may refuse, lose its answer, or take the order late."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from arb_pipelines.domain.money import Money
from arb_pipelines.domain.ports import Buyer, Clock
from arb_pipelines.domain.purchase import BuyQuote, OrderRefused, OutcomeUnknownError, PlacedOrder, Purchase


class Answers(StrEnum):
    """How the shop meets the next order."""

    PLAIN = "plain"
    REFUSE = "refuse"
    DROP = "drop"  # nothing is ordered and no answer comes
    LOSE_ANSWER = "lose_answer"  # ordered, no answer comes
    BREAK = "break"  # ordered, and an unforeseen exception comes instead of an answer
    LATE = "late"  # ordered `late_s` after the connection is gone


@dataclass
class Taken:
    """An order in the shop's system and when its history begins to show it."""

    order: PlacedOrder
    shown_at: datetime


class FakeShop:
    """One shop with an order history. `quotes` overrides what it says of a SKU."""

    def __init__(
        self,
        clock: Clock,
        answers: Iterable[Answers] = (),
        *,
        total: Money | None = None,
        late_s: float = 60,
        shown_after_s: float = 0,
        keeps_reference: bool = True,
    ) -> None:
        """Meet each order with the next of `answers`, then plainly."""
        self._clock = clock
        self._answers = list(answers)
        self.total = total or Money(1000, "USD")
        self.late_s = late_s
        self.shown_after_s = shown_after_s
        self.keeps_reference = keeps_reference
        self.history_is_down = False
        self.quotes: dict[str, BuyQuote] = {}
        self.taken: list[Taken] = []
        self.placed_references: list[str] = []
        self.delivers_after: timedelta | None = None

    def fetch_quote(self, url: str, sku: str) -> BuyQuote:
        return self.quotes.get(sku, BuyQuote(sku, self.total, True))

    def place(self, purchase: Purchase) -> PlacedOrder | OrderRefused:
        answer = self._answers.pop(0) if self._answers else Answers.PLAIN
        if answer is Answers.REFUSE:
            return OrderRefused("out_of_stock", "somebody was faster")
        if answer is Answers.DROP:
            raise OutcomeUnknownError("connection closed")
        order = self._take(purchase, self.late_s if answer is Answers.LATE else 0)
        if answer is Answers.BREAK:
            raise RuntimeError("the browser crashed")
        if answer in (Answers.LOSE_ANSWER, Answers.LATE):
            raise OutcomeUnknownError("timed out")
        return order

    def fetch_orders(self, since: datetime) -> list[PlacedOrder]:
        if self.history_is_down:
            raise ConnectionError("the order history answers 503")
        now = self._clock.now()
        return [self._shown(t.order, now) for t in self.taken if t.shown_at <= now and t.order.placed_at >= since]

    def _shown(self, order: PlacedOrder, now: datetime) -> PlacedOrder:
        if self.delivers_after is None or now < order.placed_at + self.delivers_after:
            return order
        delivered_at = order.placed_at + self.delivers_after
        return PlacedOrder(
            order.shop_order_id, order.reference, order.sku, order.quantity, order.total, order.placed_at, delivered_at
        )

    def _take(self, purchase: Purchase, late_s: float) -> PlacedOrder:
        placed_at = self._clock.now() + timedelta(seconds=late_s)
        self.placed_references.append(purchase.purchase_id)
        order = PlacedOrder(
            shop_order_id=f"so-{len(self.taken) + 1}",
            reference=purchase.purchase_id if self.keeps_reference else None,
            sku=purchase.sku or "",
            quantity=purchase.quantity,
            total=self.total * purchase.quantity,
            placed_at=placed_at,
            delivered_at=None,
        )
        self.taken.append(Taken(order, placed_at + timedelta(seconds=self.shown_after_s)))
        return order


class FakeBuyers:
    """Shops by site key."""

    def __init__(self, shops: Mapping[str, Buyer]) -> None:
        self.shops = dict(shops)

    def buyer_for(self, site: str) -> Buyer | None:
        return self.shops.get(site)
