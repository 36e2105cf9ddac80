"""Showing the same units on several outlets: when it is allowed at all, and how often it sells what is not there.

What belongs here: the rule and its figure. It cannot be made safe: until an outlet has heard of a sale elsewhere, it
may sell the same unit. So a single unit is on one outlet only, and more only where an operator asks for it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta

from arb_pipelines.domain.spend_limit import Refusal

LEAST_UNITS = 2


@dataclass(frozen=True, slots=True)
class CrossListing:
    """`buffer` units are held back from every outlet; `sync_delay` is how late one outlet hears of another's sale."""

    buffer: int
    sync_delay: timedelta

    def __post_init__(self) -> None:
        """Refuse a rule that holds nothing back.

        Raises:
            ValueError: no buffer, or no delay.
        """
        if self.buffer < 1 or self.sync_delay <= timedelta(0):
            raise ValueError("cross-listing holds back one unit or more, and no outlet hears of a sale at once")

    def refuse(self, units: int, outlets: int, days_to_sell: float | None) -> Refusal | None:
        """Return why units of a lot stay on one outlet, or None.

        Args:
            units: how many are on hand.
            outlets: how many would take them.
            days_to_sell: until one sells at one outlet; None is unknown, and then the risk is, too.
        """
        if outlets < LEAST_UNITS:
            return Refusal("one_outlet", "only one outlet takes it")
        if units < LEAST_UNITS or units <= self.buffer:
            return Refusal("too_few_units", f"{units} units, of which {self.buffer} are held back")
        if days_to_sell is None or days_to_sell <= 0:
            return Refusal("days_unknown", "how fast it sells is not known, so the chance of an oversale is not")
        return None


def oversell_chance(sync_delay: timedelta, days_to_sell: float) -> float:
    """Return the chance that a second unit sells elsewhere before that outlet has heard of the first sale, 0 to 1.

    1 - exp(-delay / T) for sales that come at random, one in `days_to_sell` days at each outlet.
    """
    if days_to_sell <= 0:
        return 1.0
    return -math.expm1(-(sync_delay / timedelta(days=1)) / days_to_sell)
