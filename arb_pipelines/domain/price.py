"""What an item will sell for, as a prediction that may abstain, and one past sale to learn from.

What belongs here: the words. Estimating is `ml/price_model.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from arb_pipelines.domain.money import Money


@dataclass(frozen=True, slots=True)
class SoldPrice:
    """One completed sale seen at an outlet. `days_to_sell` is None where the outlet does not tell."""

    sale_id: str
    outlet: str
    title: str
    gtin: str | None
    category: str | None
    condition: str | None
    price: Money
    sold_at: datetime
    days_to_sell: float | None


@dataclass(frozen=True, slots=True)
class SelectionNote:
    """How a prediction was corrected for having been picked: by what, from how many deals, and what stood before.

    `basis` is `prior` (too few of our deals have sold), `deals` (fitted on them), or `unchanged`.
    """

    basis: str
    outcomes: int
    low: Money
    middle: Money


@dataclass(frozen=True, slots=True)
class PricePrediction:
    """What one unit of a product in one condition will sell for at one outlet.

    `low`, `middle`, `high` are the 10 %, 50 % and 90 % quantiles (an 80 % prediction interval).
    `abstained` holds a reason code when the model will not say; the prices are then None.
    `selection` says what scoring made of it for one offer; stored predictions have none.
    """

    product_id: str
    condition: str
    outlet: str
    low: Money | None
    middle: Money | None
    high: Money | None
    days_to_sell: float | None
    sold_within_30_days: float | None
    model_version: str
    predicted_at: datetime
    abstained: str | None = None
    sold_within_60_days: float | None = None
    sold_within_90_days: float | None = None
    selection: SelectionNote | None = None
