"""The trader's own rules: small named functions that a preset combines; each refuses with its own reason code.

What belongs here: one builder a rule, and the table of their names. What no preset can switch off (stock, condition,
age, denied goods and the like) is `scoring_rules.py`; profit, ROI and margin decide the highest cost and are there too.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from arb_pipelines.domain.market_view import MarketView
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.offer import Offer
from arb_pipelines.domain.price import PricePrediction
from arb_pipelines.domain.spend_limit import Refusal

LEAST_UNSOLD = 1e-9  # nothing sells with certainty
VELOCITY_DAYS = 180  # the window over which days with a sale are counted


@dataclass(frozen=True, slots=True)
class Deal:
    """An offer with the money it would make at one outlet. `market` is None where nothing is known.

    `recall_doubt` says why it cannot be told that the product is not recalled; None where it can.
    """

    offer: Offer
    prediction: PricePrediction
    market: MarketView | None
    cost: Money
    profit: Money
    sale: Money
    recall_doubt: str | None = None


TradeRule = Callable[[Deal], Refusal | None]


def sold_within(prediction: PricePrediction, days: float) -> float | None:
    """Return the probability that a unit is sold within `days`; None where it is not known for 30 days.

    Between the horizons that the model knows (30 days, and 60 and 90 where it says) the rate of sales is constant;
    beyond the last it is the mean rate until there.
    """
    told = (prediction.sold_within_30_days, prediction.sold_within_60_days, prediction.sold_within_90_days)
    if told[0] is None or not all(one is None or 0 <= one <= 1 for one in told):
        return None
    last_day, last = 0.0, 0.0  # minus the logarithm of what is left unsold, which grows evenly at a constant rate
    for day, one in zip((30.0, 60.0, 90.0), told, strict=True):
        if one is None:
            continue
        risen = max(last, -math.log(max(1.0 - one, LEAST_UNSOLD)))
        if days <= day:
            return -math.expm1(-(last + (risen - last) * (days - last_day) / (day - last_day)))
        last_day, last = day, risen
    return -math.expm1(-last * days / last_day)


def days_with_a_sale(prediction: PricePrediction) -> float | None:
    """Return on how many of 180 days a sale is expected, None where it is not known."""
    on_one_day = sold_within(prediction, 1.0)
    return None if on_one_day is None else VELOCITY_DAYS * on_one_day


def below_median(percent: Decimal) -> TradeRule:
    """Buy only at `percent` below the 90-day time-weighted median of the shops, or lower."""

    def rule(deal: Deal) -> Refusal | None:
        median = deal.market.median if deal.market and deal.market.is_long_enough else None
        if median is None or median.currency != deal.offer.price.currency:
            return Refusal("median_unknown", "the usual price of the last 90 days is not known")
        most = median.minor * (100 - percent) / 100
        if deal.offer.price.minor > most:
            return Refusal("above_median", f"{deal.offer.price} is not {percent} % below the usual {median}")
        return None

    return rule


def velocity(at_least: Decimal) -> TradeRule:
    """Buy only what is expected to sell on so many of 180 days."""

    def rule(deal: Deal) -> Refusal | None:
        days = days_with_a_sale(deal.prediction)
        if days is None or math.isnan(days):
            return Refusal("velocity_unknown", "how often it sells is not known")
        if days < at_least:
            return Refusal("velocity_low", f"a sale on {days:.0f} of {VELOCITY_DAYS} days, at least {at_least}")
        return None

    return rule


def multiple(at_least: Decimal) -> TradeRule:
    """Buy only what sells for so many times its landed cost (the 3 x rule)."""

    def rule(deal: Deal) -> Refusal | None:
        if deal.sale.minor < at_least * deal.cost.minor:
            return Refusal("multiple_low", f"sold at {deal.sale}, not {at_least} times the cost of {deal.cost}")
        return None

    return rule


def conditions(allowed: frozenset[str]) -> TradeRule:
    """Buy only these conditions."""

    def rule(deal: Deal) -> Refusal | None:
        if deal.offer.condition in allowed:
            return None
        return Refusal("condition_not_wanted", f"{deal.offer.condition} is not one of {', '.join(sorted(allowed))}")

    return rule


def categories(allowed: frozenset[str]) -> TradeRule:
    """Buy only where one of these words is in the category's name or path."""

    def rule(deal: Deal) -> Refusal | None:
        words = set("".join(c if c.isalnum() else " " for c in (deal.offer.category or "").casefold()).split())
        if any(set(name.split()) <= words for name in allowed):
            return None
        return Refusal("category_not_wanted", f"{deal.offer.category} is not one of {', '.join(sorted(allowed))}")

    return rule


NUMBER_RULES: Mapping[str, tuple[str, Callable[[Decimal], TradeRule]]] = {
    "below_median": ("percent", below_median),
    "velocity": ("at_least", velocity),
    "multiple": ("at_least", multiple),
}
WORD_RULES: Mapping[str, Callable[[frozenset[str]], TradeRule]] = {"conditions": conditions, "categories": categories}
