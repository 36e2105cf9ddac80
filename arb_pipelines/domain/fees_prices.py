"""Choosing prices and limits from the fees of a sale: floor, best price, max cost, dead zones.

What belongs here: the questions that a buyer and a repricer ask. How the answers are found is `fees_search.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from arb_pipelines.domain.fees_curve import FeeCurve, check_amount
from arb_pipelines.domain.fees_returns import Returns, expected_flow, net_flow
from arb_pipelines.domain.fees_schedule import FeeRefusal
from arb_pipelines.domain.fees_search import best_of, first_at_least
from arb_pipelines.domain.money import Money

SEARCH_LIMIT_MINOR = 10_000_000  # 100,000.00: far above any item this pipeline may buy
MAX_ROI = 100


@dataclass(frozen=True, slots=True)
class Targets:
    """The least that a purchase must promise. Fractions of 1; None leaves that bound out."""

    roi: Decimal | None = None
    profit: Money | None = None
    margin: Decimal | None = None


@dataclass(frozen=True, slots=True)
class MaxCost:
    """The most that landed cost may be, the price it rests on, and which bound decided.

    `bounds` holds every bound that was asked for, at that price; the least of them is `cost`.
    """

    cost: Money
    price: Money
    expected_net: Money
    decided_by: str
    bounds: tuple[tuple[str, Money], ...]


@dataclass(frozen=True, slots=True)
class DeadZone:
    """Prices from `first` to `last` that net less than `best_below`, the price just under them."""

    first: Money
    last: Money
    best_below: Money
    net_below: Money


def floor_price(
    curve: FeeCurve,
    landed_cost: Money,
    *,
    min_roi: Decimal = Decimal(0),
    min_profit: Money | None = None,
    returns: Returns | None = None,
    extra: Money | None = None,
    limit: Money | None = None,
) -> Money:
    """Return the smallest price whose net covers landed cost x (1 + min ROI), the least profit, and `extra`.

    With `returns` the expected net must cover it. `extra` is a cost of selling outside the fees (a label,
    packing). Prices above `limit` (default 100,000.00) are not tried.

    Raises:
        FeeRefusal: `no_floor` when no price up to the limit is enough, or a bad amount or rate.
    """
    currency = curve.currency
    check_amount("landed cost", landed_cost, currency)
    numerator, denominator = _whole_plus("least ROI", min_roi)
    target = -(-landed_cost.minor * numerator // denominator)
    if min_profit is not None:
        check_amount("least profit", min_profit, currency)
        target = max(target, landed_cost.minor + min_profit.minor)
    target += _extra(curve, extra)
    top = _limit(curve, limit)
    found = first_at_least(expected_flow(curve, returns), curve.steps(), target, 0, top)
    if found is None:
        short = f"no price up to {Money(top, currency)} nets {Money(target, currency)} after the fees"
        raise FeeRefusal("no_floor", short)
    return Money(found, currency)


def best_price(curve: FeeCurve, cap: Money, returns: Returns | None = None) -> Money:
    """Return the price up to `cap` that nets most; the lowest of equals. It is below `cap` in a dead zone."""
    check_amount("the price cap", cap, curve.currency)
    flow = expected_flow(curve, returns)
    found = best_of(lambda gains, costs, _price: gains - costs, flow, curve.steps(), cap.minor)
    return Money(found, curve.currency)


def max_cost(
    curve: FeeCurve,
    price_cap: Money,
    targets: Targets,
    *,
    returns: Returns | None = None,
    extra: Money | None = None,
) -> MaxCost:
    """Return the highest landed cost that still meets every target when we may sell at up to `price_cap`.

    `price_cap` is the lower quantile of the predicted price. Each bound is rounded down: E / (1 + ROI),
    E - profit, E - margin x price. The best price under the cap is searched, because the cap may lie in a dead
    zone. `extra` is a cost of selling outside the fees.

    Raises:
        FeeRefusal: `no_target` when no bound was asked for, `not_worth_buying` when no positive cost meets
            them, or a bad amount or rate.
    """
    currency = curve.currency
    check_amount("the price cap", price_cap, currency)
    spent = _extra(curve, extra)
    bounds = _bounds(targets, currency)
    flow = expected_flow(curve, returns)

    def least(gains: int, costs: int, price: int) -> int:
        return min(bound(gains - costs - spent, price) for _, bound in bounds)

    price = best_of(least, flow, curve.steps(), price_cap.minor)
    gains, costs = flow(price)
    net = gains - costs - spent
    found = [(name, Money(bound(net, price), currency)) for name, bound in bounds]
    name, cost = min(found, key=lambda item: item[1].minor)
    if cost.minor <= 0:
        raise FeeRefusal("not_worth_buying", f"at no price up to {price_cap} is anything left to pay ({name})")
    return MaxCost(cost, Money(price, currency), Money(net, currency), name, tuple(found))


def dead_zones(curve: FeeCurve, limit: Money | None = None) -> list[DeadZone]:
    """Return, ascending, the runs of prices that net less than the price just below the run.

    A repricer never stops inside one: it takes `best_below` or a price above `last`.
    """
    flow, steps, top = net_flow(curve), curve.steps(), _limit(curve, limit)
    zones: list[DeadZone] = []
    reached = 0
    for step in steps:
        if step <= reached or step > top:
            continue
        below = curve.net(step - 1)
        if curve.net(step) >= below:
            continue
        after = first_at_least(flow, steps, below, step, top)
        reached = top if after is None else after - 1
        first, last, best, net = (Money(minor, curve.currency) for minor in (step, reached, step - 1, below))
        zones.append(DeadZone(first, last, best, net))
    return zones


Bound = Callable[[int, int], int]  # (net, price) -> the highest cost, all in minor units


def _bounds(targets: Targets, currency: str) -> list[tuple[str, Bound]]:
    found: list[tuple[str, Bound]] = []
    if targets.roi is not None:
        top, bottom = _whole_plus("least ROI", targets.roi)
        found.append(("roi", lambda net, _price: net * bottom // top))
    if targets.profit is not None:
        check_amount("least profit", targets.profit, currency)
        profit = targets.profit.minor
        found.append(("profit", lambda net, _price: net - profit))
    if targets.margin is not None:
        share, whole = _fraction("least margin", targets.margin, 1)
        found.append(("margin", lambda net, price: net - -(-price * share // whole)))
    if not found:
        raise FeeRefusal("no_target", "state at least one of ROI, profit and margin")
    return found


def _whole_plus(what: str, rate: Decimal) -> tuple[int, int]:
    """Return 1 + rate as an exact fraction."""
    numerator, denominator = _fraction(what, rate, MAX_ROI)
    return numerator + denominator, denominator


def _fraction(what: str, rate: Decimal, most: int) -> tuple[int, int]:
    if not isinstance(rate, Decimal) or not rate.is_finite() or not 0 <= rate <= most:
        raise FeeRefusal("bad_rate", f"the {what} is a fraction such as 0.30, from 0 to {most}, got {rate!s}")
    return rate.as_integer_ratio()


def _extra(curve: FeeCurve, extra: Money | None) -> int:
    if extra is None:
        return 0
    check_amount("the extra cost of selling", extra, curve.currency)
    return extra.minor


def _limit(curve: FeeCurve, limit: Money | None) -> int:
    if limit is None:
        return SEARCH_LIMIT_MINOR
    check_amount("the price limit", limit, curve.currency)
    return limit.minor
