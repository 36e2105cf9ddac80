"""Shops that the simulated trade buys from: orders that land late, answers that are lost, histories that lag.

What belongs here: the shop's own truth, on true time, which no jump of our clock moves.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random

from arb_pipelines.domain.money import Money
from arb_pipelines.domain.purchase import BuyQuote, OrderRefused, OutcomeUnknownError, PlacedOrder, Purchase
from arb_pipelines_tests.simulation.weather import HOUR_S, Weather

EPOCH = datetime(2026, 1, 5, 9, tzinfo=UTC)


def true_time(seconds: float) -> datetime:
    """Return the time that a correct clock shows."""
    return EPOCH + timedelta(seconds=seconds)


@dataclass(slots=True)
class Landed:
    """One order at the shop: whose it is in truth, when it lands, when the history shows it, when it arrives."""

    order: PlacedOrder
    purchase_id: str | None
    due_s: float
    shown_s: float
    arrives_s: float


class SimShop:
    """One shop and our account there. `ceilings` tells what a purchase may cost at most; the shop charges up to it."""

    def __init__(
        self,
        site: str,
        random: Random,
        now_s: Callable[[], float],
        pause: Callable[[float], None],
        ceilings: Callable[[Purchase], Money],
        *,
        keeps_reference: bool,
    ) -> None:
        self.site = site
        self.weather = Weather()
        self.prices: dict[str, int] = {}
        self.landed: list[Landed] = []
        self.by_purchase: dict[str, list[Landed]] = {}
        self.down_until_s = 0.0
        self.on_place: Callable[[Purchase], None] = lambda purchase: None
        self._random, self._now_s, self._pause, self._ceilings = random, now_s, pause, ceilings
        self._keeps_reference = keeps_reference

    def fetch_quote(self, url: str, sku: str) -> BuyQuote:
        """Tell the price; sometimes it cannot be read, sometimes there is none left."""
        price = self.prices[sku]
        if self._random.random() >= self.weather.quote_off:
            return BuyQuote(sku, Money(price, "USD"), True)
        return self._random.choice([BuyQuote(sku, None, True), BuyQuote(sku, Money(price, "USD"), False)])

    def place(self, purchase: Purchase) -> PlacedOrder | OrderRefused:
        """Take the order, or not, and answer, or not."""
        self.on_place(purchase)
        answer = self.weather.answer(self._random)
        if answer == "refuses":
            self._pause(self._random.random() * 5)
            return OrderRefused("out_of_stock", "somebody was faster")
        if answer == "drops":
            self._pause(self.weather.timeout_s)
            raise OutcomeUnknownError("connection closed")
        late_s = self._random.random() * self.weather.late_s if answer == "late" else 0.0
        order = self._land(purchase, late_s)
        answers = answer in ("plain", "breaks")
        self._pause(self.weather.timeout_s * (self._random.random() if answers else 1.0))
        if answer == "breaks":
            raise RuntimeError("the browser crashed")
        if answer in ("loses_answer", "late"):
            raise OutcomeUnknownError("timed out")
        return order

    def fetch_orders(self, since: datetime) -> list[PlacedOrder]:
        """Return what the history shows; sometimes a line twice, sometimes an answer that took its time."""
        now_s = self._now_s()
        if now_s < self.down_until_s:
            raise ConnectionError("the order history answers 503")
        shown = [self._as_shown(one, now_s) for one in self.landed if one.shown_s <= now_s]
        shown = [order for order in shown if order.placed_at >= since]
        if shown and self._random.random() < self.weather.doubled:
            shown.append(self._random.choice(shown))
        if self._random.random() < self.weather.late:
            self._pause(self._random.random() * self.weather.late_s)
        return shown

    def order_by_hand(self) -> None:
        """Let a person order something on the same account, which our books know nothing of."""
        now_s = self._now_s()
        number = f"{self.site}-hand-{len(self.landed)}"
        order = PlacedOrder(number, None, f"by-hand-{number}", 1, Money(777, "USD"), true_time(now_s), None)
        self.landed.append(Landed(order, None, now_s, now_s + 60, now_s + HOUR_S))

    def orders_of(self, purchase_id: str) -> list[Landed]:
        """Return the orders that a purchase has in truth, those in flight included."""
        return self.by_purchase.get(purchase_id, [])

    def spent_minor(self) -> int:
        """Return what all orders of our purchases cost, those in flight included."""
        return sum(one.order.total.minor for one in self.landed if one.purchase_id is not None)

    def _as_shown(self, landed: Landed, now_s: float) -> PlacedOrder:
        arrived = now_s >= landed.arrives_s
        return replace(landed.order, delivered_at=true_time(landed.arrives_s)) if arrived else landed.order

    def _land(self, purchase: Purchase, late_s: float) -> PlacedOrder:
        due_s = self._now_s() + late_s
        # Up to the ceiling of the approval: what the page showed before is not what the last page charges.
        ceiling = self._ceilings(purchase).minor
        price = self.prices[purchase.sku or ""]
        unit = price if price > ceiling else ceiling * self._random.choice([90, 96, 100]) // 100
        order = PlacedOrder(
            shop_order_id=f"{self.site}-{len(self.landed)}",
            reference=purchase.purchase_id if self._keeps_reference else None,
            sku=purchase.sku or "",
            quantity=purchase.quantity,
            total=Money(unit * purchase.quantity, "USD"),
            placed_at=true_time(due_s),
            delivered_at=None,
        )
        shown_s = due_s + self._random.choice([0.0, self._random.random()]) * self.weather.shown_after_s
        arrives_s = due_s + HOUR_S * (0.5 + 8 * self._random.random())
        landed = Landed(order, purchase.purchase_id, due_s, shown_s, arrives_s)
        self.landed.append(landed)
        self.by_purchase.setdefault(purchase.purchase_id, []).append(landed)
        return order
