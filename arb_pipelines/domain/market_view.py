"""What shops have asked for a product over the last 90 days.

What belongs here: the words. The figures are made by `transforms/market_levels.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from arb_pipelines.domain.money import Money

LEAST_HISTORY_DAYS = 14.0  # a median over less is no usual price


@dataclass(frozen=True, slots=True)
class MarketView:
    """Prices of one product in one condition over all watched shops; time out of stock does not count.

    `median` and `average` are time-weighted over 90 days; None where not known. `history_days` is how far back the
    first reading of the window lies.
    """

    median: Money | None
    average: Money | None
    history_days: float

    @property
    def is_long_enough(self) -> bool:
        """Whether the history is long enough to call its median the usual price."""
        return self.history_days >= LEAST_HISTORY_DAYS


Market = Mapping[tuple[str, str], MarketView]  # by (product_id, condition)
