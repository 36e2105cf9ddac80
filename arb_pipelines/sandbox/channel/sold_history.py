"""Completed sales of everybody at the selling channel, as far back as 90 days before the world began.

What belongs here: which sales there were. They follow the same market values and demand curve as our own sales;
ours are not among them.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import datetime
from math import exp, floor

from arb_pipelines.sandbox.catalogue import Product
from arb_pipelines.sandbox.demand import HOURS_A_DAY, days_to_sell
from arb_pipelines.sandbox.draws import draw, draw_normal
from arb_pipelines.sandbox.world import World

HISTORY_DAYS = 90
SALES_A_PRODUCT = 15  # in 90 days, on average
NOISE = 0.06
CONDITION_IDS = {"NEW": "1000", "USED_VERY_GOOD": "4000", "USED_GOOD": "5000"}
CONDITION_NAMES = {"NEW": "New", "USED_VERY_GOOD": "Very Good", "USED_GOOD": "Good"}
KEPT_DAYS = 90  # of the sales since the world began, so that a long run stays searchable
KEPT_BLOCK_DAYS = 30


@dataclass(frozen=True, slots=True)
class Sale:
    """One completed sale. `hour` is world time; `days_on_market` counts from 1."""

    sale_id: str
    product: Product
    condition: str
    price_minor: int
    hour: float
    days_on_market: int


class SoldHistory:
    """All sales up to now, oldest first."""

    def __init__(self, world: World) -> None:
        """Read sales of `world`; they are made when first asked for."""
        self._world = world
        self._next_day = -HISTORY_DAYS
        self._coming: list[Sale] = []
        self._visible: list[Sale] = []
        self._sold_at: list[datetime] = []

    def between(self, start: datetime | None, end: datetime | None) -> list[tuple[datetime, Sale]]:
        """Return the sales from `start` to `end`, both inclusive; None leaves a bound open."""
        self._advance()
        low = 0 if start is None else bisect_left(self._sold_at, start)
        high = len(self._sold_at) if end is None else bisect_right(self._sold_at, end)
        return list(zip(self._sold_at[low:high], self._visible[low:high], strict=True))

    def _advance(self) -> None:
        now_h = self._world.now_h()
        kept_from = floor((now_h / HOURS_A_DAY - KEPT_DAYS) / KEPT_BLOCK_DAYS) * KEPT_BLOCK_DAYS
        while self._next_day * HOURS_A_DAY <= now_h:
            if 0 <= self._next_day < kept_from:
                self._next_day = kept_from
            self._coming += _sales_of_day(self._world, self._next_day)
            self._next_day += 1
        passed = bisect_right(self._coming, now_h, key=_hour)
        self._visible += self._coming[:passed]
        self._sold_at += [self._world.timeline.real_at(sale.hour) for sale in self._coming[:passed]]
        del self._coming[:passed]
        self._forget(kept_from * HOURS_A_DAY)

    def _forget(self, kept_from_h: float) -> None:
        """Drop old sales in whole blocks, so that a client that is paging rarely sees them shift."""
        first = bisect_left(self._visible, 0.0, key=_hour)
        last = max(first, bisect_left(self._visible, kept_from_h, key=_hour))
        del self._visible[first:last], self._sold_at[first:last]


def _hour(sale: Sale) -> float:
    return sale.hour


def _sales_of_day(world: World, day: int) -> list[Sale]:
    sales = [sale for product in world.products if (sale := _sale_on(world, product, day)) is not None]
    return sorted(sales, key=lambda sale: sale.hour)


def _sale_on(world: World, product: Product, day: int) -> Sale | None:
    key = (world.seed, "sold", product.index, day)
    if draw(*key) >= SALES_A_PRODUCT / HISTORY_DAYS * product.popularity:
        return None
    condition = _condition(product, draw(*key, "condition"))
    hour = (day + draw(*key, "hour")) * HOURS_A_DAY
    ratio = exp(NOISE * draw_normal(*key, "noise"))
    value = world.market_value_usd(product, hour, condition)
    return Sale(
        sale_id=f"{product.epid}{day + HISTORY_DAYS:06d}",
        product=product,
        condition=condition,
        price_minor=max(100, round(value * ratio * 100)),
        hour=hour,
        days_on_market=days_to_sell(ratio, draw(*key, "days")),
    )


def _condition(product: Product, chance: float) -> str:
    used_share = 0.45 if product.category == "books" else 0.2
    if chance >= used_share:
        return "NEW"
    return "USED_VERY_GOOD" if chance >= used_share / 4 else "USED_GOOD"
