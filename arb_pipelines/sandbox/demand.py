"""How buyers in the sandbox react to a price.

What belongs here: the one demand curve. The simulated buyers of our listings and the sold history of everybody
follow it, so that a model trained on the history predicts our sales.
"""

from __future__ import annotations

from math import ceil, log

HOURS_A_DAY = 24
DAILY_AT_MARKET = 0.6
NOBODY_BUYS_AT = 1.4  # times the market value


def daily_sale_probability(price_to_value: float) -> float:
    """Return the chance that a listing sells within a day at this ratio of price to market value."""
    if price_to_value <= 1:
        return DAILY_AT_MARKET
    room = max(0.0, (NOBODY_BUYS_AT - price_to_value) / (NOBODY_BUYS_AT - 1))
    return DAILY_AT_MARKET * room * room


def hourly_sale_probability(price_to_value: float) -> float:
    """Return the chance within one hour; 24 such hours make the daily chance."""
    return float(1 - (1 - daily_sale_probability(price_to_value)) ** (1 / HOURS_A_DAY))


def days_to_sell(price_to_value: float, chance: float) -> int:
    """Return on which day (from 1) a listing sells, for a draw `chance` from 0 to 1."""
    daily = daily_sale_probability(price_to_value)
    if daily < 0.01:
        return 90
    return min(90, max(1, ceil(log(1 - chance) / log(1 - daily))))
