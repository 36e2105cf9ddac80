"""Exact search over prices when net proceeds are not monotone.

What belongs here: the search itself, over any flow of money as a function of price, in minor units. Whole-amount
steps make some prices strictly worse than a lower one, so algebra gives wrong answers. Between two steps both what
comes in and what goes out never fall as the price rises; hence `gains(high) - costs(low)` bounds every price of a
stretch, and halving the stretches finds the exact answer without looking at every cent.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple


class Flow(NamedTuple):
    """What comes in and what goes out at one price, in minor units."""

    gains: int
    costs: int


FlowAt = Callable[[int], Flow]


def first_at_least(flow: FlowAt, steps: Sequence[int], target: int, low: int, high: int) -> int | None:
    """Return the smallest price in [low, high] whose gains - costs reach `target`, or None.

    `steps` holds, ascending, each first price after a jump; anywhere else gains and costs never fall.
    """
    edges = [low, *(step for step in steps if low < step <= high), high + 1]
    for start, end in pairwise(edges):
        found = _first_in_stretch(flow, target, start, end - 1)
        if found is not None:
            return found
    return None


def _first_in_stretch(flow: FlowAt, target: int, low: int, high: int) -> int | None:
    stack = [(low, high, flow(low), flow(high))]
    while stack:
        start, end, at_start, at_end = stack.pop()
        if at_start.gains - at_start.costs >= target:
            return start
        if at_end.gains - at_start.costs < target:
            continue
        if end - start <= 1:
            if at_end.gains - at_end.costs >= target:
                return end
            continue
        middle = (start + end) // 2
        at_middle = flow(middle)
        stack.append((middle, end, at_middle, at_end))
        stack.append((start, middle, at_start, at_middle))
    return None


def best_of(value: Callable[[int, int, int], int], flow: FlowAt, steps: Sequence[int], cap: int) -> int:
    """Return the lowest price in [0, cap] where `value(gains, costs, price)` is greatest.

    `value` must never fall in gains and never rise in costs or in price.
    """

    def worth(price: int) -> tuple[int, int]:
        return value(*flow(price), price), -price

    edges = [0, *steps[: bisect_right(steps, cap)], cap + 1]
    stack = [(start, end - 1) for start, end in pairwise(edges)]
    best = max(worth(price) for stretch in stack for price in stretch)
    while stack:
        start, end = stack.pop()
        if end - start <= 1 or (value(flow(end).gains, flow(start).costs, start), -start) <= best:
            continue
        middle = (start + end) // 2
        best = max(best, worth(middle))
        stack += [(start, middle), (middle, end)]
    return -best[1]
